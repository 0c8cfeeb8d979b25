"""The watch page: what happens at a beamline, in any browser: a follower that serves HTTP and is read only."""
