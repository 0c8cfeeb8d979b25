"""What is typed while the disk is full is not forgotten, and the history of before is left alone."""

from __future__ import annotations

import sqlite3

import pytest
from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from beamshell.shell.typed_history import keep_history


@pytest.fixture
def said():
    return []


@pytest.fixture
def history(tmp_path, said):
    """A history whose lines are written by the caller and not by a thread."""
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}), ipython_dir=str(tmp_path / "shell"))
    manager = HistoryManager(shell=shell, hist_file=str(tmp_path / "history.sqlite"))
    manager._stop_save_thread()
    keep_history(manager, said.append)
    yield manager
    manager.close()


def lines(tmp_path):
    with sqlite3.connect(tmp_path / "history.sqlite") as db:
        found = [source for (source,) in db.execute("SELECT source FROM history ORDER BY line")]
    db.close()
    return found


def fill_disk(history, is_full):
    """Let the file of the history not grow: sqlite then says that the disk is full."""
    history.db.execute(f"PRAGMA max_page_count = {1 if is_full else 10_000}")


def type_line(history, number):
    history.db_input_cache.append((number, f"line {number} {'x' * 5000}", f"line {number} {'x' * 5000}"))


def test_lines_that_cannot_be_written_wait_and_that_is_said_once(history, said, tmp_path):
    type_line(history, 1)
    history.writeout_cache()
    fill_disk(history, is_full=True)
    for number in (2, 3):
        type_line(history, number)
        history.writeout_cache()
    assert len(said) == 1
    assert said[0].startswith("the history of typed lines cannot be written (database or disk is full)")
    fill_disk(history, is_full=False)
    type_line(history, 4)
    history.writeout_cache()
    assert [line.split()[1] for line in lines(tmp_path)] == ["1", "2", "3", "4"]


def test_a_history_that_cannot_be_read_now_stays_the_same_file(history, caplog, tmp_path):
    type_line(history, 1)
    history.writeout_cache()

    def refuse(*_, **__):
        raise sqlite3.OperationalError("disk I/O error")

    run_sql, history._run_sql = history._run_sql, refuse
    assert history.get_tail(5) == []
    history._run_sql = run_sql
    type_line(history, 2)
    assert [number for _, number, _ in history.get_tail(5, include_latest=True)] == [1, 2]
    assert len(lines(tmp_path)) == 2
    assert "Failed" not in caplog.text


def test_the_end_on_a_full_disk_is_a_line(history, said):
    fill_disk(history, is_full=True)
    for number in range(1, 4):
        type_line(history, number)
    history.end_session()
    assert said


def test_of_what_is_printed_the_last_pages_are_remembered(history, monkeypatch):
    shell = history.shell
    monkeypatch.setattr(shell, "history_manager", history)
    shell.run_cell("print('first'); 'value'", store_history=True)
    for _ in range(3):
        shell.run_cell("for number in range(5000): print(number)", store_history=True)
    remembered = [output for cell in list(history.outputs.values()) for output in cell]
    assert remembered[0].bundle["stream"] == ["first", "\n"]
    assert remembered[1].bundle["text/plain"] == "'value'"
    assert [output.bundle["stream"][-2:] for output in remembered[2:]] == [["4999", "\n"]] * 3
    assert all(100 <= len(output.bundle["stream"]) <= 400 for output in remembered[2:])
    for number in range(200):
        shell.run_cell(f"print({number})", store_history=True)
    assert len(history.outputs) == 100


def test_a_history_that_cannot_be_read_now_is_not_renamed(history, tmp_path):
    history.db.close()
    history.db = sqlite3.connect(tmp_path / "history.sqlite", factory=FullDisk)
    assert list(history.get_tail(5)) == []
    assert [path.name for path in tmp_path.glob("history*.sqlite")] == ["history.sqlite"]


class FullDisk(sqlite3.Connection):
    """A connection that must write before it can read, and cannot."""

    def execute(self, *_):
        raise sqlite3.OperationalError("database or disk is full")
