"""What a person is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from beamshell.errors import LimitError, RunEngineInterrupted
from beamshell.shell.outcomes import LastError, exit_status, one_line, where


def raised(exc):
    try:
        raise exc
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    ("exc", "line"),
    [
        (LimitError("th: 12 deg is above\nthe limit 10 deg"), "th: 12 deg is above the limit 10 deg"),
        (ValueError("odd"), "ValueError: odd"),
        (ZeroDivisionError(), "ZeroDivisionError"),
        (KeyboardInterrupt(), "interrupted"),
        (RunEngineInterrupted(), "RunEngineInterrupted"),
    ],
)
def test_every_error_is_one_line(exc, line):
    assert one_line(exc) == line


@pytest.mark.parametrize(
    ("exc", "status"),
    [(None, 0), (LimitError("x"), 1), (SyntaxError("x"), 1), (KeyboardInterrupt(), 130), (RunEngineInterrupted(), 130)],
)
def test_the_exit_status_tells_done_from_failed_from_interrupted(exc, status):
    assert exit_status(exc) == status


def test_the_place_of_an_error_is_the_line_in_that_file():
    assert where(raised(ValueError("x")), Path(__file__)) == f"{__file__}:15"


def test_a_syntax_error_names_its_own_line():
    assert where(raised(SyntaxError("bad", ("plans.py", 7, 1, "x ="))), Path("other.py")) == "plans.py:7"


def test_the_last_error_keeps_its_cause():
    last = LastError()
    try:
        try:
            raise OSError("the disk is full")
        except OSError as cause:
            raise ValueError("no data") from cause
    except ValueError as exc:
        last.keep(exc)
    assert "the disk is full" in last.story
    assert "ValueError: no data" in last.story
