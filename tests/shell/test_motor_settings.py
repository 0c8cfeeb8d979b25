"""setpos, set_dial, set_lm, home, stop MOTOR, wu, and a motor typed alone: on a real motor record, and on others."""

from __future__ import annotations

import re

import pytest
from motor_bench import until

from beamshell.devices import Component, PseudoPositioner, PseudoSingle, SoftPositioner
from beamshell.devices.epics.motor import EpicsMotor


class Jaws(PseudoPositioner):
    gap = Component(PseudoSingle)
    low = Component(SoftPositioner, units="mm")
    high = Component(SoftPositioner, units="mm")

    def forward(self, pseudo):
        return self.RealPosition(low=-pseudo.gap / 2, high=pseudo.gap / 2)

    def inverse(self, real):
        return self.PseudoPosition(gap=real.high - real.low)


@pytest.fixture(scope="module")
def beamline(module_prompt, demo_ioc):
    """The console has a motor record, samy from -25 to 25 mm, and jaws with a computed axis."""
    registry = module_prompt.session.registry
    motor = registry.add(EpicsMotor("BL:samy", name="samy"), doc="sample y")
    registry.add(Jaws("BL:jaws", name="jaws"))
    motor.wait_for_connection(timeout=10)
    module_prompt.session.names.set_devices(registry)
    yield motor
    for name in ("samy", "jaws"):
        registry.remove(name)
    module_prompt.session.names.set_devices(registry)


@pytest.fixture
def samy(beamline, prompt):
    """The motor record at 0, whose scale is put right afterwards."""
    beamline.set(0).wait(30)
    yield beamline
    beamline.stop()
    until(lambda: bool(beamline.motor_done_move.get()))
    beamline.limits = None
    beamline.set_dial_position(0)
    beamline.set_current_position(0)
    beamline.set_limits(-25, 25)


# ---- how it counts


def test_setpos_shows_old_and_new_position_offset_and_limits(samy, typed):
    assert typed("setpos samy 1.5") == (
        "samy: 0.000 -> 1.500 mm, offset 0.000 mm -> 1.500 mm; it has not moved\n"
        "limits -25.000 to 25.000 mm -> -23.500 to 26.500 mm: at the same places as before\n"
    )
    assert (samy.position, samy.dial_position.get()) == (1.5, 0.0)


def test_set_dial_shows_that_the_limits_are_elsewhere(samy, typed):
    assert typed("set_dial samy 3") == (
        "samy: 0.000 -> 0.000 mm, dial 0.000 mm -> 3.000 mm, offset 0.000 mm -> -3.000 mm; it has not moved\n"
        "limits -25.000 to 25.000 mm -> -28.000 to 22.000 mm: at other places than before\n"
    )


def test_setpos_says_that_the_limits_of_the_console_stay_as_numbers(samy, typed):
    samy.limits = (-5, 5)
    assert typed("setpos samy 1").endswith("limits of this console stay as numbers: -5.000 to 5.000 mm\n")


def test_what_was_changed_is_in_the_console_log(samy, prompt, typed):
    typed("setpos samy 1.5")
    typed("set_dial samy 2")
    typed("set_lm samy -3 3")
    entries = [entry.facts for entry, _ in zip(prompt.session.log.newest_first("rescaled"), range(3), strict=False)]
    assert [(facts["what"], facts["before"], facts["after"]) for facts in reversed(entries)] == [
        ("offset", 0.0, 1.5),
        ("dial position", 0.0, 2.0),
        ("limits", [-25.5, 24.5], [-3.0, 3.0]),
    ]


# ---- limits


def test_set_lm_writes_the_limits_of_a_record_and_shows_old_and_new(samy, typed):
    assert typed("set_lm samy -5 5") == "samy: limits -25.000 to 25.000 mm -> -5.000 to 5.000 mm\n"
    assert typed("mov samy 6") == "beamshell: samy: 6 mm is above the limit 5 mm\n"
    assert typed("set_lm samy 0 0") == "samy: limits -5.000 to 5.000 mm -> none\n"
    assert typed("set_lm samy -25 25") == "samy: limits none -> -25.000 to 25.000 mm\n"


def test_set_lm_says_that_the_motor_stands_outside_and_which_limits_hold_besides(samy, typed):
    samy.limits = (-5, 5)
    assert typed("set_lm samy 1 9").splitlines()[1:] == [
        "it stands outside: 0.000 mm is below the limit 1.000 mm",
        "in this console these hold too: -5.000 to 5.000 mm",
    ]


def test_set_lm_of_a_motor_without_a_record_holds_in_this_console(samy, prompt, typed):
    assert typed("set_lm th -1 2") == "th: limits none -> -1.000 to 2.000, in this console\n"
    assert typed("mov th 3") == "beamshell: th: 3 is above the limit 2\n"
    assert typed("set_lm th 0 0") == "th: limits -1.000 to 2.000 -> none, in this console\n"
    assert typed("set_lm jaws 0 4") == "jaws_gap: limits none -> 0.000 to 4.000 mm, in this console\n"
    assert typed("mov jaws 5") == "beamshell: jaws_gap: 5 mm is above the limit 4 mm\n"
    typed("set_lm jaws.gap 0 0")


# ---- home, stop


def test_home_ends_at_home_and_says_so(samy, typed):
    typed("mov samy 1")
    lines = typed("home samy rev").splitlines()
    assert lines == ["samy: at 1.000 mm, it searches for home (reverse)", "samy: 1.000 -> 0.000 mm, at home"]


