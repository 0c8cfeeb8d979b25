"""The lines of a SPEC file: columns, motors, comments, dates.

They are what the readers can take: the library of silx and PyMca reads every word that is no number as 0, knows names
in ASCII alone, and has room for so many columns and motors. Pure: documents in, lines out.
"""

from __future__ import annotations

import math
import time
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from beamshell.documents import Document
from beamshell.store.frame_locations import external_keys
from beamshell.text.lists import listed

NOT_A_NUMBER = "1e999"
"""Stands for a value that is missing or NaN: it is read as infinite, and "nan" would be read as 0."""

MOST_MOTORS, _MOST_COLUMNS, _MOST_SPECTRA_VALUES_A_LINE = 300, 500, 16
_MOTORS_A_LINE = 8
_LONGEST_NAME = 200
_MOST_DIGITS = 30
_EPOCH = "Epoch"


def number_text(value: Any) -> str | None:
    """A number so that it is read back exactly; None for anything else.

    Example:
        >>> number_text(0.1 + 0.2), number_text(True), number_text(2**64 - 1), number_text(float("-inf"))
        ('0.30000000000000004', '1', '18446744073709551615', '-1e999')
    """
    if not isinstance(value, int | float):
        return None
    if isinstance(value, int) and len(text := str(int(value))) <= _MOST_DIGITS:
        return text
    try:
        value = float(value)
    except OverflowError:
        return NOT_A_NUMBER if value > 0 else f"-{NOT_A_NUMBER}"
    return repr(value) if math.isfinite(value) else "-1e999" if value == -math.inf else NOT_A_NUMBER


def one_line(text: str) -> str:
    """A text without line breaks, and without characters that no file of text has."""
    return " ".join("".join(c if c.isprintable() or c.isspace() else "?" for c in text).split())


def comment(text: str, moment: float | None = None) -> str:
    r"""A line of comment; it has no `@`, by which readers count spectra.

    Example:
        >>> comment("mail to a@b")
        '#C mail to a(at)b\n'
    """
    date = "" if moment is None else f"{_date(moment)}.  "
    return f"#C {date}{one_line(text).replace('@', '(at)')}\n"


def date_line(moment: float) -> str:
    """The line of a date, in local time."""
    return f"#D {_date(moment)}\n"


def _date(moment: float) -> str:
    return time.asctime(time.localtime(moment))


class Motors:
    """The motors of a scan, and where they stood at its beginning."""

    def __init__(self) -> None:
        self._positions: dict[str, str] = {}

    def take(self, data: Mapping[str, Any]) -> None:
        """Note positions; those that are noted already, and what is no number, are left out."""
        for key, value in data.items():
            if (text := number_text(value)) is not None and len(self._positions) < MOST_MOTORS:
                self._positions.setdefault(key, text)

    def name_lines(self) -> Iterator[str]:
        """Those of the file's header."""
        return _numbered("O", names_in_ascii(self._positions), "  ")

    def position_lines(self) -> Iterator[str]:
        """Those of the scan's header."""
        return _numbered("P", list(self._positions.values()), " ")


def _numbered(letter: str, words: list[str], between: str) -> Iterator[str]:
    for number, begin in enumerate(range(0, len(words), _MOTORS_A_LINE)):
        yield f"#{letter}{number} {between.join(words[begin : begin + _MOTORS_A_LINE])}\n"


