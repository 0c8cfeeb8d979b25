"""Back to earlier positions: the journal of moves, back, and goscan, in a real IPython."""

from __future__ import annotations

import re
import socket

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jaws import TwoAxes

from beamshell.devices.sim import SynAxis
from beamshell.errors import UsageError
from beamshell.plans.preprocessors import SupplementalData
from beamshell.shell import questions
from beamshell.shell.command_set import COMMANDS
from beamshell.store import ConsoleLog


@pytest.fixture
def other(prompt):
    """The log of another console on the same data folder, at which anna works."""
    log = ConsoleLog(prompt.session.folder, "elsewhere:1:1")
    log.add("opened", operator="anna", host="elsewhere", pid=1)
    yield log
    log.close()


@pytest.fixture
def move_at(prompt, other):
    """Moves a motor as a command of the other console does."""

    def move(name, position):
        device = prompt.session.devices[name]
        facts = {"device": name, "origin": device.position, "target": position, "unit": "", "command": "mov by anna"}
        other.add("plan", plan="mv", command="mov by anna")
        other.add("moving", **facts)
        device.set(position).wait(5)
        other.add("moved", **facts, place=position)
        other.add("ended", status="success", uids=[])

    return move


@pytest.fixture
def baseline(prompt):
    """Lets each run record samx and samy beside its plan; samy is a motor that can be taken away."""
    session = prompt.session
    samy = SynAxis(name="samy", units="mm", limits=(-100, 100))
    prompt.names["samy"] = samy
    record = SupplementalData(baseline=[session.devices["samx"], samy])
    session.RE.preprocessors.append(record)
    yield samy
    session.RE.preprocessors.remove(record)
    prompt.names.pop("samy", None)


@pytest.fixture
def answer(monkeypatch):
    """Somebody is at the prompt, and answers so."""

    def give(text):
        monkeypatch.setattr("beamshell.shell.commands.goscan.is_attended", lambda _shell: True)
        monkeypatch.setattr("builtins.input", lambda _question: text)

    return give


def last_lines(text, number=1):
    return text.rstrip("\n").splitlines()[-number:]


# ---- moves -------------------------------------------------------------------------------------


def test_moves_shows_who_moved_what_from_where_to_where_by_which_command(prompt, typed):
    typed("mov th 1.5")
    (line,) = last_lines(typed("moves"))
    assert line.split()[1:] == [prompt.session.operator, "th", "0", "->", "1.5", "mov", "th", "1.5"]


def test_moves_shows_the_newest_last_and_as_many_as_are_asked_for(typed):
    typed("mov th 1; mov samx 2; mov th 3")
    assert [line.split("mov ")[1] for line in last_lines(typed("moves 2"), 2)] == ["samx 2", "th 3"]
    assert [line.split("mov ")[1] for line in last_lines(typed("moves 2 th"), 2)] == ["th 1", "th 3"]


def test_moves_shows_the_scan_that_moved_a_motor(prompt, typed):
    typed("scan det th -1 1 3")
    (line,) = last_lines(typed("moves 1"))
    assert "0 -> 1" in line
    assert f" {prompt.session.md.last_scan_id}     scan det th -1 1 3" in line


def test_moves_shows_those_of_other_consoles_with_their_operator(typed, move_at):
    move_at("samx", 4.0)
    (line,) = last_lines(typed("moves 1"))
    assert line.split()[1:] == ["anna@elsewhere", "samx", "0", "->", "4", "mov", "by", "anna"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("moves 0", "moves: '0' is too small: at least 1 (number)"),
        ("moves nix", "no command has moved nix: moves shows what was moved"),
        ("moves 2.5", "moves: '2.5' is not a whole number (number)"),
    ],
)
def test_a_wrong_use_of_moves_is_answered_in_one_line_and_its_usage(line, message, typed):
    first, *usage = typed(line).splitlines()
    assert first.rstrip(".") == f"beamshell: {message}"
    assert not usage or usage[0].startswith("Usage: moves ")


