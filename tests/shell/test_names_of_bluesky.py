"""What people import from bluesky at the prompt: plans and magics with names of commands, and a second engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import Any

import bluesky
import pytest
from bluesky.magics import BlueskyMagics  # its class has an engine of its own

from beamshell import RunEngine
from beamshell.plans import stubs
from beamshell.shell.leaving import ask_before_leaving


@pytest.fixture
def magics(prompt):
    """The magics of the prompt, without those that a test adds."""
    table = prompt.shell.magics_manager.magics["line"]
    before = dict(table)
    yield table
    for name in set(table) - set(before):
        del table[name]


# ---- plans -------------------------------------------------------------------------------------


def test_names_of_plans_that_were_imported_stay_commands_and_are_plans_in_python(prompt, typed):
    line = "mov, mv, movr, mvr, stop are still the commands; in Python, as in RE(mov(...)), what you imported"
    assert typed("from bluesky.plan_stubs import *") == f"beamshell: {line}\n"
    assert typed("mov th 1") == "th: 0.000 -> 1.000\n"
    assert "no plan is paused" in typed("stop")
    typed("RE(mv(th, 0.5))")
    assert prompt.session.devices["th"].position == 0.5
    assert typed("from bluesky.plan_stubs import *") == ""


def test_so_do_names_of_our_own_plans(typed):
    assert typed("from beamshell.plans.stubs import mv").startswith("beamshell: mv is still the command; in Python")
    assert "Usage:    mov motor position" in typed("mv")


def test_a_generator_function_of_the_person_is_the_persons(typed):
    assert typed("def mv(*args): yield").startswith("beamshell: mv is your own now")
    assert "<function __main__.mv" in typed("mv")


# ---- magics ------------------------------------------------------------------------------------


def test_magics_of_bluesky_do_not_take_the_place_of_commands(prompt, typed, magics):
    prompt.names["BlueskyMagics"] = BlueskyMagics
    shown = typed("get_ipython().register_magics(BlueskyMagics)\n%mov th 1")
    line = "mov, movr, ct, wa stay the commands; the other magics are %mov_, %movr_, %ct_, %wa_"
    assert shown == f"th: 0.000 -> 1.000\nbeamshell: {line}\n"
    assert {"mov_", "movr_", "ct_", "wa_"} <= set(magics)
    assert "th" in typed("wm th")


def test_a_magic_of_ones_own_has_its_name_if_no_command_has_it(prompt, typed, magics):
    typed("from IPython.core.magic import register_line_magic\n@register_line_magic\ndef twice(line): return 2 * line")
    assert prompt("%twice ab") == "abab"


# ---- a second engine ---------------------------------------------------------------------------


@pytest.fixture
def of_bluesky() -> Any:
    engine = bluesky.RunEngine({}, context_managers=[])
    yield engine
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    engine._th.join(5)
    engine.loop.close()


@pytest.fixture(params=["ours", "bluesky's"])
def second(request) -> Any:
    return RunEngine({}) if request.param == "ours" else request.getfixturevalue("of_bluesky")


def test_the_runs_of_a_second_engine_are_kept_and_numbered_with_the_others(prompt, typed, second):
    typed("RE(bp.count([det]))")
    number = prompt.session.runs[-1].scan_id
    prompt.names["made"] = second
    shown = typed("RE = made")
    assert "RE is the console's again; your value is RE_" in shown
    assert " is a second engine; its runs are kept and numbered with those of RE" in shown
    assert "second" not in typed("x = 1")
    typed("made(bp.count([det]))")
    assert prompt.session.runs[-1].scan_id == number + 1
    typed("RE(bp.count([det]))")
    assert prompt.session.runs[-1].scan_id == number + 2


def test_one_of_ours_that_runs_in_the_cell_that_makes_it_has_its_runs_kept(prompt, typed):
    typed("RE(bp.count([det]))")
    number = prompt.session.runs[-1].scan_id
    shown = typed("from beamshell import RunEngine\nmade = RunEngine({})\n_ = made(bp.count([det]))")
    assert "made is a second engine; its runs are kept" in shown
    assert "already" not in shown
    typed("def inside():\n    RunEngine({})(bp.count([det]))\n\ninside()")
    assert [run.scan_id for run in prompt.session.runs[-2:]] == [number + 1, number + 2]


def test_the_runs_that_one_of_bluesky_has_taken_before_it_is_noticed_are_said_not_to_be_kept(prompt, typed, of_bluesky):
    prompt.names["engines"] = [of_bluesky]
    typed("engines[0](bp.count([det]))")
    assert "the runs that made has taken already are not kept" in typed("made = engines[0]")


def test_a_signal_that_ends_the_console_lets_its_plan_close_its_run_first(prompt, typed, second, monkeypatch):
    session = prompt.session
    prompt.names["made"] = second
    typed("1")

    def plan():
        yield from stubs.open_run()
        os.kill(os.getpid(), signal.SIGUSR1)
        yield from stubs.sleep(30)

    before = signal.signal(signal.SIGUSR1, lambda *_: prompt.names.update(is_ending=session.end_soon(143)))
    monkeypatch.setattr(session, "status", 0)
    try:
        with pytest.raises(Exception, match=r"(?i)abort"):
            second(plan())
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert (prompt.names["is_ending"], session.status) == (True, 143)
    assert session.runs[-1].stop["exit_status"] == "abort"


def test_a_plan_that_a_second_engine_has_paused_is_named_before_the_console_leaves_and_aborted_as_it_closes(
    prompt, typed, second, capsys
):
    session = prompt.session
    prompt.names["made"] = second
    typed("1")

    def plan():
        yield from stubs.open_run()
        yield from stubs.checkpoint()
        yield from stubs.pause()

    with pytest.raises(Exception, match=r"(?i)paus"):
        second(plan())
    prompt.shell.ask_exit = lambda: None
    undo = ask_before_leaving(prompt.shell, session)
    prompt.shell.ask_exit()
    undo()
    del prompt.shell.ask_exit
    assert "beamshell: a plan of made is paused, and is aborted: leaving\n" in capsys.readouterr().err
    session.second_engines.end_plans()
    assert "beamshell: a plan of made is paused: aborting it\n" in capsys.readouterr().err
    assert (second.state, session.runs[-1].stop["exit_status"]) == ("idle", "abort")


def test_an_engine_that_numbers_its_runs_as_somebody_has_said_goes_on_with_that(prompt, typed):
    engine = RunEngine({}, scan_id_source=lambda md: 4711)
    prompt.names["made"] = engine
    typed("made(bp.count([det]))")  # its first cell is over
    typed("made(bp.count([det]))")
    assert prompt.session.runs[-1].scan_id == 4711


# ---- ophyd -------------------------------------------------------------------------------------


def test_ophyd_that_is_imported_after_our_channel_access_says_nothing():
    program = "from beamshell.channels.ca import libca; libca._choose_library(); import epics.ca, ophyd"
    done = subprocess.run([sys.executable, "-W", "default", "-c", program], capture_output=True, text=True, check=True)
    assert "epicscorelibs" not in done.stderr
