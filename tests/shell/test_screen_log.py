"""The screen in a file: whole lines with times, no codes, and the terminal as before when it ends."""

import sys
from types import SimpleNamespace

import pytest

from beamshell.errors import StoreError
from beamshell.shell.live_line import LiveLines
from beamshell.shell.screen_log import LogLines, ScreenLog, plain_line


class Events:
    def __init__(self):
        self.registered = []

    def register(self, _event, function):
        self.registered.append(function)

    def unregister(self, _event, function):
        self.registered.remove(function)


@pytest.fixture
def shell():
    return SimpleNamespace(events=Events())


@pytest.fixture
def screen():
    made = ScreenLog()
    yield made
    made.end()


def texts(path):
    """The lines without their times, and without the dates."""
    return [line[10:] for line in path.read_text().splitlines() if not line.startswith("----")]


@pytest.mark.parametrize(
    ("shown", "line"),
    [
        ("\x1b[1;31mred\x1b[0m and plain", "red and plain"),
        ("10 %\r20 %\r100 %", "100 %"),
        ("at the end\r", "at the end"),
        ("\x1b]0;beamshell demo\x07text", "text"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b[2K\x1b[1Gdrawn", "drawn"),
        ("ab\b\bcd", "cd"),
        ("a\ttab", "a\ttab"),
        ("bell\x07", "bell"),
    ],
)
def test_a_line_is_as_it_stands_on_the_screen_in_the_end(shown, line):
    assert plain_line(shown) == line


def test_lines_have_times_and_each_day_its_date():
    written = []
    now = iter([0.0, 1.0, 86400.0])
    lines = LogLines(written.append, lambda: next(now))
    lines.typed("wa")
    lines.shown("th  1.0\nsamx  2.0\n", "stdout")
    assert [line[:2] == "--" for line in written] == [True, False, False, True, False]
    assert written[1].endswith("  > wa\n")
    assert written[2].endswith("  th  1.0\n")


def test_parts_of_a_line_are_joined_for_each_stream_on_its_own():
    written = []
    lines = LogLines(written.append, lambda: 0.0)
    lines.shown("th: 1", "stdout")
    lines.shown("beamshell: ", "stderr")
    lines.shown(" -> 2\n", "stdout")
    lines.shown("no beam\n", "stderr")
    lines.shown("half", "stdout")
    lines.finish()
    assert [line[10:] for line in written[1:]] == ["th: 1 -> 2\n", "beamshell: no beam\n", "half\n"]


def test_a_cell_of_several_lines_is_one_input():
    written = []
    LogLines(written.append, lambda: 0.0).typed("for i in x:\n    wa\n\n")
    assert [line[10:] for line in written[1:]] == ["> for i in x:\n", "      wa\n"]


def test_what_is_printed_and_typed_is_in_the_file_below_what_it_has(screen, shell, tmp_path, capsys):
    path = tmp_path / "night.log"
    path.write_text("before\n")
    screen.begin(path, shell)
    for function in shell.events.registered:
        function(SimpleNamespace(raw_cell="wm th\n"))
    print("th  1.0")
    print("beamshell: no beam", file=sys.stderr)
    screen.end()
    print("after")
    first, *_ = path.read_text().splitlines()
    assert first == "before"
    assert texts(path)[1:] == ["> wm th", "th  1.0", "beamshell: no beam"]
    assert capsys.readouterr().out == "th  1.0\nafter\n"
    assert shell.events.registered == []


@pytest.mark.parametrize("is_begun_first", [True, False])
def test_it_stays_whether_live_lines_begin_before_or_after_it(screen, shell, tmp_path, monkeypatch, is_begun_first):
    class Stream:
        """A terminal's stream, as far as live lines ask."""

        encoding = "utf-8"

        def __init__(self):
            self.text = ""

        def write(self, text):
            self.text += text

        def flush(self):
            pass

        def isatty(self):
            return True

        def fileno(self):
            return 1

    stream = Stream()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setenv("TERM", "xterm")
    path = tmp_path / "night.log"
    if is_begun_first:
        screen.begin(path, shell)
    with LiveLines():
        if not is_begun_first:
            screen.begin(path, shell)
        stream.write("a row\n")
    stream.write("after\n")
    screen.end()
    stream.write("not logged\n")
    assert texts(path) == ["a row", "after"]
    assert stream.text == "a row\nafter\nnot logged\n"


def test_a_file_that_cannot_be_written_is_refused_and_the_one_before_goes_on(screen, shell, tmp_path):
    path = tmp_path / "night.log"
    screen.begin(path, shell)
    with pytest.raises(StoreError, match=r"no_such_folder/x\.log: cannot be written: No such file"):
        screen.begin(tmp_path / "no_such_folder" / "x.log", shell)
    print("still there")
    assert screen.path == path
    screen.end()
    assert texts(path) == ["still there"]


def test_a_disk_that_takes_no_more_ends_the_log_and_not_what_is_printed(screen, shell, tmp_path, capsys):
    screen.begin(tmp_path / "night.log", shell)

    def full(_text):
        raise OSError(28, "No space left on device")

    screen._lines._write = full
    print("a row")
    print("another row")
    assert screen.path is None
    output = capsys.readouterr()
    assert output.out == "a row\nanother row\n"
    assert output.err.count("No space left on device: nothing more is written there") == 1
