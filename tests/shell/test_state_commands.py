"""`states`, `state NAME` and `state NAME go` at the prompt, and scans that need a state."""

from __future__ import annotations

import re

import pytest

STATES = """
direct:
  doc: the direct beam
  th: {value: 0, tolerance: 0.01, unit: ""}
  samx: 0
away:
  samx: -5
  th: {above: -1}
"""


@pytest.fixture
def states_file(prompt, tmp_path, monkeypatch):
    path = tmp_path / "states.yml"
    path.write_text(STATES)
    monkeypatch.setattr(prompt.session.config, "states_file", str(path))
    return path


@pytest.fixture
def requires(prompt, monkeypatch):
    def require(**needed):
        monkeypatch.setattr(prompt.session.config, "requires", needed)

    return require


@pytest.mark.usefixtures("states_file")
class TestWithStates:
    def test_states_are_listed_as_fulfilled_or_with_what_differs_and_by_how_much(self, typed):
        answer = typed("states")
        assert re.search(r"^direct +fulfilled +the direct beam$", answer, re.MULTILINE)
        assert re.search(r"^away +differs: samx by 5", answer, re.MULTILINE)

    def test_a_state_shows_value_what_must_be_and_the_difference(self, typed, prompt):
        typed("mov th 0.5")
        answer = typed("state direct")
        assert answer.startswith("direct: the direct beam\n")
        assert re.search(r"^th +0\.5\S* +0(\.0+)? ± 0\.01 +0\.5", answer, re.MULTILINE)
        assert re.search(r"^samx +0(\.0+)? +0(\.0+)?$", answer, re.MULTILINE)
        assert "1 of 2 devices differs; state direct go moves th" in answer
        assert prompt.position("th") == 0.5

    def test_going_to_a_state_moves_what_differs_after_showing_it(self, typed, prompt):
        typed("mov th 0.5 samx 3")
        answer = typed("state direct go")
        assert "nothing was moved, since nobody is at the prompt to be asked: state direct go yes" in answer
        assert prompt.position("th") == 0.5
        answer = typed("state direct go yes")
        assert re.search(r"^th: 0\.5\S* -> 0", answer, re.MULTILINE)
        assert (prompt.position("th"), prompt.position("samx")) == (0, 0)
        assert re.search(r"direct +fulfilled", typed("states"))

    def test_what_cannot_be_moved_is_said_and_the_rest_moves(self, typed, prompt):
        typed("mov th -3")
        answer = typed("state away go yes")
        assert re.search(r"th is -3\S*, and must be above -1\S*: it cannot be moved", answer)
        assert (prompt.position("th"), prompt.position("samx")) == (-3, -5)

    def test_some_of_its_devices_are_moved_where_they_are_named(self, typed, prompt):
        typed("mov th 0.5 samx 3")
        typed("state direct go samx yes")
        assert (prompt.position("th"), prompt.position("samx")) == (0.5, 0)
        assert "state direct has no motor 'tth': did you mean th?" in typed("state direct go tth yes")

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("state dirct", "no state 'dirct': did you mean direct?"),
            ("state direct goes", "state direct has no motor 'goes': there are samx, th"),
            ("state direct yes", "state: yes makes sense with go: state direct go yes"),
        ],
    )
    def test_a_wrong_line_is_answered_by_one_clear_line(self, typed, line, message):
        answer = typed(line)
        assert message in answer
        assert len(answer.splitlines()) == 1

    def test_what_is_changed_in_the_file_counts_at_once(self, typed, states_file):
        states_file.write_text("near: {samx: {value: 0, tolerance: 9}}\n")
        assert re.search(r"^near +fulfilled$", typed("states"), re.MULTILINE)

    def test_a_mistake_in_the_file_is_said_with_its_line_and_the_other_states_are_there(self, typed, states_file):
        states_file.write_text("bad: {samz: 0}\ngood: {samx: 0}\n")
        answer = typed("states")
        assert f"{states_file}:1:7: bad: samz: no device 'samz': did you mean samx?" in answer
        assert re.search(r"good +fulfilled", answer)
        assert f"{states_file}:1:7: bad" in typed("state bad")

    def test_tab_offers_the_states(self, prompt):
        from beamshell.shell.commands import commands
        from beamshell.shell.completion import candidates

        assert candidates("state ", commands(), prompt.session.devices) == ["direct", "away"]
        assert "go" in candidates("state direct ", commands(), prompt.session.devices)

    # ---- scans that need a state

    def test_a_command_that_needs_a_state_is_refused_in_any_other_before_anything_moves(self, typed, prompt, requires):
        requires(scan="direct")
        typed("mov samx 2")
        before = len(prompt.session.runs)
        answer = typed("scan det th -1 1 3")
        assert re.search(r"scan needs the state direct: samx is 2\S*, and must be 0\S* \(state direct go\)", answer)
        assert len(answer.splitlines()) == 1
        assert (prompt.position("th"), len(prompt.session.runs)) == (0, before)

    def test_it_runs_in_that_state_and_other_commands_run_in_any(self, typed, prompt, requires):
        requires(scan=["direct"])
        before = len(prompt.session.runs)
        typed("scan det th -1 1 3")
        assert len(prompt.session.runs) == before + 1
        typed("mov samx 2")
        typed("grid det th 0 1 2 tth 0 1 2")
        assert len(prompt.session.runs) == before + 2

    def test_a_plan_is_named_by_its_own_name_however_it_is_run(self, typed, prompt, requires):
        requires(rel_scan="direct")
        typed("mov samx 2")
        before = len(prompt.session.runs)
        assert "rel_scan needs the state direct" in typed("rscan det th -1 1 3")
        assert len(prompt.session.runs) == before

    def test_a_rehearsal_says_that_it_would_be_refused(self, typed, prompt, requires):
        requires(ascan="direct")
        typed("mov samx 2")
        assert "cannot be done: ascan needs the state direct: samx is 2" in typed("rehearse ascan th -1 1 2 0.1")
        typed("mov samx 0")
        assert "cannot be done" not in typed("rehearse ascan th -1 1 2 0.1")

    def test_an_item_of_the_queue_that_needs_a_state_fails_with_the_reason(self, typed, prompt, requires):
        requires(scan="direct")
        typed("mov samx 2")
        typed("queue add scan det th -1 1 3")
        before = len(prompt.session.runs)
        assert "scan needs the state direct" in typed("queue run")
        assert "FAILED" in typed("queue")
        assert len(prompt.session.runs) == before
        typed("queue clear")

    def test_a_state_that_does_not_exist_refuses_too(self, typed, requires):
        requires(ct="nowhere")
        assert "no state 'nowhere'" in typed("ct")

    def test_a_wrong_setting_is_said_as_such(self, typed, requires):
        requires(ct=3)
        assert "requires: ct: 3 is no state: write {'ct': 'alignment'}" in typed("ct")


def test_a_beamline_without_states_says_how_to_have_some(typed):
    assert "this beamline has no named states (states_file in its profile names the file)" in typed("states")
    assert "no state 'direct': this beamline has none" in typed("state direct")
