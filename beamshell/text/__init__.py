"""How numbers, units, durations, times, lists and unknown names are written: one way each, used by every room."""
