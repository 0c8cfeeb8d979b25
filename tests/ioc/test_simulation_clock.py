"""The clock of the simulation."""

import logging
import threading

import pytest

from beamshell.ioc.simulation_clock import SimulationClock


class _EndOfTest(BaseException):
    """Ends `run`, which never ends otherwise."""


def _end() -> None:
    raise _EndOfTest


def test_actions_come_in_the_order_of_their_time_not_of_their_making():
    clock, called = SimulationClock(speed=100.0), []
    clock.after(0.3, lambda: called.append("late"))
    clock.after(0.1, lambda: called.append("early"))
    clock.after(0.5, _end)
    with pytest.raises(_EndOfTest):
        clock.run()
    assert called == ["early", "late"]


def test_simulated_time_runs_at_its_speed():
    clock, times = SimulationClock(speed=1000.0), []
    clock.after(20.0, lambda: times.append(clock.now()))
    clock.after(20.0, _end)
    with pytest.raises(_EndOfTest):
        clock.run()
    assert times[0] >= 20.0


def test_a_repeated_action_asks_for_its_period_each_time():
    clock, times = SimulationClock(speed=1000.0), []
    periods = iter([1.0, 2.0, 1e9])

    def action() -> None:
        times.append(clock.now())
        if len(times) == 3:
            clock.after(0.0, _end)

    clock.every(lambda: next(periods), action)
    with pytest.raises(_EndOfTest):
        clock.run()
    assert next(periods, None) is None


def test_an_action_that_fails_is_logged_and_stops_no_other(caplog):
    clock, called = SimulationClock(speed=100.0), []
    clock.after(0.0, lambda: 1 / 0)
    clock.after(0.1, lambda: called.append("next"))
    clock.after(0.2, _end)
    with caplog.at_level(logging.ERROR), pytest.raises(_EndOfTest):
        clock.run()
    assert called == ["next"]
    assert "ZeroDivisionError" in caplog.text


def test_an_earlier_action_wakes_a_sleeping_clock():
    clock, called = SimulationClock(), threading.Event()
    clock.after(60.0, _end)

    def live() -> None:
        with pytest.raises(_EndOfTest):
            clock.run()

    thread = threading.Thread(target=live)
    thread.start()
    clock.after(0.0, called.set)
    assert called.wait(2.0)
    clock.after(0.0, _end)
    thread.join(2.0)
    assert not thread.is_alive()
