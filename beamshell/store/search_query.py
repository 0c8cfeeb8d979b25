"""Query: what a person types to choose runs, such as `yesterday samx failed` or `-3..-1`, read and written again.

Pure: the present moment and the metadata keys that exist come in as arguments. A word that it does not know is a
search word, never an error.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple, TypeVar

from beamshell.errors import UsageError
from beamshell.store.search_words import SearchTerm, key_word, number_word, words_of
from beamshell.text.moments import Span, is_clock_time, read_span

__all__ = ["STATUSES", "Numbers", "Query", "Term", "number_of_choosing_words", "parse"]

STATUSES = {"failed": "fail", "aborted": "abort", "success": "success", "open": "open"}
"""How a run has ended: the word that one types, and the exit status of the stop document; `open` has none."""

T = TypeVar("T")

_STATUS_WORDS = STATUSES | {"fail": "fail", "abort": "abort", "successful": "success"}
_FILLERS = ("with", "and")
_LONGEST_SPAN = 12  # words: between Sun 29 Nov 2026 14:00 and Mon 30 Nov 2026 16:00
_LARGEST = 2**63 - 1  # of a number in the index
_TOKEN = re.compile(r'(?:(?P<key>[^\s"=]+)=)?"(?P<quoted>(?:[^"]|"")*)(?:"(?P<star>\*)?|\Z),?|(?P<bare>\S+)')
_NUMBER = re.compile(r"#?(-?[0-9]+)")
_RANGE = re.compile(rf"(?:{_NUMBER.pattern})?(?:\.\.|:)(?:{_NUMBER.pattern})?")
_RANGE_WITH_DASH = re.compile(rf"{_NUMBER.pattern}[-\u2013]{_NUMBER.pattern}")
_YEARS = (1900, 2199)
_FACT = re.compile(r"([^\s=]+)=(.+)", re.DOTALL)


class Numbers(NamedTuple):
    """Runs by their numbers: `12`, `12..20`, and from the newest `-3..-1`; None is an open end."""

    first: int | None
    last: int | None

    def __str__(self) -> str:
        if self.first == self.last:
            return str(self.first)
        return f"{'' if self.first is None else self.first}..{'' if self.last is None else self.last}"


class Term(NamedTuple):
    """A word or a text that a run must have, as it was typed.

    Attributes:
        text: the words.
        key: the metadata key whose value they must be in; "" for anywhere.
        is_prefix: whether the last word may go on.
    """

    text: str
    key: str = ""
    is_prefix: bool = False

    @property
    def search_term(self) -> SearchTerm:
        """What is looked up in the index."""
        number = number_word(self.text) if self.key else ""
        return SearchTerm(tuple(words_of(self.text)), key_word(self.key), self.is_prefix, number)

    def __str__(self) -> str:
        bare = f"{self.key}={self.text}" if self.key else self.text
        if _is_read_as(bare + "*" * self.is_prefix, self):
            return bare + "*" * self.is_prefix
        quoted = self.text.replace('"', '""')
        return f'{self.key}{"=" * bool(self.key)}"{quoted}"{"*" * self.is_prefix}'


@dataclass(frozen=True)
class Query:
    """Conditions that hold together, but for numbers and statuses: of these one holds.

    Attributes:
        numbers: of runs.
        spans: of time.
        statuses: exit statuses, and "open".
        terms: words.
    """

    numbers: tuple[Numbers, ...] = ()
    spans: tuple[Span, ...] = ()
    statuses: tuple[str, ...] = ()
    terms: tuple[Term, ...] = ()

    @property
    def is_asking(self) -> bool:
        """Whether there is any condition."""
        return self != Query()

    @property
    def single_number(self) -> int | None:
        """The number of the run, if the query is nothing but that."""
        if len(self.numbers) != 1 or self != Query(numbers=self.numbers):
            return None
        return self.numbers[0].first if self.numbers[0].first == self.numbers[0].last else None

    def text(self, now: float) -> str:
        """How it was understood: "yesterday (Fri 27 Nov) failed with samx"; it is read again as the same query.

        Args:
            now: the present moment, in seconds since 1970-01-01 UTC.
        """
        # Spans come first, since a number before a month is a day.
        parts = [*(f"{span.words} ({span.dates(now)})" for span in self.spans), *map(str, self.numbers)]
        parts += map(_status_word, self.statuses)
        if self.terms:
            parts += ["with", " and ".join(map(str, self.terms))]
        return " ".join(parts)

    def without_one(self) -> Iterator[tuple[str, Query]]:
        """Each of its conditions in words, and the query without it."""
        for term in self.terms:
            yield str(term), replace(self, terms=_without(self.terms, term))
        if self.statuses:
            yield " ".join(map(_status_word, self.statuses)), replace(self, statuses=())
        for span in self.spans:
            yield span.words, replace(self, spans=_without(self.spans, span))
        if self.numbers:
            yield " ".join(map(str, self.numbers)), replace(self, numbers=())


def parse(text: str, now: float, keys: Collection[str] = ()) -> Query:
    """The query that a person types.

    Args:
        text: words, such as ``yesterday samx failed``, ``sample LaB6`` and ``-3..-1``; what is in double quotes is
            looked up as it stands.
        now: the present moment, in seconds since 1970-01-01 UTC.
        keys: the metadata keys that exist: the word behind one of them is its value.

    Raises:
        UsageError: a word has neither a letter nor a digit, or a range of numbers is the wrong way round.
    """
    return _Parser(_tokens(text), now, keys).query()


def number_of_choosing_words(words: Sequence[str], now: float) -> int:
    """How many of the first words are numbers of runs, times and statuses, which choose runs and are no names.

    Args:
        words: such as ``["last", "night", "failed", "sample", "LaB6"]``, of which it is three.
        now: the present moment, in seconds since 1970-01-01 UTC.

    Raises:
        UsageError: a range of numbers is the wrong way round, or a word may mean several things.
    """
    return _Parser((_Token(word, "", is_quoted=False, is_prefix=False) for word in words), now).skip_choosing_words()


class _Token(NamedTuple):
    text: str
    key: str
    is_quoted: bool
    is_prefix: bool


class _Parser:
    def __init__(self, tokens: Iterable[_Token], now: float, keys: Collection[str] = ()) -> None:
        self._tokens = list(tokens)
        self._now = now
        self._keys = {key_word(key) for key in keys} - {""}
        self._at = 0
        self._day: date | None = None
        self._numbers: list[Numbers] = []
        self._spans: list[Span] = []
        self._statuses: list[str] = []
        self._terms: list[Term] = []

    def query(self) -> Query:
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.is_quoted:
                self._take_term(Term(token.text, token.key, token.is_prefix))
            elif not (self._take_choosing(token) or self._take_word(token)):
                self._take_term(_bare_term(token.text))
        return Query(_unique(self._numbers), _unique(self._spans), _unique(self._statuses), _unique(self._terms))

    def skip_choosing_words(self) -> int:
        while self._at < len(self._tokens) and self._take_choosing(self._tokens[self._at]):
            pass
        return self._at

    def _take_choosing(self, token: _Token) -> bool:
        return self._take_span() or self._take_numbers(token) or self._take_status(token)

    def _take_status(self, token: _Token) -> bool:
        if (status := _STATUS_WORDS.get(token.text.casefold())) is None:
            return False
        self._statuses.append(status)
        self._at += 1
        return True

    def _take_numbers(self, token: _Token) -> bool:
        if token.text.casefold() in ("last", "past") and (number := _whole(self._peek(1))):
            self._numbers.append(Numbers(-number, -1))
            self._at += 2
            return True
        numbers = [_numbers(part) for part in token.text.split(",")]
        if None in numbers:
            return False
        self._numbers += filter(None, numbers)
        self._at += 1
        return True

    def _take_span(self) -> bool:
        if (found := self._span(self._at)) is None:
            return False
        span, used = found
        self._spans.append(span)
        self._day = span.day or self._day
        self._at += used
        self._skip_note()
        return True

    def _span(self, at: int) -> tuple[Span, int] | None:
        words = []
        for token in self._tokens[at : at + _LONGEST_SPAN]:
            if token.is_quoted:
                break
            words.append(token.text)
        return read_span(words, self._now, self._day)

    def _skip_note(self) -> None:
        """Skip the dates in brackets that `Query.text` writes behind a span."""
        if not self._peek(0).startswith("("):
            return
        for at in range(self._at, len(self._tokens)):
            if self._tokens[at].is_quoted:
                return
            if self._tokens[at].text.endswith(")"):
                self._at = at + 1
                return

    def _take_word(self, token: _Token) -> bool:
        word = token.text.casefold()
        if word in _FILLERS:
            self._at += 1
        elif key_word(word) in self._keys and "=" not in word and self._value_follows():
            value = self._tokens[self._at + 1]
            term = Term(value.text, token.text, value.is_prefix) if value.is_quoted else _bare_term(value.text)
            self._at += 1
            self._take_term(term._replace(key=token.text))
        else:
            return False
        return True

    def _value_follows(self) -> bool:
        if self._at + 1 >= len(self._tokens):
            return False
        value = self._tokens[self._at + 1]
        if value.is_quoted:
            return not value.key
        is_other = value.text.casefold() in (*_STATUS_WORDS, *_FILLERS) or _FACT.fullmatch(value.text) is not None
        return not (is_other or self._span(self._at + 1))

    def _take_term(self, term: Term) -> None:
        if not term.search_term.words:
            typed = f"{term.text}{'*' * term.is_prefix}"
            raise UsageError(f"'{typed}' has no letter and no digit to search for: write words such as samx")
        self._terms.append(term)
        self._at += 1

    def _peek(self, ahead: int) -> str:
        at = self._at + ahead
        return self._tokens[at].text if at < len(self._tokens) and not self._tokens[at].is_quoted else ""


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        if (bare := match["bare"]) is not None:
            yield _Token(bare.rstrip(",") or bare, "", is_quoted=False, is_prefix=False)
        else:
            quoted = match["quoted"].replace('""', '"')
            yield _Token(quoted, match["key"] or "", is_quoted=True, is_prefix=bool(match["star"]))


def _bare_term(word: str) -> Term:
    """The term of a word that is not quoted: `samx`, `fluor*`, `sample=LaB*`."""
    fact = _FACT.fullmatch(word)
    key, text = fact.groups() if fact and key_word(fact[1]) else ("", word)
    is_prefix = text.endswith("*")
    return Term(text.rstrip("*") if is_prefix else text, key, is_prefix)


def _is_read_as(bare: str, term: Term) -> bool:
    """Whether a word that is not quoted means this term, and not a time, a number or a status."""
    try:
        return not bare.startswith("(") and parse(bare, 0.0) == Query(terms=(term,))
    except UsageError:
        return False


def _status_word(status: str) -> str:
    return next(word for word, value in STATUSES.items() if value == status)


def _numbers(word: str) -> Numbers | None:
    """The range of numbers that a word says, such as `12`, `#12`, `12..20`, `12-20` and `12:`; None if it says none.

    Raises:
        UsageError: it is the wrong way round, or may mean several things.
    """
    if match := _NUMBER.fullmatch(word):
        return Numbers(_bounded(int(match[1])), _bounded(int(match[1])))
    match = _RANGE.fullmatch(word) or _RANGE_WITH_DASH.fullmatch(word)
    if match is None or not (match[1] or match[2]):
        return None
    first, last = (None if part is None else _bounded(int(part)) for part in match.groups())
    if first is None or last is None:
        return Numbers(first, last)
    if is_clock_time(word):
        if first >= last:  # no range
            return None
        raise UsageError(f"{word} may be runs or a time: write {first}..{last} or since {word}")
    has_dash = _RANGE_WITH_DASH.fullmatch(word) is not None
    if has_dash and _YEARS[0] <= first <= _YEARS[1]:  # the form of many proposals
        if first > last:
            return None
        raise UsageError(f'{word} may be runs or a name: write {first}..{last} or "{word}"')
    if has_dash and first < 0 <= last:
        raise UsageError(f"{word} is not understood: write {first}..{-last}")
    if (first < 0) == (last < 0) and first > last:
        raise UsageError(f"{word} is the wrong way round: write {last}..{first}")
    return Numbers(first, last)


def _bounded(number: int) -> int:
    return max(-_LARGEST, min(number, _LARGEST))


def _whole(word: str) -> int:
    return min(int(word), _LARGEST) if word.isascii() and word.isdigit() else 0


def _unique(items: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(items))


def _without(items: Iterable[T], item: T) -> tuple[T, ...]:
    return tuple(each for each in items if each != item)
