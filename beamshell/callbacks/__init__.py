"""Callbacks: what a person looks at while documents arrive.

They know documents, never a device, the engine or IPython. matplotlib is imported when the first window is drawn.
"""

from beamshell.callbacks.table import LiveTable

__all__ = ["LiveTable"]