# ---- back --------------------------------------------------------------------------------------


def test_new_thing_1_back_restores_what_the_last_command_moved_after_showing_from_and_to(prompt, typed):
    typed("mov th 1 samx 2")
    typed("wm th")
    lines = typed("back").splitlines()
    assert [line.split("  (")[0] for line in lines] == ["th: 1.000 -> 0.000", "samx: 2.000 -> 0.000"]
    assert all("as before mov th 1 samx 2, " in line for line in lines)
    assert (prompt.position("th"), prompt.position("samx")) == (0, 0)


def test_back_is_a_move_itself_so_twice_ends_where_it_began(prompt, typed):
    typed("mov th 1; back; back")
    assert prompt.position("th") == 1
    assert " back" in last_lines(typed("moves 1"))[0]


def test_back_with_a_motor_undoes_its_last_moves_and_no_other(prompt, typed):
    typed("mov th 1; mov samx 5; mov th 2; mov samx 6")
    typed("back th")
    assert (prompt.position("th"), prompt.position("samx")) == (1, 6)
    typed("back th 3")  # before the way back, and the two moves
    assert prompt.position("th") == 0
    typed("back th samx")
    assert (prompt.position("th"), prompt.position("samx")) == (1, 5)


def test_back_after_a_scan_goes_to_where_its_motor_stood_before(prompt, typed):
    typed("mov th 0.25; scan det th -1 1 3; back")
    assert prompt.position("th") == 0.25


def test_back_after_what_has_gone_back_itself_moves_nothing_and_says_how_to_go_further(prompt, typed):
    typed("mov th 0.25; rscan det th -1 1 3")
    said = typed("back")
    assert said.startswith("beamshell: back: th stands where it stood before rscan det th -1 1 3, ")
    assert said.endswith("; to go further back: back th 2\n")
    typed("back th 2")
    assert prompt.position("th") == 0


def test_back_says_who_has_moved_a_motor_since_and_leaves_it(prompt, typed, move_at):
    typed("mov th 1 samx 2")
    move_at("samx", 4.0)
    said = typed("back")
    assert said.startswith("beamshell: back: nothing moves: samx was moved since by anna@elsewhere, mov by anna, ")
    assert (prompt.position("th"), prompt.position("samx")) == (1, 4)
    typed("back anyway")
    assert (prompt.position("th"), prompt.position("samx")) == (0, 0)


def test_back_says_that_a_motor_stands_elsewhere_than_its_last_command_left_it(prompt, typed):
    typed("mov th 1")
    prompt.session.devices["th"].set(3).wait(5)
    said = typed("back")
    assert "nothing moves: th stands at 3, and the last command left it at 1 (to move it all the same" in said
    assert prompt.position("th") == 3


def test_back_means_the_moves_of_this_console(prompt, typed, move_at):
    typed("mov th 1")
    move_at("samx", 4.0)
    typed("back")
    assert (prompt.position("th"), prompt.position("samx")) == (0, 4)


def test_back_with_a_motor_undoes_the_move_of_another_console_only_anyway(prompt, typed, move_at):
    move_at("samx", 4.0)
    assert "samx was moved since by anna@elsewhere" in typed("back samx")
    typed("back samx anyway")
    assert prompt.position("samx") == 0


def test_back_with_a_motor_undoes_a_move_of_the_same_person_at_a_console_that_was_closed(prompt, typed, move_at, other):
    other.add("opened", operator=prompt.session.operator, host=socket.gethostname(), pid=1)
    move_at("samx", 4.0)
    typed("back samx")
    assert prompt.position("samx") == 0


def test_back_is_checked_as_any_move(prompt, typed):
    th = prompt.session.devices["th"]
    typed("mov th 1 samx 1")
    th.limits = (0.5, 2)
    try:
        assert "th: 0" in typed("back")
    finally:
        th.limits = None
    assert (prompt.position("th"), prompt.position("samx")) == (1, 1)


