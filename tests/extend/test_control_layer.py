"""docs/how-to/extend/control-layer.md does what it says, in a package of its own."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest
from tiny_package import installed

from beamshell.channels.factory import SimulatedFactory, channel_factory
from beamshell.devices import EpicsSignal
from beamshell.errors import LimitError, NotConnected, UnknownName

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "extend" / "control-layer.md").read_text()
MODULE, USE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(TOML,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
((GROUP, ENTRIES),) = tomllib.loads(TOML)["project"]["entry-points"].items()
((SCHEME, TARGET),) = ENTRIES.items()


@pytest.fixture
def package(tmp_path):
    module, _, attribute = TARGET.partition(":")
    with installed(tmp_path, module, MODULE, {GROUP: {SCHEME: attribute}}):
        yield module


def test_a_signal_with_the_pages_address_is_read_set_and_refused(package):
    names = {}
    exec(USE, names)
    field = names["field"]
    assert field.get() == 1.5
    assert sys.modules[package].FIELDS == {"12/field": 1.5}
    described = field.describe()["field"]
    assert (described["source"], described["units"]) == ("gpib://12/field", "T")
    with pytest.raises(LimitError, match=r"2\.5"):
        field.set(2.5)
    field.destroy()


def test_what_does_not_answer_says_why(package):
    missing = EpicsSignal("gpib://13/field", name="missing")
    with pytest.raises(NotConnected, match="13/field"):
        missing.wait_for_connection(timeout=0.2)
    missing.destroy()


def test_on_a_twin_the_package_is_not_even_imported(package):
    with channel_factory(SimulatedFactory()):
        field = EpicsSignal("gpib://12/field", name="field")
    field.set(1.0).wait()
    assert field.get() == 1.0
    assert package not in sys.modules


def test_without_the_package_the_scheme_is_unknown():
    with pytest.raises(UnknownName, match="no control system is called 'gpib'"):
        EpicsSignal("gpib://12/field", name="field")
