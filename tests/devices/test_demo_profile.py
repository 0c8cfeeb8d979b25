"""The device file of the demo beamline, against the demo beamline."""

from __future__ import annotations

from pathlib import Path

from beamshell.devices.loader import load_devices
from beamshell.ioc.process import DemoIoc

DEVICES = Path(__file__).parents[2] / "profiles" / "profile_demo" / "devices.yml"


def test_everything_in_it_answers_and_can_be_read(demo_ioc: DemoIoc) -> None:
    registry, problems = load_devices(DEVICES)
    assert problems == []
    assert registry.wait_for_connection(10) == []
    for name, device in registry.items():
        assert list(device.read()) == list(device.describe()), name
        assert list(device.read_configuration()) == list(device.describe_configuration()), name
        assert device.hints["fields"], name


def test_its_point_detector_is_the_default(demo_ioc: DemoIoc) -> None:
    registry, _ = load_devices(DEVICES)
    assert list(registry.select(readout="point")) == ["det"]
    assert list(registry.select(tag="motor")) == ["th", "tth", "samx", "samy"]
    assert registry.find("th.velocity").name == "th_velocity"
