"""`comment`, `tag`, `amend` and `undo`: what is said about a run after it was measured, and taken back."""

from __future__ import annotations

import time

import pytest

from beamshell.shell.console_history import shift_of


@pytest.fixture
def run(typed, prompt):
    """The last run of this console, of a sample Si."""
    typed("newsample Si mass=3")
    typed("scan det th 0 1 2")
    yield prompt.session.runs[-1]
    for key in ("sample", "sample_mass"):
        prompt.session.md.pop(key, None)


def test_a_corrected_sample_is_shown_with_what_it_was_by_whom_and_when(run, typed, prompt):
    number = run.scan_id
    assert typed("amend sample LaB6") == f"run {number}: sample: Si -> LaB6\n"
    (amendment,) = run.amendments
    assert amendment.operator == prompt.session.operator
    line = typed(f"runs {number}").splitlines()[-1].split()
    assert (line[0], line[2:]) == ("sample", [prompt.session.operator, "LaB6,", "was", "Si"])
    assert run.metadata["sample"] == "LaB6"
    assert run.start["sample"] == "Si"


def test_an_earlier_run_is_amended_by_its_number_and_several_words_are_one_value(run, typed):
    typed("scan det th 0 1 2")
    assert typed(f"amend run {run.scan_id} sample LaB6 660c") == f"run {run.scan_id}: sample: Si -> LaB6 660c\n"
    assert typed(f"amend {run.scan_id} sample_mass 3.5") == f"run {run.scan_id}: sample_mass: 3 -> 3.5\n"
    assert typed(f"amend {run.scan_id} beam weak anyway") == f"run {run.scan_id}: beam: nothing -> weak\n"
    assert run.metadata["sample_mass"] == 3.5


def test_what_is_so_already_is_not_amended(run, typed):
    assert typed("amend sample Si") == f"run {run.scan_id}: sample is Si already\n"
    assert run.amendments == []


def test_python_amends_runs_that_it_has_found_and_asks_for_nothing(run, prompt, capsys):
    prompt.names["amend"](run, "sample", "LaB6")
    assert capsys.readouterr().out == f"run {run.scan_id}: sample: Si -> LaB6\n"
    prompt.names["amend"](prompt.session.runs[-1:], "sample", "CeO2")
    assert run.metadata["sample"] == "CeO2"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("amend", "amend [run] key value [anyway]"),
        ("amend sample", "value is missing"),
        ("amend run", "'' is no run: write amend 12 sample LaB6"),
        ("amend run x sample Si", "'x' is no run: write amend 12 sample LaB6, or amend -3..-1 sample LaB6"),
        ("amend 12 a-b Si", "'a-b' is no name for metadata: write amend 12 sample LaB6"),
        ("amend smple LaB6", "no metadata 'smple': did you mean sample? For a new key write amend smple LaB6 anyway"),
        ("amend -1 qqq 3", "no metadata 'qqq': for a new key write amend -1 qqq 3 anyway"),
        ("amend success", "key is missing"),
        ("amend aborted sample x", "there is no run aborted"),
        ("amend 20..12 sample x", "20..12 is the wrong way round: write 12..20"),
        ("amend 987654 sample Si", "no run has scan_id 987654"),
        ("amend scan_id 5", "scan_id is recorded by the console and stays: a comment can say what is wrong with it"),
        ("amend motors th", "motors is recorded by the console"),
        ("undo sample", "'sample' is none of amend, comment, tag"),
    ],
)
def test_a_wrong_line_is_answered_by_one_clear_line(run, typed, line, message):
    assert message in typed(line)
    assert run.amendments == []


def test_a_comment_and_a_tag_are_for_the_run_that_is_named(run, typed):
    typed("scan det th 0 1 2")
    typed(f"comment run {run.scan_id} weak")
    typed(f"comment run #{run.scan_id} weaker")
    typed(f"tag run #{run.scan_id} bad")
    assert (run.comments, run.tags) == (["weak", "weaker"], ["bad"])


def test_undo_takes_back_the_last_correction_and_undo_of_that_brings_it_again(run, typed):
    typed("amend sample LaB6")
    assert typed("undo") == f"run {run.scan_id}: sample: LaB6 -> Si\n"
    assert run.metadata["sample"] == "Si"
    assert typed("undo") == f"run {run.scan_id}: sample: Si -> LaB6\n"
    assert run.metadata["sample"] == "LaB6"


def test_undo_of_one_kind_goes_further_back_each_time(run, typed):
    typed("comment one")
    typed("comment two")
    typed("tag bad")
    assert typed("undo comment") == f"run {run.scan_id}: no longer: comment two\n"
    assert typed("undo comment") == f"run {run.scan_id}: no longer: comment one\n"
    assert (run.comments, run.tags) == ([], ["bad"])
    assert typed("undo") == f"run {run.scan_id}: again: comment one\n"
    assert "bad" in typed(f"runs {run.scan_id}")


def test_what_another_console_has_said_is_not_taken_back(run, typed, prompt):
    from beamshell.store.amendments import Amendments

    Amendments(prompt.session.folder, "there").add("tag", run.uid, run.scan_id, "keep")
    typed("tag bad")
    typed("undo")
    assert run.tags == ["keep"]


