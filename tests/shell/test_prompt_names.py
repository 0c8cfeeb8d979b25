"""The names that a session gives to the prompt, and what a name means to a command; no shell, no IOC."""

from __future__ import annotations

from types import ModuleType

import pytest

from beamshell.devices import Component, Device, SoftPositioner
from beamshell.devices.registry import Registry
from beamshell.devices.sim import SynAxis
from beamshell.errors import UnknownName
from beamshell.shell.prompt_names import DeviceNamespace, PromptNames


@pytest.fixture
def registry():
    registry = Registry()
    registry.add(SynAxis(name="th"))
    registry.absent["gone"] = "it is switched off"
    return registry


@pytest.fixture
def namespace():
    return {}


@pytest.fixture
def names(namespace, registry):
    names = PromptNames(namespace, {})
    names.set_devices(registry)
    return names


def test_names_are_at_the_prompt_and_hidden_from_who():
    namespace, hidden = {"mine": 1}, {}
    PromptNames(namespace, hidden).add(RE="engine", runs="catalogue")
    assert namespace == {"mine": 1, "RE": "engine", "runs": "catalogue"}
    assert set(hidden) == {"RE", "runs"}


def test_each_device_has_its_name_and_each_absent_one_a_placeholder(names, namespace, registry):
    assert namespace["th"] is registry["th"]
    assert "it is switched off" in repr(namespace["gone"])


def test_devices_that_have_gone_lose_their_names_and_new_ones_get_theirs(names, namespace, registry):
    namespace["mine"] = 1
    registry.remove("th")
    registry.add(SynAxis(name="tth"))
    names.set_devices(registry)
    assert set(namespace) == {"gone", "tth", "mine"}


def test_a_name_that_was_deleted_comes_back_without_a_word(names, namespace, registry, capsys):
    del namespace["th"]
    names.check()
    assert namespace["th"] is registry["th"]
    assert capsys.readouterr().err == ""


def test_a_device_whose_name_got_a_value_has_it_again_and_the_value_is_saved(names, namespace, registry, capsys):
    for value in (5, 6):
        namespace["th"] = value
        names.check()
        assert namespace["th"] is registry["th"]
        assert namespace["th_"] == value
    assert capsys.readouterr().err == 2 * "beamshell: th is the device again; your value is th_\n"


def test_a_variable_that_was_there_before_a_command_of_its_name_stays(names, namespace, capsys):
    namespace["fit"] = 5
    names.add_command("fit", lambda: None)
    names.check()
    names.check()
    assert namespace["fit"] == 5
    assert capsys.readouterr().err == "beamshell: fit is your own now; %fit is the command (del fit gives it back)\n"


def test_a_look_for_devices_imports_no_module(registry):
    class Module(ModuleType):
        def __getattr__(self, name):
            if not name.startswith("__"):
                pytest.fail(f"it is imported for its {name}")
            raise AttributeError(name)

    assert list(DeviceNamespace(registry, {"plt": Module("plt")})) == ["th"]


def test_what_a_run_calls_a_device_is_what_is_typed_for_it(registry):
    class Mono(Device):
        energy = Component(SoftPositioner)

    devices = DeviceNamespace(registry, {"mine": SynAxis(name="sy"), "mono": Mono(name="mono")})
    assert [devices.typed_name(name) for name in ("th", "sy", "mono_energy")] == ["th", "mine", "mono.energy"]
    with pytest.raises(UnknownName, match="the scan moved tth, which this console does not have"):
        devices.typed_name("tth")


def test_a_word_means_the_users_own_device_but_never_a_plain_variable(registry):
    own = SynAxis(name="own")
    devices = DeviceNamespace(registry, {"th": 5, "own": own, "_hidden": own, "SynAxis": SynAxis})
    assert devices["th"] is registry["th"]
    assert devices["own"] is own
    assert list(devices) == ["th", "own"]
    assert DeviceNamespace(registry, {"th": own})["th"] is own
