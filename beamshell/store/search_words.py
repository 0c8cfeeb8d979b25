"""Search words: the words by which a run or a typed line is found, and the FTS5 expression that asks for them.

Pure. Words are cut and folded here, for the index as for a question: capitals and accents do not count, a number with
a point is one word, everything else that is neither letter nor digit separates. A word of a metadata value is there a
second time with its key before it, `sample·lab6`, so that `sample=LaB6` is one word of the index.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

__all__ = ["PAIR", "TOKENIZER", "SearchTerm", "expression", "key_word", "metadata_text", "words_of"]

TOKENIZER = "ascii tokenchars '_.'"
"""FTS5's tokenizer that keeps the words apart as they are cut here: to it every letter beyond ASCII is one."""

PAIR = "·"
"""Between a key and a word of its value; it is in no word, and to the tokenizer it is a letter."""

_FIELD = "\n"
"""Between two texts in the index, so that no phrase is found across them."""
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
    """

    words: tuple[str, ...]
    key: str = ""
    is_prefix: bool = False

    @property
    def texts(self) -> list[str]:
        """The words as they stand in the index."""
        return [f"{self.key}{PAIR}{word}" for word in self.words] if self.key else list(self.words)

    @property
    def phrase(self) -> str:
        """What stands in the text of the index if several words stand side by side; "" for a single word."""
        if len(self.words) < 2:
            return ""
        return f" {' '.join(self.texts)}{'' if self.is_prefix else ' '}"


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
        texts = list(islice(_texts(value, _DEEPEST), _MOST_WORDS))
        words = [word for text in texts for word in words_of(text[:_MOST_CHARACTERS])][:_MOST_WORDS]
        fields.append(words)
        fields.append([f"{name}{PAIR}{word}" for word in words])
    return f" {f' {_FIELD} '.join(' '.join(field) for field in fields if field)} "


def _texts(value: Any, depth: int) -> Iterator[str]:
    """The texts and numbers within a value, at whatever place in it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bool | int | float):
        yield str(value)
    elif depth and isinstance(value, Mapping):
        for key, part in value.items():
            yield str(key)
            yield from _texts(part, depth - 1)
    elif depth and isinstance(value, list | tuple):
        for part in value:
            yield from _texts(part, depth - 1)


def expression(terms: Sequence[SearchTerm], statuses: Sequence[str] = ()) -> str:
    """The FTS5 expression for all of the terms and one of the statuses; "" if there are none.

    Example:
        >>> expression([SearchTerm(("fluor",), is_prefix=True), SearchTerm(("lab6",), "sample")], ["fail", "abort"])
        '"fluor"* AND "sample·lab6" AND ("status·fail" OR "status·abort")'
    """
    parts = []
    for term in terms:
        *whole, last = [f'"{text}"' for text in term.texts]
        parts += [*whole, f"{last}*" if term.is_prefix else last]
    if statuses:
        either = " OR ".join(f'"status{PAIR}{status}"' for status in statuses)
        parts.append(f"({either})" if len(statuses) > 1 else either)
    return " AND ".join(parts)
