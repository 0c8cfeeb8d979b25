# What happens to the demo beamline from outside: the command `demo`, of demo_beam.py in the folder of the profile.
import demo_beam  # noqa: F401
