"""The log of moves and motors of other libraries, whose position may be any code: the scan goes on, and the log too."""

from __future__ import annotations

import logging
import threading

import numpy as np
import ophyd.sim
import pytest
from ophyd.status import DeviceStatus

from beamshell.shell import logged_places


class Axis(ophyd.sim.SynAxis):
    """Moves without a look at its own position."""

    def _make_status(self, target):
        return DeviceStatus(self)


class Raises(Axis):
    @property
    def position(self):
        raise RuntimeError("the encoder has lost its place")


class Array(Axis):
    @property
    def position(self):
        return np.array([self.readback.get(), 1.0])


class Blocks(Axis):
    """Its position does not come before `answers` is set."""

    answers: threading.Event
    asked = 0

    @property
    def position(self):
        type(self).asked += 1
        self.answers.wait(60)
        return self.readback.get()


@pytest.fixture
def moved(prompt, typed, caplog):
    """What the log says of the motor of this class after a scan."""

    def scan(kind):
        prompt.names["odd"] = kind(name="odd")
        with caplog.at_level(logging.ERROR):
            assert "success, 3 points" in typed("scan det odd 0 1 3")
        assert "hook" not in caplog.text
        return next(prompt.session.log.newest_first("moved")).facts

    return scan


def test_a_position_that_raises_is_not_known(moved):
    facts = moved(Raises)
    assert (facts["device"], facts["origin"], facts["place"], facts["target"]) == ("odd", None, None, 1)


def test_a_position_that_is_an_array_is_a_list(moved):
    facts = moved(Array)
    assert (facts["origin"], facts["place"]) == ([0, 1], [1, 1])


def test_a_position_that_blocks_does_not_hold_the_engine_and_is_asked_for_once(moved, monkeypatch):
    monkeypatch.setattr(logged_places, "ANSWER_S", 0.02)
    Blocks.answers = threading.Event()
    try:
        facts = moved(Blocks)
    finally:
        Blocks.answers.set()
    assert (facts["origin"], facts["place"]) == (None, None)
    assert Blocks.asked == 1


def test_where_a_motor_of_ophyd_stood_is_known(prompt, typed):
    prompt.names["m"] = ophyd.sim.SynAxis(name="m", value=2.0)
    typed("mov m 3")
    assert next(prompt.session.log.newest_first("moving")).facts["origin"] == 2
    facts = next(prompt.session.log.newest_first("moved")).facts
    assert (facts["origin"], facts["place"], facts["unit"]) == (2, 3, "mm")
