"""EPICS Channel Access: the library by ctypes, its requests, and one channel of it."""
