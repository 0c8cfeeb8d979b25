# Plans of the beamline, and the words of its users.
from IPython.core.magic import Magics, line_magic, magics_class


def diffraction(time=0.1, start=0, stop=1, num=3, *, md=None):
    """A short pattern."""
    yield from bps.mv(counters.preset, time)
    yield from bp.scan([counters, ring_current], two_theta, start, stop, num, md={"purpose": "pattern", **(md or {})})


def ramp(temperatures):
    for temperature in temperatures:
        yield from bps.mv(heater, temperature)
        yield from diffraction(md={"temperature": temperature})


@magics_class
class BeamlineMagics(Magics):
    @line_magic
    def pattern(self, line):
        RE(diffraction(), sample=line)


get_ipython().register_magics(BeamlineMagics)
