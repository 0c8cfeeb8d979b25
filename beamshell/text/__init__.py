"""Text: one way each to write numbers, units, durations, times, lists and errors, and to answer a misspelt name."""
