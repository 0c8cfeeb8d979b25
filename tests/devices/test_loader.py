"""What a device file says becomes devices; what is wrong with it becomes messages with file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from beamshell.devices.loader import load_devices
from beamshell.devices.registry import Registry
from beamshell.errors import ConfigError, UnknownName


class Box:
    """A device that takes what a file may give."""

    def __init__(self, prefix: str = "", *, name: str, size: float = 1.0, limits: tuple[float, float] = (0, 0)) -> None:
        if size < 0:
            raise ValueError("a box has a size")
        self.prefix, self.name, self.size, self.limits = prefix, name, size, limits


class LooseBox(Box):
    def __init__(self, prefix: str = "", **kwargs: object) -> None:
        super().__init__(prefix, **kwargs)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def box_module(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    import types

    module = types.ModuleType("boxes")
    module.Box, module.LooseBox = Box, LooseBox  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "boxes", module)


def load(tmp_path: Path, text: str) -> tuple[Registry, list[str]]:
    file = tmp_path / "devices.yml"
    file.write_text(text, encoding="utf-8")
    registry, problems = load_devices(file)
    assert all(isinstance(problem, ConfigError) for problem in problems)
    return registry, [str(problem).replace(str(tmp_path) + "/", "") for problem in problems]


def test_a_line_becomes_a_device_with_all_it_says(tmp_path: Path) -> None:
    registry, problems = load(
        tmp_path,
        'samx: {class: boxes.Box, prefix: "BL:m1", size: 2.5, limits: [-5, 5], tags: [sample, motor],'
        " readout: baseline, doc: sample x}\n",
    )
    entry = registry.entry("samx")
    assert problems == []
    assert (entry.device.prefix, entry.device.size, entry.device.limits) == ("BL:m1", 2.5, [-5, 5])
    assert (entry.tags, entry.readout, entry.doc) == ({"sample", "motor"}, "baseline", "sample x")
    assert entry.where.endswith("devices.yml:1")


def test_one_bad_device_never_stops_the_rest(tmp_path: Path) -> None:
    registry, problems = load(
        tmp_path, "a: {class: boxes.Box}\nb: {class: boxes.Box, size: -1}\nc: {class: boxes.Box}\n"
    )
    assert list(registry) == ["a", "c"]
    assert problems == ["devices.yml:2: b: Box could not be built: a box has a size"]


def test_a_bad_device_stays_known_by_its_reason(tmp_path: Path) -> None:
    registry, _ = load(tmp_path, "b: {class: boxes.Box, size: -1}\n")
    with pytest.raises(UnknownName, match=r"no device 'b': .*devices.yml:1: b: Box could not be built"):
        registry.find("b")


def test_a_device_switched_off_says_where(tmp_path: Path) -> None:
    registry, problems = load(tmp_path, "b:\n  class: boxes.Box\n  enabled: false\n")
    assert problems == []
    with pytest.raises(UnknownName, match=r"it is switched off at .*devices.yml:3"):
        registry.find("b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n  class: boxes.Box\n  sise: 3\n", "devices.yml:3: a: unknown key 'sise': did you mean size?"),
        ("a: {class: motr}\n", "devices.yml:1: a: no class 'motr': did you mean motor?"),
        ("a: {class: boxes.Crate}\n", "devices.yml:1: a: class boxes.Crate cannot be imported: "),
        ("a: {class: no_such_thing.Box}\n", "cannot be imported: No module named 'no_such_thing'"),
        ("a: {prefix: X}\n", "devices.yml:1: a: says no class"),
        ("a: {class: boxes.Box, readout: baselin}\n", "devices.yml:1: a: no readout 'baselin': did you mean baseline?"),
        ("a: {class: boxes.Box, enabled: 1}\n", "devices.yml:1: a: enabled is 1; write true or false"),
        ("a: {class: boxes.Box, tags: sample}\n", "devices.yml:1: a: tags is 'sample'; write a list of words"),
        ("a: {class: boxes.Box, prefix: 5}\n", "devices.yml:1: a: prefix is 5; write text"),
        ("a: {class: boxes.Box, arguments: {sise: 1}}\n", "a: Box takes no 'sise': did you mean size?"),
        ("a: 5\n", "devices.yml:1: a: write {class: ..., "),
        ("set: {class: boxes.Box}\n", "devices.yml:1: 'set' cannot be the name of a device: Python has a set"),
        ("sam x: {class: boxes.Box}\n", "devices.yml:1: 'sam x' cannot be the name of a device"),
        ("a: {class: boxes.Box, size: !!python/name:os.system x}\n", "devices.yml:1: a: "),
        ("- a\n- b\n", "devices.yml:1: a device file is a mapping of names"),
        ("a: {class: boxes.Box\nb: {class: boxes.Box}\n", "devices.yml:2:"),
        ("a: {class: boxes.Box}\n\tb: 1\n", "devices.yml:2:1: not YAML: "),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    registry, problems = load(tmp_path, text)
    assert list(registry) == []
    assert len(problems) == 1
    assert message in problems[0]


def test_a_name_defined_twice_keeps_the_first(tmp_path: Path) -> None:
    registry, problems = load(tmp_path, "a: {class: boxes.Box, size: 1}\na: {class: boxes.Box, size: 2}\n")
    assert registry["a"].size == 1
    assert problems == ["devices.yml:2: a: is defined twice; the first is at devices.yml:1"]


def test_a_class_that_hands_on_its_keywords_takes_those_of_its_base(tmp_path: Path) -> None:
    registry, problems = load(tmp_path, "a: {class: boxes.LooseBox, size: 4}\n")
    assert problems == []
    assert registry["a"].size == 4


def test_entries_may_share_what_an_anchor_holds(tmp_path: Path) -> None:
    registry, problems = load(tmp_path, "a: &base {class: boxes.Box, size: 3}\nb:\n  <<: *base\n  prefix: X\n")
    assert problems == []
    assert (registry["b"].size, registry["b"].prefix) == (3, "X")


def test_an_empty_file_is_an_empty_beamline(tmp_path: Path) -> None:
    assert load(tmp_path, "# nothing yet\n") == ({}, [])


def test_a_missing_file_is_reported_and_the_registry_is_empty(tmp_path: Path) -> None:
    registry, problems = load_devices(tmp_path / "none.yml")
    assert len(registry) == 0
    assert re.search(r"none.yml: cannot be read: No such file", str(problems[0]))


def test_a_file_that_is_no_text_is_reported(tmp_path: Path) -> None:
    (tmp_path / "devices.yml").write_bytes(b"a: \xff\xfe")
    _, problems = load_devices(tmp_path / "devices.yml")
    assert "is not UTF-8 text" in str(problems[0])