def test_back_can_be_rehearsed_and_run_as_a_plan(prompt, typed):
    typed("mov th 1")
    assert "th: 1.000 -> 0.000" in typed("rehearse back")
    assert prompt.position("th") == 1
    typed("RE(back.plan(th))")
    assert prompt.position("th") == 0


def test_back_works_beside_a_paused_plan(prompt, typed):
    typed("RE(bpp.pchain(bps.mv(samx, 3), bps.checkpoint(), bps.pause()))")
    typed("mov th 1; back")
    assert (prompt.position("th"), prompt.position("samx")) == (0, 3)
    typed("abort")


def test_back_leaves_what_is_no_motor(prompt, typed):
    typed("from beamshell.devices import Signal; lamp = Signal(name='lamp', value=0)")
    typed("RE(bps.mv(lamp, 5))")
    assert typed("back") == "beamshell: back: bps.mv(lamp, 5) moved no motor, only lamp\n"
    typed("RE(bps.mv(lamp, 6, th, 1)); back")
    assert (prompt.position("th"), prompt.names["lamp"].get()) == (0, 6)


def test_back_in_a_queue_is_refused(prompt, typed):
    typed("queue clear; mov th 1; queue add back")
    assert "cannot be a part of a queue" in typed("queue run")
    assert prompt.position("th") == 1
    typed("queue clear")


@pytest.mark.parametrize("line", ["moves 20 ", "back ", "goscan 1 ", "goscan 1 2 "])
def test_tab_offers_the_motors(line, prompt):
    name, *words = line.split()
    offered = COMMANDS[name].candidates(words, prompt.session.devices)
    assert {"th", "tth", "samx"} <= set(offered)
    assert "det" not in offered


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("back nix", "no device 'nix'"),
        ("back det", "det cannot be moved"),
        ("back 2", "back: say of which motor: back th 2"),
        ("back th 0", "'0' is too small"),
        ("back th 100000", "th was moved "),
    ],
)
def test_a_wrong_use_of_back_is_answered_in_one_line(line, message, prompt, typed):
    typed("mov th 1")
    said = typed(line)
    assert message in said
    assert said.count("\n") == 1 or (said.count("\n") == 2 and "\nUsage: " in said)
    assert prompt.position("th") == 1


# ---- goscan ------------------------------------------------------------------------------------


def test_new_thing_3_goscan_shows_the_difference_and_moves_what_is_named(prompt, typed, baseline):
    typed("mov samx 2; mov samy 3; scan det th -1 1 3; mov samx 0 samy 0")
    scan = prompt.session.md.last_scan_id
    said = typed(f"goscan {scan} samx")
    assert said.splitlines()[0].split() == ["now", "at", "run", str(scan), "to", "go"]
    assert said.splitlines()[1].split() == ["samx", "0.000", "2.000", "+2.000"]
    assert (prompt.position("samx"), baseline.position) == (2, 0)


def test_complaint_12_the_positions_of_a_scan_are_found_and_gone_back_to(prompt, typed, baseline):
    typed("mov samx 2 samy 3; scan det th -1 1 3; mov samx 0 samy 0 th 5 tth 4")
    typed("goscan -1 all")
    assert (prompt.position("samx"), baseline.position, prompt.position("th")) == (2, 3, -1)
    assert prompt.position("tth") == 0  # the journal of moves knows where it stood


def test_goscan_without_names_moves_nothing_where_nobody_can_be_asked(prompt, typed, baseline):
    typed("mov samx 2; scan det th -1 1 3; mov samx 0 th 0")
    scan = prompt.session.md.last_scan_id
    (said,) = last_lines(typed("goscan -1"))
    assert said == f"nothing moves: goscan {scan} th moves it, goscan {scan} all all of them"
    assert (prompt.position("th"), prompt.position("samx")) == (0, 0)


