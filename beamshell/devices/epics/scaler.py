"""EpicsScaler: the scaler record: several counters that stop together after a preset time.

It knows the fields of the scaler record.
"""

from __future__ import annotations

import keyword
import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from typing_extensions import override

from beamshell.devices.component import Component
from beamshell.devices.epics.counter import CountSwitch, PresetCounter
from beamshell.devices.epics_signal import EpicsSignal, EpicsSignalRO
from beamshell.devices.part import Fact, Kind
from beamshell.protocols import DataKey, Reading
from beamshell.text.nearest import unknown

logger = logging.getLogger(__name__)

_USUAL = range(1, 9)
_MOST = 64
"""The scaler record has fields for so many channels."""


class ScalerChannel(EpicsSignalRO):
    """One counter of a scaler record, with the name that was given to it there.

    Args:
        read_pv: its counts: "BL:scaler.S3".
        kwargs: those of EpicsSignalRO.
    """

    def __init__(self, read_pv: str, **kwargs: Any) -> None:
        super().__init__(read_pv, **kwargs)
        record, _, number = read_pv.rpartition(".S")
        self.title_signal = EpicsSignalRO(f"{record}.NM{number}", name=f"{self.name}_title", auto_monitor=True)

    @property
    def title(self) -> str:
        """Its name in the record, such as "I0"; "" if it has none or is offline."""
        signal = self.title_signal
        if signal.latest is None and not signal.connected:
            return ""
        return str(signal.get() if signal.latest is None else signal.latest["value"]).strip()

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """Its counts, and the record's field with its name."""
        yield from super().simulation(settings)
        yield from self.title_signal.simulation({})


