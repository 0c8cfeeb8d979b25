"""Numbers out of columns of numbers: peaks, fits, edges, robust lines. Pure: no device, no terminal, no plot."""
