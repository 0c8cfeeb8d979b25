"""The embedded EPICS IOC: the demo beamline, and the simulated twin of a device file."""