class EpicsScaler(PresetCounter):
    """A scaler record, whose channels are called by the names that they have in the record.

    A channel with the name I0 is recorded as `<name>_I0`, and is `scaler.I0`; so is `scaler.s2`, if it is the second.
    What cannot stand in a Python name becomes "_". A channel without a name, with that of another channel, or with one
    that cannot be used is recorded as `<name>_s2`, and a line says so. New names hold from the next run on.

    Args:
        prefix: the record: "BL:scaler".
        name: its name.
        channels: the numbers of the channels that are recorded, up to 64; None is the first eight.
        hinted: the numbers of those that tables and plots show; None is all that are recorded but the clock, s1.
        kwargs: those of Device.

    Example:
        >>> scaler = EpicsScaler("BL:scaler", name="scaler", channels=[1, 2, 3])
        >>> scaler.count_time.set(0.5).wait()
        >>> scaler.trigger().wait()
    """

    s1 = Component(ScalerChannel, ".S1")
    s2 = Component(ScalerChannel, ".S2")
    s3 = Component(ScalerChannel, ".S3")
    s4 = Component(ScalerChannel, ".S4")
    s5 = Component(ScalerChannel, ".S5")
    s6 = Component(ScalerChannel, ".S6")
    s7 = Component(ScalerChannel, ".S7")
    s8 = Component(ScalerChannel, ".S8")
    count_time = Component(EpicsSignal, ".TP", kind=Kind.config)
    elapsed_time = Component(EpicsSignalRO, ".T", kind=Kind.omitted)
    clock_frequency = Component(EpicsSignalRO, ".FREQ", kind=Kind.config)
    clock_preset = Component(EpicsSignal, ".PR1", kind=Kind.omitted, lazy=True)
    start = Component(CountSwitch, ".CNT", kind=Kind.omitted, write_timeout=None)

    def __init__(
        self,
        prefix: str,
        *,
        name: str = "",
        channels: list[int] | None = None,
        hinted: list[int] | None = None,
        **kwargs: Any,
    ) -> None:
        self._names: dict[str, str] = {}  # by part, such as s2, its name in the record
        self._is_named = False
        recorded = list(_USUAL) if channels is None else channels
        numbers_hinted = [number for number in recorded if number != 1] if hinted is None else hinted
        for number in {*recorded, *numbers_hinted} - set(range(1, _MOST + 1)):
            raise unknown("channel", str(number), map(str, range(1, _MOST + 1)), of=name or prefix)
        self._numbers = sorted({*_USUAL, *recorded, *numbers_hinted})
        further = [number for number in self._numbers if number not in _USUAL]
        own_parts = {f"s{number}": Component(ScalerChannel, f".S{number}") for number in further}
        super().__init__(prefix, name=name, own_parts=own_parts, **kwargs)
        for number in self._numbers:
            kind = Kind.hinted if number in numbers_hinted else Kind.normal if number in recorded else Kind.omitted
            self.channel(number).kind = kind
        for number in self._numbers:
            self.channel(number).title_signal.subscribe(self._on_title, run=False)

    def channel(self, number: int) -> ScalerChannel:
        """The counter with this number, from 1."""
        signal: ScalerChannel = self.part(f"s{number}")
        return signal

    @property
    def titles(self) -> dict[str, str]:
        """The names of the channels in the record, by recorded key."""
        return {channel.name: channel.title for channel in map(self.channel, self._numbers)}

    # ---- the names of its channels -----------------------------------------------------------

    @property
    def aliases(self) -> dict[str, ScalerChannel]:
        """The channels by the names that they have in the record, as far as these can be used."""
        return {name: self.part(attr) for attr, name in self._names.items()}

    def match_names(self) -> None:
        """Call the channels by the names that they have in the record now."""
        titles = {number: self.channel(number).title for number in self._numbers}
        self._is_named = any(titles.values())
        names, problems = channel_names(titles, {*dir(type(self)), *self.component_names})
        new = {f"s{number}": name for number, name in names.items()}
        if new == self._names:
            return
        self._names = new
        for number in self._numbers:
            self.channel(number).name = self.part_name(f"s{number}")
        if problems:
            logger.warning("%s: called by number: %s", self.name, ", ".join(problems))

    @override
    def part_name(self, attr: str) -> str:
        return f"{self.name}_{self._names[attr]}" if attr in self._names else super().part_name(attr)

    def __getattr__(self, name: str) -> Any:
        """The channel with this name in the record."""
        for attr, alias in self.__dict__.get("_names", {}).items():
            if alias == name:
                return self.part(attr)
        raise AttributeError(f"{type(self).__name__} has no part or channel {name!r}")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._names.values()]

    def _on_title(self, **_: Any) -> None:
        """Name the channels when the last name has come; later changes wait for the next run. Updates worker."""
        if not self._is_named and all(self.channel(number).title_signal.latest for number in self._numbers):
            self.match_names()

    def _name_once(self) -> None:
        if not self._is_named:
            self.match_names()

    def stage(self) -> list[Any]:
        """Make ready for a run, in which the channels keep the names that they have now; all that was staged."""
        staged = super().stage()
        self.match_names()
        return staged

    def describe(self) -> dict[str, DataKey]:
        """The data keys of `read`."""
        self._name_once()
        return super().describe()

    def begin_read(self) -> Callable[[], dict[str, Reading]]:
        """Request the counts; the function returned collects them."""
        self._name_once()
        return super().begin_read()

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """A scaler record."""
        yield {"is": "scaler", "record": self.prefix, "channels": self._numbers[-1], **settings}
        yield from super().simulation(settings)


def channel_names(titles: Mapping[int, str], taken: Collection[str]) -> tuple[dict[int, str], list[str]]:
    """By number, the usable names of channels; and for each name that cannot be used, why not.

    Args:
        titles: by number, the names as people wrote them; "" for none.
        taken: names that mean something else.

    Example:
        >>> channel_names({1: "clock", 2: "I 0", 3: "stop", 4: "clock"}, ["stop"])
        ({2: 'I_0'}, ["s1 ('clock' is also s4)", "s3 ('stop' has another meaning)", "s4 ('clock' is also s1)"])
    """
    written = {number: re.sub(r"\W+", "_", title).strip("_") for number, title in titles.items() if title}
    names: dict[int, str] = {}
    problems: list[str] = []
    for number, name in written.items():
        same = [f"s{other}" for other, other_name in written.items() if other_name == name and other != number]
        if same:
            problems.append(f"s{number} ({titles[number]!r} is also {' and '.join(same)})")
        elif not name.isidentifier() or keyword.iskeyword(name):
            problems.append(f"s{number} ({titles[number]!r} cannot be typed)")
        elif name in taken:
            problems.append(f"s{number} ({titles[number]!r} has another meaning)")
        else:
            names[number] = name
    return names, problems
