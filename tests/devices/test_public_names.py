"""The names that users import from `beamshell.devices`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from beamshell import devices


@pytest.mark.parametrize("name", devices.__all__)
def test_each_public_name_can_be_imported(name: str) -> None:
    assert getattr(devices, name).__name__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Signl'"):
        _ = devices.Signl


def test_the_package_alone_imports_nothing() -> None:
    code = "import sys, beamshell.devices; print('numpy' in sys.modules, 'beamshell.devices.signal' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20).stdout
    assert out.split() == ["False", "False"]
