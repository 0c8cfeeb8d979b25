"""Plans: measurements as generators of messages. This module is `bp`, all plans by name."""

from beamshell.plugins import names_at_first_use

__getattr__, __dir__, __all__ = names_at_first_use(__name__, __file__)
