"""How numbers, units, durations and names are written: one way each, used by every room."""
