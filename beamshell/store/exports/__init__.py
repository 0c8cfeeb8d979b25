"""Exports: stored runs written in the formats of other programs. It reads runs, and never changes one."""
