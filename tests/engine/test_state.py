"""The table of the engine's modes: legal moves are made, all others are one clear error."""

from __future__ import annotations

import pytest
from virtual_world import VirtualWorld

from beamshell.engine.state import LEGAL, Modes, Phase, State
from beamshell.errors import TransitionError
from beamshell.messages import Msg


def modes_in(state: State) -> Modes:
    modes = Modes()
    modes.state = state
    return modes


@pytest.mark.parametrize("old", State)
@pytest.mark.parametrize("new", State)
def test_a_state_follows_another_only_if_the_table_says_so(old, new):
    modes = modes_in(old)
    if new in LEGAL[old]:
        modes.go(new)
        assert modes.state is new
    else:
        with pytest.raises(TransitionError, match=f"the engine is {old} and cannot become {new}"):
            modes.go(new)
        assert modes.state is old


def test_subscribers_get_each_change():
    changes = []
    modes = Modes(lambda new, old: changes.append((old, new)))
    modes.go(State.RUNNING)
    modes.go(State.IDLE)
    assert changes == [("idle", "running"), ("running", "idle")]


def test_cleanups_nest():
    modes = Modes()
    modes.begin_cleanup()
    modes.begin_cleanup()
    modes.end_cleanup()
    assert (modes.phase, modes.unwinding) == (Phase.CLEANUP, True)
    modes.end_cleanup()
    assert (modes.phase, modes.unwinding) == (Phase.PLAN, False)


def test_a_cleanup_that_was_not_begun_cannot_end():
    with pytest.raises(TransitionError, match="the engine is in the plan"):
        Modes().end_cleanup()


def test_a_plan_that_ends_a_cleanup_too_many_is_reported():
    core = VirtualWorld().run([Msg("begin_cleanup"), Msg("end_cleanup"), Msg("end_cleanup")])
    assert isinstance(core.error, TransitionError)
    assert core.state is State.IDLE


def test_no_cleanup_of_a_plan_begins_when_the_engine_puts_things_back():
    modes = Modes()
    modes.finish()
    with pytest.raises(TransitionError, match="putting things back"):
        modes.begin_cleanup()


def test_a_suspension_cannot_begin_inside_another():
    modes = Modes()
    modes.begin_suspension()
    with pytest.raises(TransitionError, match="the engine is suspended"):
        modes.begin_suspension()
    modes.end_suspension()
    with pytest.raises(TransitionError, match="the engine is not suspended"):
        modes.end_suspension()
