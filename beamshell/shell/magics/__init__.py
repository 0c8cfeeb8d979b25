"""The commands a scientist types."""
