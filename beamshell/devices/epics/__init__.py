"""EPICS devices: motors, scalers and detectors by the names of their records."""
