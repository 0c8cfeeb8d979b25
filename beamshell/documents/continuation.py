"""How the start document of a run says that it continues another run, whose scan had ended early.

Pure: it knows no plan and no file.
"""

from __future__ import annotations

from beamshell.documents import Document

CONTINUES = "continues"
"""Key of the start document: the uid of the run that is continued."""
CONTINUES_SCAN = "continues_scan"
"""Key of the start document: the number of the run that is continued."""
CONTINUED_AT = "continued_at"
"""Key of the start document: the number of the run's first point in the scan, whose first point is 1."""


def first_point(start: Document) -> int:
    """The number of a run's first point in its scan; 1 if it continues none."""
    number = start.get(CONTINUED_AT)
    return number if isinstance(number, int) and number > 0 else 1


def points_in_all(start: Document) -> int | None:
    """The points of the scan, in this run and those that it continues; None if the number was not known beforehand."""
    num = start.get("num_points")
    return num + first_point(start) - 1 if isinstance(num, int) else None
