"""What past runs teach about how long things take."""
