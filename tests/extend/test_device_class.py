"""docs/how-to/extend/device-class.md does what it says, in a package of its own."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from tiny_package import installed

from beamshell.devices.loader import load_devices
from beamshell.devices.registry import Registry
from beamshell.devices.simulation import simulation_of

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "extend" / "device-class.md").read_text()
(MODULE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(TOML,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
(LINE,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
((GROUP, ENTRIES),) = tomllib.loads(TOML)["project"]["entry-points"].items()
((SHORT_NAME, TARGET),) = ENTRIES.items()


@pytest.fixture
def device_file(tmp_path):
    module, _, attribute = TARGET.partition(":")
    site = tmp_path / "site"
    site.mkdir()
    path = tmp_path / "devices.yml"
    path.write_text(LINE)
    with installed(site, module, MODULE, {GROUP: {SHORT_NAME: attribute}}):
        yield path


def test_a_device_file_makes_the_class_of_the_page_by_its_short_name(device_file):
    registry, problems = load_devices(device_file, Registry())
    assert problems == []
    oven = registry["oven"]
    assert [name for name, _ in oven.walk_signals()] == ["temperature", "power", "ramp"]
    assert (oven.temperature.name, oven.temperature.pvname) == ("oven_temperature", "BL:oven:temp")
    assert oven.hints == {"fields": ["oven_temperature"]}
    assert oven.read_attrs == ["temperature", "power"]
    assert oven.configuration_attrs == ["ramp"]
    for _, signal in oven.walk_signals():
        signal.destroy()


def test_a_wrong_short_name_costs_that_device_alone(device_file):
    device_file.write_text(LINE + LINE.replace("oven:", "other:", 1).replace("furnace,", "furnase,"))
    registry, (problem,) = load_devices(device_file, Registry())
    assert list(registry) == ["oven"]
    assert "devices.yml:2" in str(problem)
    assert "did you mean furnace?" in str(problem)
    for _, signal in registry["oven"].walk_signals():
        signal.destroy()


def test_the_twin_plays_what_the_class_says_first(device_file):
    facts, left_out = simulation_of(device_file)
    assert left_out == []
    of_temperature = next(fact for fact in facts if fact["pv"] == "BL:oven:temp")
    assert (of_temperature["value"], of_temperature["units"]) == (350.0, "K")
    assert {fact["pv"] for fact in facts} == {"BL:oven:temp", "BL:oven:power", "BL:oven:ramp"}


def test_the_names_that_the_page_gives_are_there():
    from beamshell import devices

    for name in ("Positioner", "PVPositioner", "DeviceStatus"):
        assert name in PAGE
        assert hasattr(devices, name)
