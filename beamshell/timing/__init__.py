"""Timing: the durations of moves and counts on this beamline, learned from the documents of past runs."""
