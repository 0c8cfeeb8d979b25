"""Documents: what a run leaves behind, as plain dictionaries."""
