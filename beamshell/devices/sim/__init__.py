"""Simulated devices: for trying things out, with no control system."""
