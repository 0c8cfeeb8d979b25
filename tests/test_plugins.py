"""Modules of one's own are found after those of all libraries, and never stand for one."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from beamshell.channels.deferred import require
from beamshell.errors import MissingLibrary
from beamshell.plugins import OWN_MODULES, DeferredModule, OwnModules, entry_points_of, find_installed


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder whose modules are one's own."""
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path])
    monkeypatch.setattr(OWN_MODULES, "_folders", [])
    OWN_MODULES.offer(str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_a_module_of_ones_own_is_imported_when_no_library_has_its_name(folder):
    (folder / "sample_tables.py").write_text("SAMPLES = 3\n")
    assert importlib.import_module("sample_tables").SAMPLES == 3


def test_nothing_is_written_beside_a_module_of_ones_own(folder):
    (folder / "sample_tables.py").write_text("SAMPLES = 3\n")
    importlib.import_module("sample_tables")
    assert [path.name for path in folder.iterdir()] == ["sample_tables.py"]


def test_a_package_of_ones_own_has_its_parts(folder):
    (folder / "samples").mkdir()
    (folder / "samples" / "__init__.py").touch()
    (folder / "samples" / "tables.py").write_text("SAMPLES = 3\n")
    assert importlib.import_module("samples.tables").SAMPLES == 3


@pytest.mark.parametrize("library", ["numpy", "ruamel"], ids=["a package", "a namespace package"])
def test_a_module_of_ones_own_never_stands_for_a_library(library, folder, monkeypatch):
    (folder / f"{library}.py").write_text("raise SystemExit('imported')\n")
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    spec = importlib.util.find_spec(library)
    assert str(folder) not in str(spec)


def test_a_module_of_ones_own_is_not_an_optional_library_that_is_not_installed(folder):
    (folder / "no_such_library.py").touch()
    assert find_installed("no_such_library") is None
    with pytest.raises(MissingLibrary, match="no_such_library, which is not installed"):
        require("no_such_library", "serial")
    assert importlib.util.find_spec("no_such_library") is not None


def test_the_folder_one_works_in_is_that_of_the_moment(tmp_path, folder, monkeypatch):
    here = tmp_path / "here"
    here.mkdir()
    (here / "of_here.py").touch()
    own = OwnModules()
    own.offer("")
    sys.meta_path.remove(own)
    assert own.find_spec("of_here") is None
    monkeypatch.chdir(here)
    assert own.find_spec("of_here") is not None


def test_an_entry_point_in_a_folder_of_ones_own_is_no_plug_in(folder):
    metadata = folder / "stray-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: stray\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[beamshell.commands]\nstray = stray:stray\n")
    entry_points_of.cache_clear()
    try:
        assert "stray" not in entry_points_of("beamshell.commands")
    finally:
        entry_points_of.cache_clear()


def test_a_deferred_module_is_imported_at_its_first_use_and_is_then_like_the_module(folder):
    (folder / "of_later.py").write_text("value = 3\n")
    deferred = DeferredModule("of_later")
    assert "of_later" not in sys.modules
    assert deferred.value == 3
    assert type(deferred) is ModuleType
    assert DeferredModule.__getattr__(deferred, "value") == 3  # of a thread that has come second
    assert "value" in dir(deferred)
    with pytest.raises(AttributeError, match="of_later"):
        _ = deferred.nothing
