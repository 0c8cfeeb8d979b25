"""The only door to hardware: one Channel object for each address, whatever control system it belongs to."""
