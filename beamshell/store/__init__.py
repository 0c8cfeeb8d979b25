"""Stored runs: the journal that writes them, the catalogue that finds them, persistent metadata, the sample queue."""

from beamshell.plugins import names_at_first_use

__getattr__, __dir__, __all__ = names_at_first_use(__name__, __file__)