def names_in_ascii(keys: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    r"""Names that the readers can take, each another one.

    Example:
        >>> names_in_ascii(["th", "Größe", "th\n", "µ"])
        ['th', 'Groe', 'th_', '_']
    """
    names: dict[str, None] = dict.fromkeys(taken)
    count = len(names)
    for key in keys:
        plain = unicodedata.normalize("NFKD", key).encode("ascii", "ignore").decode()
        name = "_".join(plain.split())[:_LONGEST_NAME] or "_"
        while name in names:
            name += "_"
        names[name] = None
    return list(names)[count:]


class Columns:
    """The columns and the spectra of one stream.

    The scanned motors are the first columns, the time since the beginning of the file is the next one, and the first
    detector is the last, since that is what SPEC and its readers plot.

    Args:
        data_keys: of the stream.
        descriptor: its first one.
        start: the start document.

    Attributes:
        count_time: in seconds: of the scan if that says it, else of the first detector that does; None if none does.
    """

    def __init__(self, data_keys: Mapping[str, Document], descriptor: Document, start: Document) -> None:
        self.count_time = number_text(start.get("count_time", _setting(descriptor, "count_time")))
        in_files = external_keys({"data_keys": data_keys})
        numbers = [key for key, about in data_keys.items() if key not in in_files and _is_number(about)]
        self._spectra = [key for key, about in data_keys.items() if key not in in_files and _is_spectrum(about)]
        self._scanned = [key for key in _scanned(start) if key in numbers]
        hints = (descriptor.get("hints") or {}).values()
        hinted = [key for one in hints for key in (one or {}).get("fields") or () if key in numbers]
        detector = [key for key in hinted if key not in self._scanned][:1]
        others = [key for key in numbers if key not in (*self._scanned, *detector)]
        self._keys = [*self._scanned, *others, *detector][:_MOST_COLUMNS]
        kept = {*self._keys, *self._spectra, *in_files}
        self._left_out = [key for key in data_keys if key not in kept]
        self._in_files = in_files
        self._units = {key: str((data_keys[key] or {}).get("units") or "") for key in (*self._keys, *self._spectra)}
        self._calibration = _calibration(descriptor, self._spectra)
        self._lengths = {key: (data_keys[key].get("shape") or [0])[0] or 0 for key in self._spectra}

    def header(self) -> Iterator[str]:
        """The last lines of a scan's header: what there is to say of the columns, and their names."""
        units = [f"{key} [{unit}]" for key, unit in self._units.items() if unit]
        if units:
            yield comment(f"units: {listed(units)}")
        if self._left_out:
            yield comment(f"left out, since they are no numbers: {listed(self._left_out)}")
        if self._in_files:
            yield comment(f"in files of their own: {listed(self._in_files)}")
        if self._spectra:
            yield comment(f"spectra of each point: {listed(self._spectra)}")
            length = max(self._lengths.values())
            yield f"#@MCA %{_MOST_SPECTRA_VALUES_A_LINE}C\n"
            yield f"#@CHANN {length} 0 {max(length - 1, 0)} 1\n"
            if self._calibration:
                yield f"#@CALIB {self._calibration}\n"
        names = names_in_ascii(self._keys, taken=[_EPOCH])
        names.insert(len(self._scanned), _EPOCH)
        yield f"#N {len(names)}\n#L {'  '.join(names)}\n"

    def positions(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the scanned motors at a point."""
        return {key: data.get(key) for key in self._scanned}

    def without_number(self, data: Mapping[str, Any]) -> list[str]:
        """The keys whose values at a point are missing or NaN."""
        columns = [key for key in self._keys if number_text(value := data.get(key)) is None or value != value]
        return columns + [key for key in self._spectra if not _is_list_of_numbers(data.get(key))]

    def line(self, event: Document, epoch: int) -> str:
        """The line of a point, and those of its spectra."""
        data = event["data"]
        cells = [number_text(data.get(key)) or NOT_A_NUMBER for key in self._keys]
        cells.insert(len(self._scanned), repr(float(event["time"]) - epoch))
        lines = [" ".join(cells)]
        lines += (f"@A {_spectrum(data.get(key), self._lengths[key])}" for key in self._spectra)
        return "\n".join([*lines, ""])


def _setting(descriptor: Document, name: str, device: str = "") -> Any:
    """A setting of a device, or of the first device that has it; None if there is none."""
    settings = (descriptor.get("configuration") or {}).items()
    values = (one["data"].get(f"{owner}_{name}") for owner, one in settings if owner == device or not device)
    return next((value for value in values if value is not None), None)


def _calibration(descriptor: Document, spectra: Sequence[str]) -> str:
    """The energy of a channel as offset, slope and quadratic part, of the detector of the first spectrum."""
    owners = (device for device, keys in (descriptor.get("object_keys") or {}).items() if {*keys} & {*spectra[:1]})
    device = next(owners, None)
    parts = ("energy_offset", "energy_slope", "energy_quadratic")
    words = [number_text(_setting(descriptor, part, device)) for part in parts] if device else [None]
    return "" if None in words else " ".join(map(str, words))


def _scanned(start: Document) -> list[str]:
    """The keys of the scanned motors, those of the fastest axis first, as SPEC's own `mesh` has them."""
    dimensions = (start.get("hints") or {}).get("dimensions") or ()
    return list(dict.fromkeys(str(key) for keys, _stream in reversed(dimensions) for key in keys))


def _is_number(about: Document | None) -> bool:
    about = about or {}
    return about.get("dtype", "number") in ("number", "integer", "boolean") and not about.get("shape")


def _is_spectrum(about: Document | None) -> bool:
    about = about or {}
    return about.get("dtype") == "array" and len(about.get("shape") or ()) == 1


def _is_list_of_numbers(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, int | float) for one in value)


def _spectrum(value: Any, length: int) -> str:
    if not _is_list_of_numbers(value):
        return " ".join([NOT_A_NUMBER] * max(length, 1))
    words = [number_text(one) or NOT_A_NUMBER for one in value]
    size = _MOST_SPECTRA_VALUES_A_LINE
    return "\\\n ".join(" ".join(words[begin : begin + size]) for begin in range(0, len(words), size))
