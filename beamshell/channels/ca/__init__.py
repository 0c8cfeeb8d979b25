"""EPICS Channel Access: libca by ctypes, its requests, and a channel on it."""
