"""How long moves and counts really take on this beamline, learned from the documents of past runs."""
