"""Kind: which of a device's values go into events, into the configuration, and before people's eyes."""

from __future__ import annotations

import enum


class Kind(enum.IntFlag):
    """How much a value matters to a run.

    The numbers are those of the field's convention, so that device files carry over.
    """

    omitted = 0
    """Never recorded."""
    normal = 1
    """Recorded in every event."""
    config = 2
    """Recorded once a descriptor."""
    hinted = 5
    """Recorded in every event, and shown in tables and plots."""
