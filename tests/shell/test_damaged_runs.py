"""A stored run in which any byte was changed, at the prompt: each question is answered, or refused in a line."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from damage import damaged_bytes
from hypothesis import HealthCheck, example, given, settings
from whole_run import whole_run

from beamshell.errors import BeamshellError
from beamshell.store import Journal

NUMBER = 70707
QUESTIONS = [
    "runs",
    f"runs {NUMBER}",
    f"why {NUMBER}",
    f"runs[{NUMBER}].table()",
    "find LaB6",
    f"plot {NUMBER}",
    f"continue {NUMBER}",
    f"export jsonl {NUMBER} replace=yes",
    "handover since 2023-11-14",
]


def _content():
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(folder)
        for name, doc in whole_run(NUMBER):
            journal(name, {**doc, "exit_status": "abort"} if name == "stop" else doc)
        journal.close()
        (path,) = Path(folder).glob("runs/*/*/*.jsonl")
        return path.read_bytes()


CONTENT = _content()


@pytest.fixture
def stored(prompt, tmp_path, monkeypatch):
    """The file of a stored run, in the catalogue of the console."""
    monkeypatch.chdir(tmp_path)
    path = prompt.session.folder / "runs" / "2023" / "11-14" / f"{NUMBER:06d}_damaged.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    yield path
    path.unlink(missing_ok=True)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=damaged_bytes(CONTENT))
@example(content=CONTENT)
def test_no_question_about_a_damaged_run_ends_in_a_traceback(prompt, stored, capsys, content):
    stored.write_bytes(content)
    prompt.session.runs.index.rebuild()
    for cell in QUESTIONS:
        result = prompt.shell.run_cell(cell)
        error = result.error_before_exec or result.error_in_exec
        if prompt.session.state == "paused":
            prompt("%abort")
        text = capsys.readouterr()
        assert error is None or isinstance(error, BeamshellError), (cell, repr(error), text.err)
        assert "Traceback" not in text.out + text.err, cell
        assert "Error in callback" not in text.out + text.err, cell
