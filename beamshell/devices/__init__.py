"""Devices: signals, and the motors, detectors, flyers and other devices made of them.

Each public name is imported at its first use, so that the console opens quickly.
"""

from beamshell.plugins import names_at_first_use

__getattr__, __dir__, __all__ = names_at_first_use(__name__, __file__)
