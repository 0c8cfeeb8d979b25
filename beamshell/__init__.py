"""The console a beamline is run from."""
