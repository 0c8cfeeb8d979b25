"""Text: one way each to write numbers, units, durations, times and lists, and to answer a misspelt name."""
