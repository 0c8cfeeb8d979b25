"""Numerical analysis of measured columns: peaks, fits of peaks and edges, robust lines."""
