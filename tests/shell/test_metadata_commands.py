"""`md` and `newuser`: their history, and the metadata that a beamline requires, at the prompt and in Python."""

from __future__ import annotations

import pytest

from beamshell.errors import PlanError
from beamshell.plans import count

RULES = """
proposal: {required: true, pattern: "20[0-9]{2}-[0-9]{4}", example: 2026-1234}
sample: {required: true, example: LaB6}
sample_thickness: {type: number, unit: mm, above: 0}
mood: {one_of: [good, bad], doc: how it is}
"""


@pytest.fixture(autouse=True)
def no_metadata(prompt):
    yield
    for key in set(prompt.session.md) - {"scan_id"}:
        del prompt.session.md[key]


@pytest.fixture
def rules(prompt, tmp_path, monkeypatch):
    path = tmp_path / "metadata.yml"
    path.write_text(RULES)
    monkeypatch.setattr(prompt.session.config, "metadata_file", str(path))
    return path


def number_of_runs(prompt):
    return len(prompt.session.runs)


def test_the_operator_is_in_the_runs_of_commands_and_of_plans_in_python(typed, prompt):
    typed("scan det th 0 1 2")
    typed("RE(bp.count([det]))")
    assert [run.start["operator"] for run in prompt.session.runs[-2:]] == [prompt.session.operator] * 2


def test_a_new_user_goes_into_the_following_runs_and_a_new_proposal_drops_it(typed, prompt):
    assert typed("newuser Kate Miller") == "user: Kate Miller\n"
    typed("scan det th 0 1 2")
    assert prompt.session.runs[-1].start["user"] == "Kate Miller"
    assert typed("newproposal 2026-1234") == "proposal: 2026-1234\nno longer: user: Kate Miller\n"


def test_the_history_says_which_values_there_were_since_when_until_when_and_by_whom(typed, prompt):
    for line in ("newsample Si", "newsample LaB6", "md mood good"):
        typed(line)
    heading, si, lab6 = (line.split() for line in typed("md history sample").splitlines()[-3:])
    assert heading == ["from", "until", "who", "key", "value"]
    operator = prompt.session.operator
    assert (si[2:], lab6[2:]) == ([operator, "sample", "Si"], [operator, "sample", "LaB6"])
    assert (si[1], lab6[1]) == (lab6[0], "now")
    assert "mood" in typed("md history")
    assert "scan_id" not in typed("md history")
    assert "no value of nothing was set yet" in typed("md history nothing")


def test_what_the_console_records_itself_is_no_metadata_of_a_person(typed, prompt):
    assert typed("md motors th").startswith("beamshell: md: motors is recorded by the console: choose another key")
    assert "motors" not in prompt.session.md


def test_metadata_of_any_kind_are_shown_in_lines_that_leave_the_terminal_whole(typed, prompt):
    prompt.session.RE.md["notes"] = "x\x1b[2J\n" * 100_000
    prompt.session.RE.md["half"] = "\ud800"
    shown = typed("md")
    assert "\x1b" not in shown
    assert len(shown) < 2000
    assert r"\ud800" in shown
    assert typed("md notes").endswith(" ...\n")
    typed("scan det th 0 1 2")
    assert prompt.session.runs[-1].start["half"] == "\ud800"


def test_metadata_that_cannot_be_stored_are_refused_with_their_place_and_the_console_goes_on(typed, prompt):
    assert "md['sample']['mass']: an object cannot be stored: use numbers" in typed(
        "RE.md['sample'] = {'mass': object()}"
    )
    runs = number_of_runs(prompt)
    assert "md['sample']['mass']: an object cannot be stored" in typed(
        "RE(bp.scan([det], th, 0, 1, 2), sample={'mass': object()})"
    )
    assert number_of_runs(prompt) == runs
    assert "sample: Si" in typed("md sample Si") + typed("md")


@pytest.mark.usefixtures("rules")
class TestWithRules:
    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("newproposal 12", "proposal: 12 has not the right form: newproposal 2026-1234"),
            ("newsample LaB6 thickness=-1", "sample_thickness: -1 mm is not above 0 mm: md sample_thickness 1"),
            ("md sample_thickness thick", "sample_thickness: 'thick' is no number: md sample_thickness 1"),
            ("md mood soso", "mood: soso is none of good, bad: md mood good (how it is)"),
            ("amend mood soso", "mood: soso is none of good, bad: amend mood good (how it is)"),
            ("amend -2..-1 mood soso", "mood: soso is none of good, bad: amend -2..-1 mood good (how it is)"),
            ("amend proposal 12", "proposal: 12 has not the right form: amend proposal 2026-1234"),
        ],
    )
    def test_a_wrong_value_is_refused_with_what_to_type(self, typed, prompt, line, message):
        assert message in typed(line)
        assert not {"proposal", "sample", "mood"} & set(prompt.session.md)

    def test_text_that_looks_like_a_number_stays_text_where_text_belongs(self, typed, prompt):
        typed("md proposal 2026-0012")
        assert prompt.session.md["proposal"] == "2026-0012"

    def test_a_scan_without_them_is_refused_in_one_line_before_anything_moves(self, typed, prompt):
        runs = number_of_runs(prompt)
        (line,) = typed("scan det th 1 2 3").splitlines()
        assert line == "beamshell: no proposal, sample: newproposal 2026-1234; newsample LaB6"
        assert (prompt.position("th"), number_of_runs(prompt)) == (0, runs)
        typed("newproposal 2026-0001; newsample Si; scan det th 1 2 3")
        assert number_of_runs(prompt) == runs + 1

    def test_moves_and_counts_without_a_run_need_none(self, typed, prompt):
        typed("mov th 1")
        assert prompt.position("th") == 1

    def test_a_plan_in_python_is_refused_and_what_the_call_hands_over_counts(self, prompt, typed):
        runs, number = number_of_runs(prompt), prompt.session.next_scan
        with pytest.raises(PlanError, match="no proposal, sample: newproposal 2026-1234; newsample LaB6"):
            prompt.session.RE(count([prompt.session.devices["det"]]))
        assert (number_of_runs(prompt), prompt.session.next_scan) == (runs, number)
        with pytest.raises(PlanError, match="proposal: 5 has not the right form"):
            prompt.session.RE(count([prompt.session.devices["det"]]), proposal="5", sample="Si")
        prompt.session.RE(count([prompt.session.devices["det"]]), proposal="2026-0001", sample="Si")
        assert prompt.session.runs[-1].start["proposal"] == "2026-0001"

    def test_a_validator_of_ones_own_is_asked_too(self, prompt):
        seen = []
        prompt.session.RE.md_validator = seen.append
        try:
            prompt.session.RE(count([]), proposal="2026-0001", sample="Si")
            with pytest.raises(PlanError, match="no proposal"):
                prompt.session.RE(count([]), sample="Si")
        finally:
            prompt.session.RE.md_validator = None
        assert [metadata["sample"] for metadata in seen] == ["Si"]

    def test_an_item_of_the_queue_counts_with_its_own_metadata(self, prompt, typed):
        typed("newproposal 2026-0001")
        typed("queue add sample=Si scan det th 0 1 2")
        typed("queue run")
        assert prompt.session.runs[-1].start["sample"] == "Si"
        typed("queue clear; queue add scan det th 0 1 2")
        assert "no sample: newsample LaB6" in typed("queue run")
        typed("queue clear")

    def test_a_mistake_in_the_file_stops_no_scan(self, prompt, typed, rules):
        rules.write_text("proposal: {requird: true}\n")
        runs = number_of_runs(prompt)
        typed("scan det th 0 1 2")
        assert number_of_runs(prompt) == runs + 1
