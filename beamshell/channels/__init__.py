"""Channels: the connection to one address of a control system (EPICS, Tango, HTTP, serial); all hardware access."""
