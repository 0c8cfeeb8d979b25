"""The nearest name to a misspelt one ("did you mean th?"), and the error for an unknown name.

It knows nothing of devices: names in, text or an error out.
"""

from __future__ import annotations

from collections.abc import Iterable

from beamshell.errors import UnknownKey, UnknownName
from beamshell.text.lists import listed

_MOST_KEYS = 12
_LEAST_LIKENESS = 0.6
"""The least likeness of two names, from 0 to 1 (difflib's ratio)."""


def nearest(name: str, names: Iterable[str]) -> str:
    """The one of `names` that is most like `name`, or "" if none is."""
    import difflib  # here, as no console needs it before somebody has misspelt a name

    by_folded_name: dict[str, str] = {}
    for candidate in names:
        by_folded_name.setdefault(candidate.casefold(), candidate)
    matches = difflib.get_close_matches(name.casefold(), by_folded_name, n=1, cutoff=_LEAST_LIKENESS)
    return by_folded_name[matches[0]] if matches else ""


def did_you_mean(name: str, names: Iterable[str], *, most: int = 12) -> str:
    """The end of a message about an unknown name: ": did you mean th?", or ": there are a, b", or nothing.

    Args:
        name: the unknown name.
        names: the known names.
        most: the largest number of names to list if none is near; 0 lists none.
    """
    candidates = sorted(names)
    if match := nearest(name, candidates):
        return f": did you mean {match}?"
    if not candidates or not most:
        return ""
    return f": there {'is' if len(candidates) == 1 else 'are'} {listed(candidates, most)}"


def unknown_key(kind: str, key: object, keys: Iterable[str], *, of: str = "") -> UnknownKey:
    """The error for a key that is missing: "no column 'dett': did you mean det? There are det, th, time".

    Args:
        kind: the kind of thing, such as "column".
        key: the missing key.
        keys: the keys there are; the nearest are listed first.
        of: the owner of the keys, such as "run 12".
    """
    import difflib  # as above

    name, owner = str(key), f"{of} has " if of else ""
    match = difflib.SequenceMatcher(b=name.casefold())

    def likeness(candidate: str) -> float:
        match.set_seq1(candidate.casefold())
        return match.ratio()

    by_likeness = sorted(keys, key=likeness, reverse=True)
    near = f"did you mean {nearest(name, by_likeness)}? There are" if nearest(name, by_likeness) else "there are"
    return UnknownKey(f"{owner}no {kind} '{name}': {near} {listed(by_likeness, _MOST_KEYS) or 'none'}")


def unknown(kind: str, name: str, names: Iterable[str], *, of: str = "") -> UnknownName:
    """The error for an unknown name: "no device 'tht': did you mean th?".

    Args:
        kind: the kind of thing, such as "device".
        name: the unknown name.
        names: the known names.
        of: the owner of the names, such as "run 12": "run 12 has no stream 'basline': did you mean baseline?".
    """
    owner = f"{of} has " if of else ""
    return UnknownName(f"{owner}no {kind} '{name}'{did_you_mean(name, names)}")