def test_a_search_for_home_can_be_queued(samy, typed):
    typed("mov samy 1; queue add home samy rev")
    assert "samy: 1.000 -> 0.000 mm, at home" in typed("queue run")
    typed("queue clear")


def test_a_search_for_home_is_in_the_console_log_as_a_move_of_the_motor(samy, prompt, typed):
    typed("mov samy 1; home samy rev")
    entry = next(prompt.session.log.newest_first("moved"))
    assert (entry.facts["device"], entry.facts["origin"], entry.facts["place"]) == ("samy", 1.0, 0.0)
    assert entry.facts["command"] == "home samy rev"


def test_stop_with_a_motor_stops_this_one(samy, typed):
    typed("move = samy.set(20)")
    until(lambda: samy.position > 0.1)
    assert re.fullmatch(r"samy: stopped at [\d.]+ mm\n", typed("stop samy"))
    assert not samy.motor_is_moving.get()
    assert re.fullmatch(r"samy: does not move, it is at [\d.]+ mm\n", typed("stop samy"))


def test_stop_alone_stops_whatever_moves_if_no_plan_is_paused(samy, typed):
    assert typed("stop") == "beamshell: stop: no plan is paused, and no motor moves\n"
    typed("move = samy.set(20)")
    until(lambda: samy.position > 0.1)
    assert re.fullmatch(r"samy: stopped at [\d.]+ mm\n", typed("stop"))


def test_stop_with_a_motor_leaves_a_paused_plan_paused_and_stop_alone_ends_it(samy, prompt, typed):
    typed("def plan():\n    yield from bps.open_run()\n    yield from bps.pause()\n    yield from bps.close_run()")
    typed("RE(plan())")
    assert prompt.session.state == "paused"
    assert "samy: does not move" in typed("stop samy")
    assert prompt.session.state == "paused"
    assert "stopped" in typed("stop")
    assert prompt.session.state == "idle"


# ---- what is shown


def test_a_motor_typed_alone_shows_value_limits_and_state_in_one_line(samy, typed):
    assert typed("samy").endswith("samy: 0.000 mm, limits -25.000 to 25.000 mm, at rest\n")
    assert typed("th").endswith("th: 0.000, limits none, at rest\n")
    assert typed("jaws.gap").endswith("jaws.gap: 0.000 mm, limits none, at rest\n")
    typed("move = samy.set(20)")
    until(lambda: samy.position > 0.1)
    assert re.search(r"samy: [\d.]+ mm, limits -25.000 to 25.000 mm, moving\n$", typed("samy"))


def test_a_motor_with_a_question_mark_shows_scale_speed_addresses_and_who_moved_it_last(samy, typed):
    typed("mov samy 1")
    text = typed("samy?")
    first, second, third, *_ = text.splitlines()
    assert (first, second) == ("samy: 1.000 mm, limits -25.000 to 25.000 mm, at rest", "sample y")
    assert third == "dial 1.000 mm, offset 0.000 mm"
    assert "velocity 2 mm/s" in text
    assert re.search(r"moved last \d\d:\d\d:\d\d by mov samy 1: samy: 0\.000 -> 1\.000 mm", text)
    assert "EpicsMotor BL:samy\nreads BL:samy.RBV, writes BL:samy.VAL; devices samy shows all its parts" in text
    assert "String form" in typed("samy??")
    assert typed("jaws?").startswith("jaws.gap: 0.000 mm, limits none, at rest\njaws.low: 0.000 mm")
    typed("mov th 1")
    assert typed("th?").startswith("th: 1.000, limits none, at rest\nmoved last")


def test_wu_shows_user_positions_alone(samy, typed):
    rows = [line.split() for line in typed("wu").splitlines()]
    assert rows[0] == ["user", "state"]
    assert ["samy", "0.000", "mm"] in rows
    assert ["jaws.gap", "0.000", "mm"] in rows


# ---- what is refused


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("setpos th 1", "setpos: th has no offset: it is a SynAxis"),
        ("setpos jaws 1", "setpos: jaws_gap is computed and has no offset of its own; its motors: jaws.low, jaws.high"),
        ("setpos samy", "setpos: position is missing.\nUsage: setpos motor position, such as: setpos th 1.5"),
        ("setpos samy here", "setpos: 'here' is not a number (position)"),
        ("setpos nosuch 1", "no device 'nosuch'"),
        ("setpos det 1", "setpos: det cannot be moved (motor)"),
        ("set_dial th 1", "set_dial: th has no dial position: it is a SynAxis"),
        ("set_lm samy 5 -5", "samy: limits [5, -5] leave no room; the low one comes first"),
        ("set_lm samy 5", "set_lm: high is missing.\nUsage: set_lm motor low high, such as: set_lm th -5 5"),
        ("set_lm th 5 -5", "th: limits [5, -5] leave no room; the low one comes first"),
        ("home th", "th has no search for home: it is a SynAxis"),
        ("home samy up", "home: 'up' is none of fwd, rev"),
        ("tweak th 0", "tweak: a step of 0 moves nothing"),
        ("tweak th 0.1", "tweak: it needs the keys of a terminal; one step without them: movr th 0.1"),
        ("tweak th", "tweak: step is missing.\nUsage: tweak motor step, such as: tweak th 0.1"),
        ("stop det", "stop: det has no position: ct det reads it"),
        ("stop nosuch", "no device 'nosuch'"),
    ],
)
def test_what_cannot_be_done_is_answered_in_one_line(samy, typed, line, message):
    answer = typed(line)
    assert answer.startswith(f"beamshell: {message}"), answer
    assert "Traceback" not in answer
    assert (samy.position, samy.limits) == (0.0, (-25.0, 25.0))
