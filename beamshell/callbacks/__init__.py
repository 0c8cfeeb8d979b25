"""Callbacks: the table, the plots and the peak statistics that a person sees while a run is measured.

They paint what views/ computes, and know no device, no engine and no IPython. matplotlib is imported when the first
window is drawn, and each public name at its first use, so that the console opens quickly.
"""

from beamshell.plugins import names_at_first_use

__getattr__, __dir__, __all__ = names_at_first_use(__name__, __file__)
