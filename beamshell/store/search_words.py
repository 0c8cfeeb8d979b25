"""Search words: the words by which a run or a typed line is found, and the FTS5 expression that asks for them.

Pure. Words are cut and folded here, for the index as for a question: capitals and accents do not count, a number with
a point is one word, everything else that is neither letter nor digit separates. A word of a metadata value is there a
second time with its key before it, `sample·lab6`, so that `sample=LaB6` is one word of the index. A number that is the
value of a key, or in it, is there with its key in one form, `thickness·_1e_05`, however it is typed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from math import isfinite
from typing import Any, NamedTuple

__all__ = ["PAIR", "TOKENIZER", "SearchTerm", "expression", "key_word", "metadata_text", "number_word", "words_of"]

TOKENIZER = "ascii tokenchars '_.'"
"""FTS5's tokenizer that keeps the words apart as they are cut here: to it every letter beyond ASCII is one."""

PAIR = "·"
"""Between a key and a word of its value; it is in no word, and to the tokenizer it is a letter."""

_FIELD = "\n"
"""Between two texts in the index, so that no phrase is found across them."""
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?", re.IGNORECASE)
_WORD = re.compile(r"[0-9]+\.[0-9]+|[^\W_]+")
_MOST_WORDS = 200  # of one metadata value
_MOST_CHARACTERS = 4000
_DEEPEST = 4
_NOT_SEARCHED = frozenset(
    {"uid", "time", "scan_id", "plan_args", "plan_form", "plan_pattern_args", "hints", "versions", "num_points"}
)
"""Keys of a start document that nobody searches by their words, or that repeat others."""


class SearchTerm(NamedTuple):
    """One thing that must be there.

    Attributes:
        words: as `words_of` gives them; several stand side by side.
        key: the metadata key whose value they are in, as `key_word` gives it; "" for anywhere.
        is_prefix: whether the last word may go on.
        number: instead of the words this may be there, as `number_word` gives it; "" for nothing.
    """

    words: tuple[str, ...]
    key: str = ""
    is_prefix: bool = False
    number: str = ""

    @property
    def texts(self) -> list[str]:
        """The words as they stand in the index."""
        return self._in_index(self.words)

    @property
    def phrases(self) -> list[str]:
        """What stands in the text of the index, one of them, if several words stand side by side; [] for one word."""
        if len(self.words) < 2:
            return []
        ways = [self.texts, self._in_index([self.number])] if self.number else [self.texts]
        return [f" {' '.join(texts)}{'' if self.is_prefix else ' '}" for texts in ways]

    @property
    def expression(self) -> str:
        """What the table of words is asked."""
        words = self._all_of(self.texts)
        return f"({words} OR {self._all_of(self._in_index([self.number]))})" if self.number else words

    def _in_index(self, words: Iterable[str]) -> list[str]:
        return [f"{self.key}{PAIR}{word}" for word in words] if self.key else list(words)

    def _all_of(self, texts: Sequence[str]) -> str:
        all_of = " AND ".join(f'"{text}"' for text in texts) + "*" * self.is_prefix
        return f"({all_of})" if self.number and len(texts) > 1 else all_of


def words_of(text: str) -> list[str]:
    """The words of a text, folded.

    Example:
        >>> words_of("Größe of mono.energy: 0.5 mm")
        ['grosse', 'of', 'mono', 'energy', '0.5', 'mm']
    """
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.casefold())
        text = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _WORD.findall(text.lower() if text.isascii() else text.casefold())


def number_word(value: str | float) -> str:
    """The word of a number, or of a text that is one; "" for any other text and for what is not finite.

    Example:
        >>> number_word("1e-5"), number_word(0.00001), number_word("0.50"), number_word("-5 mm")
        ('_1e_05', '_1e_05', '_0.5', '')
    """
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        return ""
    try:
        number = float(value)
    except OverflowError:
        return ""
    return f"_{number:.15g}".replace("-", "_").replace("+", "") if isfinite(number) else ""


@lru_cache(4096)
def key_word(key: str) -> str:
    """A metadata key as it stands before the words of its value; "" if it has neither letter nor digit."""
    return "_".join(words_of(key))


def metadata_text(metadata: Mapping[str, Any], status: str) -> str:
    """All words of a run in one text, for the index.

    Args:
        metadata: by key.
        status: how it has ended.
    """
    fields: list[list[str]] = [[f"status{PAIR}{word}" for word in words_of(status)]]
    for key, value in metadata.items():
        if key in _NOT_SEARCHED or not (name := key_word(str(key))):
            continue
        parts = list(islice(_texts_and_numbers(value, _DEEPEST), _MOST_WORDS))
        words = [word for part in parts for word in words_of(str(part)[:_MOST_CHARACTERS])][:_MOST_WORDS]
        numbers = [word for part in parts if not isinstance(part, str) and (word := number_word(part))]
        fields.append(words)
        of_key = numbers if numbers and parts == [value] else [*words, *numbers]  # -5 is not found by 5
        fields.append([f"{name}{PAIR}{word}" for word in of_key])
    return f" {f' {_FIELD} '.join(' '.join(field) for field in fields if field)} "


def _texts_and_numbers(value: Any, depth: int) -> Iterator[str | float]:
    """The texts and numbers within a value, at whatever place in it."""
    if isinstance(value, bool):
        yield str(value)
    elif isinstance(value, str | int | float):
        yield value
    elif depth and isinstance(value, Mapping):
        for key, part in value.items():
            yield str(key)
            yield from _texts_and_numbers(part, depth - 1)
    elif depth and isinstance(value, list | tuple):
        for part in value:
            yield from _texts_and_numbers(part, depth - 1)


def expression(terms: Sequence[SearchTerm], statuses: Sequence[str] = ()) -> str:
    """The FTS5 expression for all of the terms and one of the statuses; "" if there are none.

    Example:
        >>> expression([SearchTerm(("fluor",), is_prefix=True), SearchTerm(("lab6",), "sample")], ["fail", "abort"])
        '"fluor"* AND "sample·lab6" AND ("status·fail" OR "status·abort")'
    """
    parts = [term.expression for term in terms]
    if statuses:
        either = " OR ".join(f'"status{PAIR}{status}"' for status in statuses)
        parts.append(f"({either})" if len(statuses) > 1 else either)
    return " AND ".join(parts)
