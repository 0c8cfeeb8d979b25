"""A console beside one that has control: it looks at everything, and moves nothing, by whatever way."""

from __future__ import annotations

import os
import time

import pytest
from IPython.core.completer import provisionalcompleter

from beamshell.devices.sim import SynAxis
from beamshell.shell.control_requests import give_control
from beamshell.store.control_folder import ControlFolder
from beamshell.store.control_rules import Console, Control, State
from beamshell.store.processes import boot_id

WAYS_TO_MOVE = [
    "mov th 1",
    "mov th 1; wm th",
    "movr th 1",
    "umv th 1",
    "umvr th 1",
    "%mov th 1",
    "mov(th, 1)",
    "for x in (1, 2): mov th x",
    "scan th -1 1 3",
    "scan([th], th, -1, 1, 3)",
    "dscan th -1 1 3 0.1",
    "mesh th 0 1 2 tth 0 1 2 0.1",
    "ct th",
    "queue add mov th 1\nqueue run",
    "RE(bps.mv(th, 1))",
    "RE(bp.scan([th], th, -1, 1, 3))",
    "RE(bp.count([th]))",
    "th.set(1)",
    "th.move(1)",
    "th.set(1).wait()",
    "def go():\n    th.move(1)\ngo()",
]
WAYS_TO_LOOK = [
    "wm th",
    "wa",
    "x = wm th",
    "devices",
    "devices th",
    "offline",
    "runs",
    "queue",
    "rehearse mov th 1",
    "rehearse scan th -1 1 3",
    "th.position",
    "th.read()",
    "th.check_value(1)",
    "bhelp",
    "suspenders",
    "control",
]


@pytest.fixture
def observer(prompt, capsys):
    """The prompt, while bob has control at another computer."""
    authority = prompt.session.authority
    authority.claim()
    files = ControlFolder(prompt.session.folder, Console("bob", "bob", "ws2", boot_id(), os.getpid(), time.time()))
    files.enter()
    give_control(authority)
    his = Control(State.IDLE, "bob")
    assert files.change(files.control(), his)
    capsys.readouterr()
    yield prompt
    files.change(his, Control(State.IDLE, authority.files.me.key))
    files.leave()


@pytest.mark.parametrize("cell", WAYS_TO_MOVE)
def test_no_way_to_move_is_open_to_an_observer_and_each_says_who_has_control(cell, observer, typed):
    number, names = observer.session.next_scan, [run.uid for run in observer.session.runs]
    lines = typed(cell).strip().splitlines()
    assert observer.position("th") == observer.position("tth") == 0
    refusal = lines[-1]
    assert "bob (ws2, pid " in refusal, lines
    assert "(control take asks for it)" in refusal
    assert "Traceback" not in "\n".join(lines)
    assert observer.session.next_scan == number
    assert [run.uid for run in observer.session.runs] == names
    assert observer.session.state == "idle"
    typed("queue clear")


@pytest.mark.parametrize("cell", WAYS_TO_LOOK)
def test_an_observer_looks_at_everything(cell, observer, typed):
    assert "asks for it" not in typed(cell)


def test_a_device_made_at_the_prompt_is_held_back_too(observer, typed):
    typed("from beamshell.devices.sim import SynAxis; own = SynAxis(name='own')")
    assert typed("own.set(1)").startswith("beamshell: own: bob (ws2, pid ")
    assert isinstance(observer("own"), SynAxis)
    assert observer("own.position") == 0


def test_what_stops_is_never_locked(observer, typed):
    assert typed("th.stop()") == ""
    assert typed("stop").startswith("beamshell: stop: no plan is paused here, and no motor moves; bob (ws2, pid ")
    for word in ("abort", "halt", "resume"):
        assert typed(word) == f"beamshell: nothing to {word}: no plan is paused\n"


def test_control_says_who_has_it_and_a_wrong_word_is_one_line(observer, typed):
    assert typed("control").startswith("bob (ws2, pid ")
    assert typed("control give").startswith(
        "beamshell: control give: this console does not have control: bob (ws2, pid "
    )
    assert typed("control refuse").startswith(
        "beamshell: control refuse: this console does not have control: bob (ws2, pid "
    )
    line = "beamshell: control: 'tak' is none of take, give, refuse: did you mean take?\n"
    assert typed("control tak") == line


def test_a_console_that_has_control_again_moves(prompt, typed):
    assert typed("control").startswith("this console has control")
    assert typed("control take") == "beamshell: control take: this console has control already\n"
    assert typed("control refuse") == "beamshell: control refuse: nobody asks for control\n"
    assert typed("control give") == "control is free: the first console that moves has it\n"
    assert typed("mov th 1") == "th: 0.000 -> 1.000\n"
    assert typed("control").startswith("this console has control")


def test_control_completes_its_words(prompt):
    with provisionalcompleter():
        offered = {each.text.strip() for each in prompt.shell.Completer.completions("control ", 8)}
    assert {"take", "give", "refuse"} <= offered