def test_nothing_to_take_back_is_said(typed, prompt, monkeypatch):
    monkeypatch.setattr(prompt.session.log, "console", "a new one")
    assert "no comment, tag or amendment of this console can be taken back" in typed("undo")
    assert "no comment of this console can be taken back" in typed("undo comment")


def test_a_new_console_names_the_newest_of_another_one_and_takes_it_back_if_that_is_typed(
    run, typed, prompt, monkeypatch
):
    typed("comment one")
    typed("amend sample LaB6")
    console = "a new one"
    monkeypatch.setattr(prompt.session.log, "console", console)
    monkeypatch.setattr(prompt.session.runs.amendments, "console", console)
    hour = time.strftime("%H:")
    answer = typed("undo")
    assert "no comment, tag or amendment of this console can be taken back; the newest of another one is " in answer
    assert f"sample: LaB6 (run {run.scan_id}, {hour}" in answer
    assert answer.endswith(": undo anyway\n")
    assert f"is comment: one (run {run.scan_id}, {hour}" in (answer := typed("undo comment"))
    assert answer.endswith(": undo comment anyway\n")
    assert run.metadata["sample"] == "LaB6"
    assert typed("undo anyway") == f"run {run.scan_id}: sample: LaB6 -> Si\n"
    assert typed("undo") == f"run {run.scan_id}: sample: Si -> LaB6\n"
    assert typed("undo comment anyway") == f"run {run.scan_id}: no longer: comment one\n"


def test_a_handover_has_what_was_said_and_not_what_was_taken_back(run, typed, prompt):
    typed("comment the beam was weak")
    typed("tag wrong")
    typed("undo")
    typed("amend sample LaB6")
    page = shift_of(prompt.session.log, prompt.session.runs, run.start["time"], run.start["time"] + 3600).page("Night")
    assert f"| comment | the beam was weak (scan {run.scan_id}) |" in page
    assert f"| amended | sample: LaB6 (scan {run.scan_id}) |" in page
    assert "wrong" not in page.partition("## Comments")[2]


def test_a_comment_with_control_characters_moves_no_cursor(run, prompt, capsys, typed):
    prompt.names["comment"]("red \x1b[31m \ud800")
    assert "\x1b" not in capsys.readouterr().out
    shown = typed(f"runs {run.scan_id}")
    assert "\x1b" not in shown
    assert r"red \x1b[31m \ud800" in shown


# ---- several runs --------------------------------------------------------------------------------


@pytest.fixture
def three(run, typed, prompt):
    """Three runs of a sample Si, the last that there are."""
    typed("scan det th 0 1 2; scan det th 0 1 2")
    return prompt.session.runs[-3:]


@pytest.mark.parametrize("words", ["-3..-1", "runs -3..-1"])
def test_several_runs_are_amended_after_a_question(three, typed, monkeypatch, words):
    questions = []
    monkeypatch.setattr("beamshell.shell.commands.amending.is_attended", lambda _: True)
    monkeypatch.setattr("beamshell.shell.commands.amending.agrees", lambda text, default: not questions.append(text))
    shown = typed(f"amend {words} sample LaB6")
    assert (
        shown == "".join(f"{run.label}: sample: Si -> LaB6\n" for run in three) + "3 runs amended: undo takes it back\n"
    )
    assert questions == ["Amend 3 runs?"]
    assert [run.metadata["sample"] for run in three] == ["LaB6"] * 3
    assert typed("undo") == "".join(f"{run.label}: sample: LaB6 -> Si\n" for run in three)
    assert [run.metadata["sample"] for run in three] == ["Si"] * 3


@pytest.mark.parametrize(
    "words", ["success -2..-1", "last 2", "#{} #{}", "{}-{}", "{},{}", "today -2..-1", "past hour success last 2"]
)
def test_words_that_choose_runs_choose_them_and_the_next_one_is_the_key(three, typed, words):
    first, *others = three
    numbers = [run.scan_id for run in others]
    assert "2 runs amended" in typed(f"amend {words.format(*numbers)} sample LaB6 anyway")
    assert [run.metadata["sample"] for run in others] == ["LaB6"] * 2
    assert first.amendments == []


def test_a_no_amends_nothing(three, typed, monkeypatch):
    monkeypatch.setattr("beamshell.shell.commands.amending.is_attended", lambda _: True)
    monkeypatch.setattr("beamshell.shell.commands.amending.agrees", lambda *_, **__: False)
    assert "nothing is amended" in typed("amend -3..-1 sample LaB6")
    assert [run.amendments for run in three] == [[], [], []]


def test_where_nobody_can_be_asked_it_says_what_to_type(three, typed):
    assert "nobody can be asked about 3 runs: amend -3..-1 sample LaB6 anyway" in typed("amend -3..-1 sample LaB6")
    assert [run.amendments for run in three] == [[], [], []]
    assert "3 runs amended" in typed("amend -3..-1 sample LaB6 anyway")
    assert "LaB6" in typed("amend today sample CeO2 anyway")


def test_runs_that_words_do_not_choose_are_said(typed, run):
    assert "no run" in typed("amend 987000..987001 sample Si")


def test_an_empty_list_of_runs_is_no_last_run(typed, prompt):
    typed("scan det th 0 1 2")
    assert "a list is empty" in typed("amend(runs.find('plan_name=nothing'), 'sample', 'LaB6')")
    assert prompt.session.runs[-1].amendments == []
