"""Messages to the person, in one line each."""

from __future__ import annotations

import io
import logging
import warnings
from pathlib import Path

import pytest

from beamshell.errors import ConfigError, LimitError, RunEngineInterrupted
from beamshell.plans import PlanNotRun
from beamshell.shell.messages_shown import (
    LastError,
    exit_status,
    one_line,
    place_of,
    print_answer,
    print_pages,
    say,
    say_our_log,
    say_our_warnings,
    say_syntax_error,
)


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
    assert place_of(raised(ValueError("x")), Path(__file__)) == f"{__file__}:{raised.__code__.co_firstlineno + 2}"


def test_a_syntax_error_names_its_own_line():
    assert place_of(raised(SyntaxError("bad", ("plans.py", 7, 1, "x ="))), Path("other.py")) == "plans.py:7"


def test_the_last_error_keeps_its_cause():
    last = LastError()
    try:
        try:
            raise OSError("the disk is full")
        except OSError as cause:
            raise ValueError("no data") from cause
    except ValueError as exc:
        last.keep(exc)
    assert "the disk is full" in last.text
    assert "ValueError: no data" in last.text


def test_a_reported_error_is_one_line_with_its_place_once(capsys):
    last = LastError()
    last.report(ConfigError("devices.yml:3: no class"), "devices.yml:3")
    last.report(ValueError("odd"), "10-mine.py:2")
    assert capsys.readouterr().err == "beamshell: devices.yml:3: no class\nbeamshell: 10-mine.py:2: ValueError: odd\n"
    assert last.text == "ValueError: odd\n"


def test_a_warning_of_ours_is_one_line_and_others_are_shown_as_before(capsys, monkeypatch):
    others = []
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_: others.append(str(message)))
    undo = say_our_warnings()
    warnings.showwarning("count(...) was called\nbut not run", PlanNotRun, "<ipython-input-1>", 1)
    warnings.showwarning("nothing in group 'a'", RuntimeWarning, one_line.__code__.co_filename, 1)
    warnings.showwarning("odd numbers", RuntimeWarning, __file__, 1)
    undo()
    warnings.showwarning("mv(...)", PlanNotRun, "<ipython-input-2>", 1)
    messages = "beamshell: count(...) was called but not run\nbeamshell: nothing in group 'a'\n"
    assert capsys.readouterr().err == messages
    assert others == ["odd numbers", "mv(...)"]


def test_what_is_logged_is_one_line_and_the_traceback_of_an_error_is_kept(capsys):
    last_error, log = LastError(), logging.getLogger("beamshell.callbacks.figures")
    undo = say_our_log(last_error)
    log.warning("no plot windows: %s", "no display name\nand no $DISPLAY")
    try:
        raise ValueError("odd")
    except ValueError:
        log.exception("<window 'det'> cannot be drawn; the measurement goes on")
    log.info("not for a person")
    undo()
    first, second = capsys.readouterr().err.splitlines()
    assert first == "beamshell: no plot windows: no display name and no $DISPLAY"
    assert second.startswith("beamshell: <window 'det'> cannot be drawn; the measurement goes on: ValueError: odd")
    assert second.endswith(" (last_error shows more)")
    assert "Traceback" in last_error.text


def syntax_error(text, filename):
    with pytest.raises(SyntaxError) as error:
        compile(text, filename, "exec")
    return error.value


def test_an_error_of_syntax_shows_the_place_in_the_line_and_the_number_of_the_line_if_there_are_more(capsys, tmp_path):
    say_syntax_error(syntax_error("nix]", "<ipython-input-3-69b3>"))
    assert capsys.readouterr().err == "    nix]\n       ^\nbeamshell: SyntaxError: unmatched ']'\n"
    say_syntax_error(syntax_error("x = 1\nnix]", "<ipython-input-4-69b3>"))
    assert capsys.readouterr().err.endswith("beamshell: line 2: SyntaxError: unmatched ']'\n")
    (tmp_path / "mine.py").touch()
    say_syntax_error(syntax_error("nix]", str(tmp_path / "mine.py")))
    assert capsys.readouterr().err.endswith(f"beamshell: {tmp_path / 'mine.py'}:1: SyntaxError: unmatched ']'\n")


def test_one_that_somebody_raises_has_no_line(capsys):
    say_syntax_error(SyntaxError("not like this"))
    assert capsys.readouterr().err == "beamshell: SyntaxError: not like this\n"


# ---- in a window ---------------------------------------------------------------------------------


@pytest.fixture
def window(monkeypatch):
    """Makes the standard output a window of some columns and lines; what was given to the pager is kept."""
    paged = []
    monkeypatch.setattr("IPython.core.page.page", paged.append)
    monkeypatch.setattr("beamshell.shell.messages_shown.is_terminal", lambda _stream: True)

    def open_one(columns, lines=24):
        monkeypatch.setattr("beamshell.shell.messages_shown.window_width", lambda _stream: columns)
        monkeypatch.setattr("beamshell.shell.messages_shown.window_height", lambda _stream: lines)
        return paged

    return open_one


@pytest.mark.parametrize("columns", [40, 80])
def test_the_last_error_is_broken_between_words_and_no_word_is_lost(window, capsys, columns):
    window(columns)
    last = LastError()
    last.keep(raised(ValueError("the beam has moved a little, and the slits were closed by somebody else meanwhile")))
    last.show()
    lines = capsys.readouterr().out.splitlines()
    too_long = [line for line in lines if len(line) > columns]
    assert all(len(line.split()) == 1 for line in too_long)  # a path stays whole, so that it can be copied
    assert " ".join(" ".join(lines).split()) == " ".join(last.text.replace("^", "").split())


def test_without_an_error_there_is_none_to_show(capsys):
    LastError().show()
    assert capsys.readouterr().out == "no error so far\n"


def test_an_answer_longer_than_the_window_is_shown_in_pages(window, capsys):
    paged = window(80, lines=10)
    print_pages("\n".join("123456789"))
    assert (capsys.readouterr().out, paged) == ("\n".join("123456789") + "\n", [])
    print_pages("\n".join("1234567890"))
    assert (capsys.readouterr().out, paged) == ("", ["\n".join("1234567890")])


def test_in_a_pipe_there_are_no_pages(window, capsys):
    paged = window(None, lines=None)
    print_pages("\n" * 100)
    assert (capsys.readouterr().out, paged) == ("\n" * 101, [])


@pytest.mark.parametrize("write", [print_answer, say, print_pages])
def test_what_somebody_else_has_written_moves_no_cursor_and_is_no_error(capsys, write):
    write("a\x1b[2Jb\x07\x9bc\ud800 \x1b[31mred\x1b[0m\ttab\nline \N{GREEK SMALL LETTER MU}m")
    shown = "".join(capsys.readouterr())
    assert shown.endswith("a\\x1b[2Jb\\x07\\x9bc\\ud800 \x1b[31mred\x1b[0m\ttab\nline \N{GREEK SMALL LETTER MU}m\n")


def test_a_stream_that_knows_no_greek_gets_an_answer(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    print_answer("5 \N{GREEK SMALL LETTER MU}m")
    stream.flush()
    assert stream.buffer.getvalue() == b"5 \\u03bcm\n"