@pytest.mark.parametrize(
    ("text", "th", "samx"), [("all", -1, 2), ("samx", 0, 2), ("th, samx", -1, 2), ("none", 0, 0), ("", 0, 0)]
)
def test_goscan_moves_what_is_chosen(text, th, samx, prompt, typed, baseline, answer):
    typed("mov samx 2; scan det th -1 1 3; mov samx 0 th 0")
    answer(text)
    typed("goscan -1")
    assert (prompt.position("th"), prompt.position("samx")) == (th, samx)


def test_a_choice_that_is_misspelt_moves_nothing(prompt, typed, baseline, answer):
    typed("mov samx 2; scan det th -1 1 3; mov samx 0 th 0")
    answer("smax th")
    assert "no motor 'smax': did you mean samx?" in typed("goscan -1")
    assert (prompt.position("th"), prompt.position("samx")) == (0, 0)


def test_ctrl_c_at_the_choice_moves_nothing(prompt, typed, answer, monkeypatch):
    typed("scan det th -1 1 3; mov th 0")
    answer("")

    def press(_question):
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", press)
    assert "nothing moves" in typed("goscan -1")
    assert prompt.position("th") == 0


def test_inside_of_a_running_plan_goscan_asks_nobody_and_moves_nothing(prompt, typed, answer):
    typed("scan det th -1 1 3; mov th 0")
    answer("all")
    typed("def mine():\n    yield from goscan.plan(-1)")
    assert "nothing moves: goscan" in typed("RE(mine())")
    assert prompt.position("th") == 0


@pytest.mark.parametrize(("point", "th"), [("1", -1), ("2", 0), ("3", 1), ("-1", 1)])
def test_goscan_goes_to_a_point_of_the_scan(point, th, prompt, typed):
    typed("scan det th -1 1 3; mov th 0.5")
    typed(f"goscan -1 {point} th")
    assert prompt.position("th") == th


def test_goscan_goes_to_where_a_motor_stood_that_was_scanned_around_its_place(prompt, typed):
    typed("mov th 0.25")
    typed("RE(bp.rel_scan([det], th, -1, 1, 3), origins={'th': 0.25}); mov th 5")
    typed("goscan -1 th")
    assert prompt.position("th") == 0.25
    typed("goscan -1 1 th")
    assert prompt.position("th") == -0.75


def test_goscan_says_which_motors_stand_where_they_stood(prompt, typed, baseline):
    typed("mov samx 2; scan det th -1 1 3; mov th 0")
    assert f"as at run {prompt.session.md.last_scan_id} already: samx, samy\n" in typed("goscan -1")


def test_goscan_says_of_a_motor_that_this_console_does_not_have_it(prompt, typed, baseline):
    typed("mov samy 3; scan det th -1 1 3; mov th 0")
    prompt.names.pop("samy")
    said = typed("goscan -1")
    assert "this console does not have it" in said
    assert "nothing moves, since samy cannot: this console does not have it" in typed("goscan -1 samy th")
    assert prompt.position("th") == 0
    typed("goscan -1 all")
    assert prompt.position("th") == -1


def test_goscan_says_that_a_motor_does_not_answer(prompt, typed, baseline, monkeypatch):
    typed("mov samy 3; scan det th -1 1 3; mov th 0")
    monkeypatch.setattr(SynAxis, "connected", property(lambda self: self.name != "samy"), raising=False)
    assert "it does not answer" in typed("goscan -1")


def test_goscan_sends_the_axes_of_one_device_together(prompt, typed):
    jaws = prompt.names["jaws"] = TwoAxes(name="jaws")
    record = SupplementalData(baseline=[jaws])
    prompt.session.RE.preprocessors.append(record)
    typed("RE(bps.mv(jaws, (2, 0.5))); scan det th -1 1 3; RE(bps.mv(jaws, (4, 1)))")
    prompt.session.RE.preprocessors.remove(record)
    said = typed("goscan -1 jaws")
    assert [line.split()[:3] for line in said.splitlines()[1:3]] == [
        ["jaws.gap", "4.000", "2.000"],
        ["jaws.centre", "1.000", "0.500"],
    ]
    assert jaws.position == (2, 0.5)
    assert typed("back").startswith("jaws: gap 2 mm, centre 0.5 mm -> gap 4 mm, centre 1 mm")
    assert jaws.position == (4, 1)


