"""Views: a run's columns, curves, grid image and peaks, computed from its documents; callbacks/ draws them.

They know no terminal, no matplotlib, no device and no engine.
"""
