"""EPICS Channel Access: the C library libca by ctypes, its data types, its requests, and the channel."""
