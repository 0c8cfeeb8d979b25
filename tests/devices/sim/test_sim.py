"""Simulated devices need no network and repeat themselves exactly."""

from __future__ import annotations

import math
import subprocess
import sys

import pytest

from beamshell.devices import sim
from beamshell.devices.sim.axes import SynAxis
from beamshell.devices.sim.detectors import Syn2DGauss, SynGauss


def test_the_detector_sees_a_gaussian_of_the_motor() -> None:
    motor = SynAxis(name="motor")
    det = SynGauss(name="det", motor=motor)
    readings = []
    for position in (1, 2, 3):
        motor.set(position).wait(1)
        det.trigger().wait(1)
        readings.append(round(det.read()["det"]["value"], 3))
    assert readings == [0.607, 0.135, 0.011]


def test_the_value_is_that_of_the_last_trigger() -> None:
    motor = SynAxis(name="motor")
    det = SynGauss(name="det", motor=motor)
    motor.set(5).wait(1)
    assert det.read()["det"]["value"] == 1.0


def test_an_exposure_takes_its_time() -> None:
    det = SynGauss(name="det", exp=0.01)
    status = det.trigger()
    assert not status.done
    status.wait(2)
    assert det.count_time is det.exp


def test_noise_repeats_itself_with_its_seed() -> None:
    def values(seed: int) -> list[float]:
        det = SynGauss(name="det", peak=100.0, noise="poisson", seed=seed)
        for _ in range(3):
            det.trigger()
        return [det.read()["det"]["value"], float(det.value.get())]

    assert values(1) == values(1)
    assert values(1) != values(2)


def test_two_motors_make_a_round_peak() -> None:
    x, y = SynAxis(name="x"), SynAxis(name="y")
    det = Syn2DGauss(name="det", motor_x=x, motor_y=y)
    x.set(1).wait(1)
    y.set(1).wait(1)
    det.trigger()
    assert det.read()["det"]["value"] == pytest.approx(math.exp(-1))


@pytest.mark.parametrize("name", sim.__all__)
def test_everything_that_is_offered_can_be_had(name: str) -> None:
    assert getattr(sim, name) is getattr(sim, name)


def test_the_ready_detector_looks_at_the_ready_motor() -> None:
    sim.motor.set(1).wait(1)
    sim.det.trigger().wait(1)
    assert sim.det.read()["det"]["value"] == pytest.approx(math.exp(-0.5))
    sim.motor.set(0).wait(1)
    assert sim.motor.delay == 0


def test_nothing_is_made_by_the_import_alone() -> None:
    code = (
        "import sys, beamshell.devices.sim as s; print('det' in vars(s), 'beamshell.devices.sim.axes' in sys.modules)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20).stdout
    assert out.split() == ["False", "False"]
