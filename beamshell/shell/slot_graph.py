"""SlotGraph: which parameter of a command the next typed word may belong to, for completion and hints.

After a word that fits no parameter there is no next one. No value is read, so no device is accessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from beamshell.shell.parameters import Parameter
from beamshell.shell.slots import Slot

_BEGINNING = -1


class Place(NamedTuple):
    """A slot of a parameter."""

    parameter: int
    """The number of the parameter."""
    name: str
    slot: Slot


class NextWord(NamedTuple):
    """The places that the next word of a line may take."""

    places: list[Place]
    line_may_end: bool
    """Whether all that is needed is there."""
    words: Sequence[str]
    """What is typed already of a slot that takes all the rest of the line."""


class SlotGraph:
    """The slots of some parameters, and which of them may follow which.

    Args:
        parameters: in order.
    """

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        self._places: list[Place] = []
        self._followers: dict[int, list[int]] = {_BEGINNING: []}
        self._last = [_BEGINNING]
        for number, parameter in enumerate(parameters):
            self._add(number, parameter)

    def _add(self, number: int, parameter: Parameter) -> None:
        first, before = len(self._places), self._last
        for name, slot in parameter.slots.items():
            at = len(self._places)
            self._places.append(Place(number, name, slot))
            self._followers[at] = []
            for place in before:
                self._followers[place].append(at)
            before = [at]
        if parameter.repeats:
            self._followers[before[0]].append(first)
        self._last = [*before, *(self._last if parameter.is_optional else [])]

    def after(self, typed: Iterable[str], devices: Mapping[str, Any]) -> NextWord:
        """The places that may come next.

        Args:
            typed: the words that are complete.
            devices: the devices by name.
        """
        words, matched = list(typed), [_BEGINNING]
        for index, word in enumerate(words):
            matched = [at for at in self._next(matched) if self._places[at].slot.fits(word, devices)]
            if matched and all(self._places[at].slot.takes_the_rest for at in matched):
                return NextWord([self._places[at] for at in matched], False, words[index:])
        may_end = any(at in self._last for at in matched)
        return NextWord([self._places[at] for at in self._next(matched)], may_end, ())

    def _next(self, matched: Iterable[int]) -> list[int]:
        return list(dict.fromkeys(follower for at in matched for follower in self._followers[at]))
