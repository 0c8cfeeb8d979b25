"""The examples in docstrings do what they show, on the demo beamline where they need one."""

from __future__ import annotations

import doctest
import importlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import beamshell
from beamshell import devices
from beamshell.devices import Device, EpicsMotor, MultichannelScaler
from beamshell.ioc.process import DemoIoc
from beamshell.plans import stubs

PACKAGE = Path(beamshell.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if ">>>" in path.read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def beamline(demo_ioc: DemoIoc) -> Iterator[dict[str, Any]]:
    """The names that examples use without defining them: those of `beamshell.devices`, and some of the demo profile."""
    named = {
        "th": EpicsMotor("BL:th", name="th"),
        "tth": EpicsMotor("BL:tth", name="tth"),
        "mcs": MultichannelScaler("BL:mcs:", name="mcs", counters={"i0": 2, "it": 3}),
    }
    for device in named.values():
        device.wait_for_connection(20)
    yield {"os": os, **{name: getattr(devices, name) for name in devices.__all__}, "mv": stubs.mv, **named}
    close_channels(named.values())


def close_channels(values: Iterable[Any]) -> None:
    for device in values:
        if isinstance(device, Device):
            for _, signal in device.walk_signals():
                signal.destroy()


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_of_a_module_run(
    module: str, beamline: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imported = importlib.import_module(module)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    names = {"folder": tmp_path, **beamline}
    for example in doctest.DocTestFinder(exclude_empty=True).find(imported, extraglobs=names):
        with mock.patch.dict(os.environ):  # an example may point the process to an IOC of its own
            runner.run(example, clear_globs=False)
        close_channels(value for name, value in example.globs.items() if name not in beamline)
    results = runner.summarize(verbose=False)
    assert results.attempted
    assert results.failed == 0, capsys.readouterr().out
