"""The words by which a run is found, and how they are asked for."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.store.search_query import Term
from beamshell.store.search_words import TOKENIZER, SearchTerm, expression, key_word, metadata_text, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Größe of mono.energy: 0.5 mm", ["grosse", "of", "mono", "energy", "0.5", "mm"]),
        ("sample_thickness", ["sample", "thickness"]),
        ("Å Ångström café", ["a", "angstrom", "cafe"]),
        ("v1.2 2026-1234", ["v1", "2", "2026", "1234"]),
        ("\ud800\x00*\"'", []),
    ],
)
def test_capitals_accents_and_signs_do_not_count(text, words):
    assert words_of(text) == words


def test_a_word_of_a_value_is_found_with_its_key_and_without():
    text = metadata_text({"sample": "LaB6 660c", "uid": "1a2b", "mass": 0.5, "reason": "beam lost"}, "fail")
    assert {"status·fail", "lab6", "sample·lab6", "sample·660c", "0.5", "mass·_0.5", "beam"} <= set(text.split())
    assert "1a2b" not in text


@pytest.mark.parametrize(
    ("typed", "value", "is_same"),
    [
        ("1e-5", 1e-5, True),
        ("0.00001", 1e-5, True),
        ("0.50", 0.5, True),
        (".5", 0.5, True),
        ("+3", 3, True),
        ("300.0", 300, True),
        ("0.3", 0.1 + 0.2, True),
        ("-5", -5, True),
        ("5", -5, False),
        ("-5", 5, False),
        ("1e-5", 1e5, False),
        ("05", "05", True),
        ("1e-5", "1e-5", True),
        ("660", ["a", 660], True),
        ("6.6e2", ["a", 660], True),
        ("a 660", ["a", 660], True),
        ("1", True, False),
        ("9" * 400, 10**400, False),
    ],
)
def test_a_number_is_found_by_the_value_of_the_key_however_it_is_typed(typed, value, is_same):
    term = Term(typed, "thickness").search_term
    text = metadata_text({"thickness": value}, "open")
    db = sqlite3.connect(":memory:")
    db.execute(f'CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = "{TOKENIZER}", detail = none)')
    db.execute("INSERT INTO words VALUES (?)", (text,))
    (found,) = db.execute("SELECT count(*) FROM words WHERE words MATCH ?", (expression([term]),)).fetchone()
    db.close()
    assert bool(found and any(phrase in text for phrase in term.phrases or [text])) == is_same


def test_texts_deep_in_the_metadata_are_words_too_and_endless_ones_are_cut():
    deep: dict = {}
    deep["inside"] = deep
    text = metadata_text(
        {"user": {"names": ["Kate", "Ali"]}, "long": "x " * 100_000, "loop": deep, "many": [1] * 10**5}, "open"
    )
    assert {"kate", "ali", "user·kate"} <= set(text.split())
    assert len(text.split()) < 2000


@given(st.text())
def test_the_table_of_words_cuts_a_text_where_it_is_cut_here(text):
    words = words_of(text)
    db = sqlite3.connect(":memory:")
    db.execute(f'CREATE VIRTUAL TABLE words USING fts5 (text, tokenize = "{TOKENIZER}", detail = none)')
    db.execute("CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, row)")
    db.execute("INSERT INTO words VALUES (?)", (metadata_text({"key": text}, "open"),))
    in_index = {word for (word,) in db.execute("SELECT term FROM vocabulary")}
    assert in_index - {"status·open"} == {*words[:200], *(f"key·{word}" for word in words[:200])}
    if words:
        found = db.execute("SELECT count(*) FROM words WHERE words MATCH ?", (expression([SearchTerm(tuple(words))]),))
        assert found.fetchone() == (len(words) <= 200,)
    db.close()


@given(st.text(max_size=5))
def test_a_key_is_one_word_of_the_index_whatever_is_in_it(key):
    assert len(f"{key_word(key)}·x".split()) == 1
