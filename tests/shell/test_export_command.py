"""`export`: which runs go where, under which names, and what is said when they cannot."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from beamshell.errors import StoreError, UnknownName, UsageError
from beamshell.shell.commands import commands
from beamshell.shell.launch import main
from beamshell.store import Journal, Runs
from beamshell.store.exports.csv_files import CsvWriter


@pytest.fixture
def runs(tmp_path):
    """Runs 7, 8 (still open) and 9, which has no points."""
    journal = Journal(tmp_path / "data")
    for number, sample in ((7, "Si"), (8, "LaB6")):
        start = {"uid": f"u{number}", "time": 1.7e9 + number, "scan_id": number, "sample": sample, "plan_name": "scan"}
        journal("start", start)
        keys = {"det": {"dtype": "number", "shape": []}}
        descriptor = {"uid": f"d{number}", "run_start": f"u{number}", "time": 1.7e9, "name": "primary"}
        journal("descriptor", descriptor | {"data_keys": keys})
        event = {"uid": "e", "descriptor": f"d{number}", "time": 1.7e9, "seq_num": 1}
        journal("event", event | {"data": {"det": number}})
        if number == 7:
            journal("stop", {"uid": "s", "run_start": "u7", "time": 1.7e9, "exit_status": "success"})
    journal("start", {"uid": "u9", "time": 1.6e9, "scan_id": 9})
    journal("stop", {"uid": "s", "run_start": "u9", "time": 1.6e9, "exit_status": "success"})
    journal.close()
    runs = Runs(tmp_path / "data")
    yield runs
    runs.index.close()


@pytest.fixture
def export(runs, capsys):
    """The lines that a command answers; its last run is run 7."""

    def export(*words, **export_names):
        config = SimpleNamespace(export_names=export_names)
        console = SimpleNamespace(runs=runs, last_run=lambda: runs[7], folder=runs.folder, devices={}, config=config)
        commands()["export"].act(console, words)
        return capsys.readouterr().out.splitlines()

    return export


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


# ---- which runs, and where -----------------------------------------------------------------------


def test_the_last_run_or_the_one_that_is_named_goes_into_the_folder_of_exports(export, runs):
    for words, number in ((["csv"], "000007"), (["csv", "9"], "000009"), (["jsonl", "9"], "000009")):
        lines = export(*words)
        assert lines[0].startswith(str(runs.folder / "exports" / number)) or "no points" in lines[0]


def test_another_folder_may_be_named_with_or_without_runs(export, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in (
        ["csv", str(tmp_path / "a")],
        ["csv", "7", "./b"],
        ["csv", "sample", "Si", "./c"],
        ["csv", Path("d")],
    ):
        (path,) = export(*words)
        assert path.startswith(str(words[-1]).removeprefix("./"))


@pytest.mark.parametrize(
    ("words", "numbers"), [("7..8", (7, 8)), ("-2..-1", (8, 9)), ("..7", (7,)), ("LaB6", (8,)), ("sample=Si", (7,))]
)
def test_runs_are_chosen_by_the_words_of_runs(export, tmp_path, words, numbers):
    export("jsonl", *words.split(), str(tmp_path / "out"))
    assert [int(name[:6]) for name in names(tmp_path / "out")] == sorted(numbers)


def test_words_that_fit_no_run_are_said_and_a_folder_of_that_name_is_offered(export, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results").mkdir()
    with pytest.raises(UnknownName, match=r"no run with results; for the folder write \./results"):
        export("csv", "results")
    with pytest.raises(UnknownName, match=r"no run with nothing$"):
        export("csv", "nothing")


def test_several_runs_are_counted(export, tmp_path):
    lines = export("jsonl", "7..9", str(tmp_path / "out"))
    assert lines[-1] == f"3 runs: 3 files in {tmp_path / 'out'}"


def test_a_run_that_fails_is_named_and_the_others_are_written(export, runs, tmp_path, capsys):
    runs[8].path.write_text("damaged\n")
    with pytest.raises(StoreError, match=r"1 of 2 runs could not be exported: 000008_u8\.jsonl"):
        export("csv", "7..8", str(tmp_path / "out"))
    assert [name[:6] for name in names(tmp_path / "out")] == ["000007"]
    assert "is no start document" in capsys.readouterr().err


def test_ctrl_c_says_how_many_runs_are_whole(export, tmp_path, capsys, monkeypatch):
    write = CsvWriter.event

    def press(self, descriptor, event):
        if event["data"]["det"] == 8:
            raise KeyboardInterrupt
        write(self, descriptor, event)

    monkeypatch.setattr(CsvWriter, "event", press)
    with pytest.raises(KeyboardInterrupt):
        export("csv", "7..8", str(tmp_path / "out"))
    assert capsys.readouterr().out.splitlines()[-1] == f"1 of 2 runs: 1 file in {tmp_path / 'out'}"
    assert [name[:6] for name in names(tmp_path / "out")] == ["000007"]


def test_an_open_run_says_so_and_a_run_without_points_too(export):
    assert "run 8 is still open: this is what it has now" in export("csv", "8")
    assert export("csv", "9") == ["run 9 has no points, so no file was written"]


# ---- names ---------------------------------------------------------------------------------------


def test_a_name_is_typed_or_is_in_the_profile(export, tmp_path):
    export("csv", "7..8", str(tmp_path / "out"), "name={sample}/{scan_id}")
    assert names(tmp_path / "out" / "LaB6") == ["8_primary.csv"]
    export("csv", "7", str(tmp_path / "out"), csv="{plan}_{scan_id:04d}", jsonl="other")
    assert "scan_0007_primary.csv" in names(tmp_path / "out")


def test_a_wrong_name_is_refused_before_anything_is_written(export, runs):
    with pytest.raises(UsageError, match=r"the run has no sampel: did you mean sample\?"):
        export("csv", "7..8", "name={sampel}")
    assert not (runs.folder / "exports").exists()


def test_what_is_there_already_is_replaced_only_if_that_is_typed(export):
    (path,) = export("csv")
    Path(path).write_text("mine")
    with pytest.raises(StoreError, match="exists already: add replace=yes"):
        export("csv")
    assert Path(path).read_text() == "mine"
    export("csv", "replace=yes")
    assert Path(path).read_text() != "mine"


def test_a_header_is_for_csv(export):
    (path,) = export("csv", "header=yes")
    assert "# sample: Si" in Path(path).read_text().splitlines()
    with pytest.raises(UsageError, match="spec has no option header"):
        export("spec", "header=yes")


# ---- formats -------------------------------------------------------------------------------------


def test_an_unknown_format_is_answered_with_the_formats(export):
    with pytest.raises(UsageError, match=r"'cvs' is none of csv, jsonl, .*: did you mean csv\?"):
        export("cvs")


def test_the_formats_are_completed():
    assert {"csv", "spec"} <= set(commands()["export"].candidates([], {}))


# ---- outside the console -------------------------------------------------------------------------


def test_runs_are_exported_from_another_terminal(runs, tmp_path, capfd):
    target = tmp_path / "out"
    words = ["export", "csv", "7..8", "--data", str(runs.folder), "--to", str(target), "--name", "{sample}"]
    assert main(words) == 0
    assert names(target) == ["LaB6_primary.csv", "Si_primary.csv"]
    assert capfd.readouterr().out.splitlines()[-1] == f"2 runs: 2 files in {target}"
    assert main(words) == 1
    assert "exists already" in capfd.readouterr().err
    assert main([*words, "--replace", "--header"]) == 0
    assert (target / "Si_primary.csv").read_text().startswith("# time: ")


def test_outside_the_console_the_names_are_those_of_the_profile(runs, tmp_path):
    names_of_profile = "--Beamshell.export_names={'csv': '{sample}/{scan_id}'}"
    assert main(["export", "csv", "7", "--data", str(runs.folder), "--to", str(tmp_path), names_of_profile]) == 0
    assert names(tmp_path / "Si") == ["7_primary.csv"]


def test_outside_the_console_a_wrong_word_is_one_line(runs, capfd):
    for words, message in ((["export"], "format is missing"), (["export", "csv", "nothing"], "no run with nothing")):
        assert main([*words, "--data", str(runs.folder)]) == 1
        assert message in capfd.readouterr().err


def test_without_words_the_newest_run_is_exported_outside_the_console(runs, capfd):
    assert main(["export", "jsonl", "--data", str(runs.folder)]) == 0
    assert "000009_u9.jsonl" in capfd.readouterr().out
