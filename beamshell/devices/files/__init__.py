"""Device files: readers of their formats (ours, happi, guarneri, BEC, SPEC), each of which gives device lines."""
