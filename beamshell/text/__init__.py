"""How numbers, units, durations, clock times, names and lists are written: one way each, used by every room."""
