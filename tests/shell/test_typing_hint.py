"""The hint while one types: the usage of the command, with the word that comes next marked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.shell.commands import commands
from beamshell.shell.typing_hint import TypingHint, cut_to_width


class Motor:
    name = "th"
    component_names = ()

    def set(self, value):
        raise AssertionError("a hint moves nothing")

    @property
    def position(self):
        raise AssertionError("a hint asks no hardware")


@pytest.fixture
def hint():
    return TypingHint(commands(), lambda: {"th": Motor(), "tth": Motor()})


def shown(hint, text):
    """The hint with the marked word between > and <."""
    return "".join(f">{part}<" if style == "reverse" else part for style, part in hint.fragments(text))


@pytest.mark.parametrize(
    ("text", "usage"),
    [
        ("mov ", "mov >motor< position [motor position ...]"),
        ("mov th ", "mov motor >position< [motor position ...]"),
        ("wa; mov th ", "mov motor >position< [motor position ...]"),
        ("for i in (1, 2):\n    mov th ", "mov motor >position< [motor position ...]"),
        ("preset go ", "preset go >name< [motor ...] [version=value] [yes]"),
    ],
)
def test_the_usage_is_shown_with_the_next_word_marked(hint, text, usage):
    assert shown(hint, text) == usage


@pytest.mark.parametrize("text", ["", "mov", "x = 1", "print('mov ", "nothing of ours ", "   ", "1/0", "(((", "'"])
def test_what_is_no_command_has_no_hint(hint, text):
    assert shown(hint, text) == ""


def test_a_command_of_another_package_is_not_imported_for_a_hint(hint, monkeypatch):
    monkeypatch.setattr(commands(), "_plugins", {"elsewhere": None})
    assert "elsewhere" in commands()
    assert shown(hint, "elsewhere ") == ""


def test_an_error_in_a_hint_is_no_error_of_the_key_press(monkeypatch):
    def devices():
        raise RuntimeError

    assert list(TypingHint(commands(), devices).fragments("mov ")) == []


def test_the_same_text_is_not_looked_at_twice(hint, monkeypatch):
    first = hint.fragments("mov th ")
    assert hint.fragments("mov th ") is first


@given(st.text("abc ", max_size=30), st.text("xyz", max_size=20), st.text("abc ", max_size=30), st.integers(1, 80))
def test_in_a_narrow_window_the_marked_word_is_there_and_nothing_is_wider(before, marked, after, width):
    whole = [(style, text) for style, text in (("", before), ("reverse", marked), ("", after)) if text]
    cut = "".join(text for _, text in cut_to_width(whole, width))
    assert cut in before + marked + after
    assert len(cut) == min(width, len(before + marked + after))
    assert marked in cut or len(marked) > width
