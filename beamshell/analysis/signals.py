"""Signals: recorded values, and quotients of two of them, such as "it/i0" or the rate "det/count_time".

Pure: it knows names and numbers, no documents.
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping
from typing import Any

SECONDS = "count_time"
"""The recorded key of the count time of each point, in seconds."""


def parts_of(signal: str, keys: Container[str]) -> tuple[str, str] | None:
    """The two keys of a quotient; None if the signal is a key itself or the parts are none.

    Args:
        signal: a key, or two with a slash between them.
        keys: those that are recorded.
    """
    if signal in keys or "/" not in signal:
        return None
    for place in (place for place, letter in enumerate(signal) if letter == "/"):
        upper, lower = signal[:place].strip(), signal[place + 1 :].strip()
        if upper in keys and lower in keys:
            return upper, lower
    return None


def value_of(signal: str, data: Mapping[str, Any]) -> Any:
    """The value of a key or a quotient; None if it is not recorded, NaN if it is divided by 0 or by no number."""
    parts = parts_of(signal, data)
    if parts is None:
        return data.get(signal)
    try:
        upper, lower = (float(data[key]) for key in parts)
    except (TypeError, ValueError):
        return math.nan
    return upper / lower if lower else math.nan
