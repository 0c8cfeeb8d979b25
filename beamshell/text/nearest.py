"""The name that was probably meant, for errors about names that nobody has.

It knows nothing of devices: names in, an error out.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from beamshell.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(name: str, names: Iterable[str]) -> str:
    """The one of `names` that is most like `name`, or "" if none is."""
    by_lower = {known.lower(): known for known in names}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[close[0]] if close else ""


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """The end of a message about an unknown name: ": did you mean th?", or ": there are a, b", or nothing."""
    known = sorted(names)
    if close := nearest(name, known):
        return f": did you mean {close}?"
    if not known:
        return ""
    shown = ", ".join(known[:12]) + (", ..." if len(known) > 12 else "")
    return f": there {'is' if len(known) == 1 else 'are'} {shown}"


def unknown(what: str, name: str, names: Iterable[str], *, of: str = "") -> UnknownName:
    """The error for a name that nobody has: "no device 'tht': did you mean th?"."""
    owner = f"{of} has " if of else ""
    return UnknownName(f"{owner}no {what} '{name}'{did_you_mean(name, names)}")