def test_goscan_says_that_a_unit_has_changed_and_leaves_the_motor(prompt, typed, baseline):
    typed("mov samy 3; scan det th -1 1 3; mov samy 0")
    prompt.names["samy"] = SynAxis(name="samy", units="um")
    assert "it was in mm then, and is in um now" in typed("goscan -1")
    typed("goscan -1 all")
    assert prompt.names["samy"].position == 0


def test_goscan_says_that_an_offset_has_changed_and_leaves_the_motor(prompt, typed, baseline):
    offset = {"value": 0.0}
    baseline.begin_read_configuration = lambda: lambda: {"samy_user_offset": {"value": offset["value"], "timestamp": 0}}
    baseline.describe_configuration = lambda: {"samy_user_offset": {"source": "", "dtype": "number", "shape": []}}
    typed("mov samy 3; scan det th -1 1 3; mov samy 0")
    offset["value"] = 0.5
    assert "the same number is another place: samy_user_offset was 0.0 and is 0.5" in typed("goscan -1")
    typed("goscan -1 all")
    assert baseline.position == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("goscan 99999", "no run has scan_id 99999"),
        ("goscan nix", "goscan: 'nix' is not a number (scan number)"),
        ("goscan -1 9", "has 3 points, so none is its 9"),
        ("goscan -1 0", "has 3 points, so none is its 0"),
        ("goscan -1 tht", "does not say where tht stood: did you mean th?"),
        ("goscan -1 2.5", "goscan: '2.5' is not a whole number (point)"),
    ],
)
def test_a_wrong_use_of_goscan_is_answered_in_one_line(line, message, prompt, typed):
    typed("scan det th -1 1 3; mov th 0")
    said = typed(line)
    assert message in said
    assert said.count("\n") == 1 or (said.count("\n") == 2 and "\nUsage: " in said)
    assert prompt.position("th") == 0


def test_a_scan_that_says_nothing_of_motors_is_told_so(prompt, typed):
    typed("loopscan 2 0.01")
    assert "does not say where any motor stood" in typed("goscan -1")


def test_choose_takes_names_in_the_order_of_the_table(monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _question: "c a")
    assert questions.choose("Which?", ["a", "b", "c"]) == ["a", "c"]
    monkeypatch.setattr("builtins.input", lambda _question: "b d")
    with pytest.raises(UsageError, match="no motor 'd'"):
        questions.choose("Which?", ["a", "b", "c"])


# ---- anything may be typed ---------------------------------------------------------------------


WORDS = [
    "th",
    "tth",
    "samx",
    "samy",
    "sam*",
    "det",
    "all",
    "anyway",
    "none",
    "1",
    "2",
    "-1",
    "-2",
    "0",
    "99",
    "1.5",
    "nix",
    "x",
    "th.velocity",
    ",",
    "=",
    "(",
    "'th",
]
MOTORS = ("th", "tth", "samx")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["moves", "script", "goscan", "back", "redo nix"]),
    words=st.lists(st.sampled_from(WORDS), max_size=4),
)
def test_no_line_brings_a_traceback_or_moves_a_motor_that_it_does_not_name(
    name, words, prompt, typed, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # script writes files
    typed("scan det th -1 1 3; mov th 0.5; mov samx 2; mov tth 3")
    before = {motor: prompt.position(motor) for motor in MOTORS}
    said = typed(" ".join([name, *words]))
    assert "Traceback" not in said
    moved = {motor for motor in MOTORS if prompt.position(motor) != before[motor]}
    line = " ".join(words).replace("sam*", "samx")
    named = {motor for motor in MOTORS if re.search(rf"\b{motor}\b", line)}
    if name == "back" and not named:
        named = {"tth"}  # what the last command has moved
    if name == "goscan" and "all" in words:
        named = set(MOTORS)
    assert moved <= (named if name in ("back", "goscan") else set())
