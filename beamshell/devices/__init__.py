"""Devices: signals and what is built of them, behind one door to the control systems."""
