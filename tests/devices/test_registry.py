"""Devices are found by what people type."""

from __future__ import annotations

import pytest

from beamshell.devices.device import Device
from beamshell.devices.registry import Registry
from beamshell.errors import ConfigError, UnknownName


class Thing:
    """A device in the simplest sense: it has a name."""

    connected = True

    def __init__(self, name: str) -> None:
        self.name = name


class Lost(Thing):
    connected = False
    source = "ca://BL:lost"

    def wait_for_connection(self, timeout: float) -> None:
        raise TimeoutError


@pytest.fixture
def registry() -> Registry:
    registry = Registry()
    for name, tags in (("th", ["motor"]), ("samx", ["motor", "sample"]), ("samy", ["motor", "sample"]), ("det", [])):
        registry.add(Thing(name), tags=tags)
    return registry


def test_a_device_is_found_by_its_name(registry: Registry) -> None:
    assert registry.find("th") is registry["th"]


def test_an_unknown_device_names_its_nearest_match(registry: Registry) -> None:
    with pytest.raises(UnknownName, match=r"^no device 'tht': did you mean th\?$"):
        registry.find("tht")


def test_an_unknown_device_unlike_any_lists_what_there_is(registry: Registry) -> None:
    with pytest.raises(UnknownName, match=r"^no device 'zzz': there are det, samx, samy, th$"):
        registry.find("zzz")


def test_a_registry_is_a_mapping(registry: Registry) -> None:
    assert "tht" not in registry
    assert registry.get("tht") is None
    with pytest.raises(KeyError, match="did you mean th"):
        registry["tht"]


def test_a_wildcard_selects_several(registry: Registry) -> None:
    assert list(registry.select("sam*")) == ["samx", "samy"]


def test_a_wildcard_that_fits_nothing_is_refused(registry: Registry) -> None:
    with pytest.raises(UnknownName, match=r"^no device fits 'sax\*': did you mean samx\?$"):
        registry.select("sax*")


def test_tags_and_classes_select(registry: Registry) -> None:
    registry.add(Lost("ring"))
    assert list(registry.select(tag="sample")) == ["samx", "samy"]
    assert list(registry.select(cls=Lost)) == ["ring"]
    assert registry.tags == {"motor", "sample"}


def test_the_readout_role_selects(registry: Registry) -> None:
    registry.add(Thing("counter"), readout="point")
    assert list(registry.select(readout="point")) == ["counter"]


def test_no_devices_is_an_empty_selection() -> None:
    assert Registry().select() == {}


def test_a_name_that_hides_pythons_own_is_refused() -> None:
    with pytest.raises(ConfigError, match="Python has a print of its own"):
        Registry().add(Thing("print"))


def test_the_offline_are_listed_with_address_and_time(registry: Registry) -> None:
    registry.add(Lost("ring"))
    [lost] = registry.offline()
    assert (lost.device, lost.address) == ("ring", "BL:lost")
    assert lost.since == registry.entry("ring").added


def test_waiting_for_connection_ends_with_what_is_missing(registry: Registry) -> None:
    registry.add(Lost("ring"))
    assert [lost.device for lost in registry.wait_for_connection(0.01)] == ["ring"]


def test_a_part_is_found_by_its_dotted_name() -> None:
    from beamshell.devices.component import Component

    class Part:
        kind = 1

        def __init__(self, name: str, **_: object) -> None:
            self.name = name

    class Slits(Device):
        top = Component(Part)
        bottom = Component(Part)

    registry = Registry()
    slits = registry.add(Slits(name="slits"))
    assert registry.find("slits.top") is slits.top
    assert list(registry.select("slits.*")) == ["slits.top", "slits.bottom"]
    with pytest.raises(UnknownName, match=r"slits has no part 'topp': did you mean top\?"):
        registry.find("slits.topp")


def test_a_class_is_found_by_its_name_too(registry: Registry) -> None:
    registry.add(Lost("ring"))
    assert list(registry.select(cls="Lost")) == ["ring"]
    assert len(registry.select(cls="Thing")) == 5


def test_wildcards_reach_into_parts_of_parts() -> None:
    from beamshell.devices.component import Component
    from beamshell.devices.device import Device
    from beamshell.devices.sim import SynGauss

    class Pair(Device):
        left = Component(SynGauss)
        right = Component(SynGauss)

    registry = Registry()
    registry.add(Pair(name="pair"))
    assert list(registry.select("pa*.*.exp")) == ["pair.left.exp", "pair.right.exp"]


def test_describing_a_device_leaves_it_the_object_it_is(registry: Registry) -> None:
    th = registry["th"]
    entry = registry.describe("th", tags=["optics"], doc="angle")
    assert registry["th"] is th
    assert (entry.tags, entry.doc, registry.entry("th").doc) == ({"optics"}, "angle", "angle")
