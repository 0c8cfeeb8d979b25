"""The embedded EPICS IOC: the demo beamline."""
