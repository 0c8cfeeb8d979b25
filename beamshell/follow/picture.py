"""Picture: the plot of a stored run as a PNG, for a message. It never fails: a message goes without it.

It knows no sink.
"""

from __future__ import annotations

import io
import logging
from pathlib import Path
from typing import NamedTuple

_log = logging.getLogger(__name__)

_DPI = 100


class Picture(NamedTuple):
    """A picture.

    Attributes:
        name: of its file, such as "scan_7.png".
        png: its bytes.
    """

    name: str
    png: bytes


def draw(folder: Path, uid: str) -> Picture | None:
    """The plot that `savefig` writes of a run; None if it has no points, or cannot be drawn.

    Args:
        folder: the data folder.
        uid: of the run.
    """
    try:
        from beamshell.callbacks.run_figure import figure_of
        from beamshell.store.runs import Runs

        run = Runs(folder)[uid]
        figure = figure_of(run.documents())
        if figure is None:
            return None
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=_DPI)
        return Picture(f"scan_{run.scan_id}.png", file.getvalue())
    except Exception as exc:  # noqa: BLE001  the message matters more
        _log.warning("run %s cannot be drawn: %s", uid, exc)
        return None
