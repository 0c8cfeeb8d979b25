"""`export`: which run goes where, and what is said when it cannot."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from beamshell.errors import StoreError, UsageError
from beamshell.shell.commands import commands
from beamshell.store import Journal, Runs


@pytest.fixture
def export(tmp_path, capsys):
    """The names of the files that a line has written."""
    journal = Journal(tmp_path)
    for number in (7, 8):
        journal("start", {"uid": f"u{number}", "time": 1.7e9, "scan_id": number})
        keys = {"det": {"dtype": "number", "shape": []}}
        descriptor = {"uid": f"d{number}", "run_start": f"u{number}", "time": 1.7e9, "name": "primary"}
        journal("descriptor", descriptor | {"data_keys": keys})
        event = {"uid": "e", "descriptor": f"d{number}", "time": 1.7e9, "seq_num": 1}
        journal("event", event | {"data": {"det": number}})
        journal("stop", {"uid": "s", "run_start": f"u{number}", "time": 1.7e9, "exit_status": "success"})
    journal("start", {"uid": "u9", "time": 1.6e9, "scan_id": 9})
    journal("stop", {"uid": "s", "run_start": "u9", "time": 1.6e9, "exit_status": "success"})
    journal.close()
    runs = Runs(tmp_path)

    def export(*words, **export_names):
        config = SimpleNamespace(export_names=export_names)
        console = SimpleNamespace(runs=runs, last_run=lambda: runs[8], folder=tmp_path, devices={}, config=config)
        commands()["export"].act(console, words)
        return capsys.readouterr().out.splitlines()

    yield export
    runs.index.close()


def test_the_last_run_or_the_one_that_is_named_goes_into_the_folder_of_exports(export, tmp_path):
    for words, number in ((["csv"], "000008"), (["csv", "7"], "000007")):
        (path,) = export(*words)
        assert path.startswith(str(tmp_path / "exports" / number))


def test_another_folder_may_be_named_with_or_without_a_number(export, tmp_path):
    for words in (["csv", str(tmp_path / "a")], ["csv", "8", str(tmp_path / "b")]):
        (path,) = export(*words)
        assert path.startswith(words[-1])


def test_what_is_there_already_is_not_overwritten(export):
    export("csv")
    with pytest.raises(StoreError, match="exists already"):
        export("csv")


def test_an_unknown_format_is_answered_with_the_formats(export):
    with pytest.raises(UsageError, match=r"'cvs' is none of csv, jsonl, .*: did you mean csv\?"):
        export("cvs")


def test_the_formats_are_completed():
    assert {"csv", "spec"} <= set(commands()["export"].candidates([], {}))


def test_a_run_without_points_is_said(export):
    assert export("csv", "9") == ["run 9 has no points, so no file was written"]
