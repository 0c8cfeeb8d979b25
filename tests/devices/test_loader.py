"""What a device file says becomes devices; what is wrong with it becomes messages with file and line."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tiny_package import installed

from beamshell import plugins
from beamshell.devices.loader import Changes, load_devices, reload_devices
from beamshell.devices.registry import Registry
from beamshell.errors import ConfigError, LimitError, ReadOnlyError, UnknownName


class Box:
    """A device that takes what a file may give."""

    def __init__(self, prefix: str = "", *, name: str, size: float = 1.0, limits: tuple[float, float] = (0, 0)) -> None:
        if size < 0:
            raise ValueError("a box has a size")
        if size == 0:
            raise KeyError(None)
        self.prefix, self.name, self.size, self.limits = prefix, name, size, limits

    def read(self) -> dict[str, object]:
        return {}

    def describe(self) -> dict[str, object]:
        return {}


class Closing(Box):
    is_closed = False

    def destroy(self) -> None:
        self.is_closed = True


class LooseBox(Box):
    def __init__(self, prefix: str = "", **kwargs: object) -> None:
        super().__init__(prefix, **kwargs)  # type: ignore[arg-type]


class Pair(Box):
    def __init__(self, first: int, second: int, *, name: str) -> None:
        raise ValueError(f"no {first} is even")


@pytest.fixture(autouse=True)
def box_module(monkeypatch: pytest.MonkeyPatch) -> None:
    import types

    module = types.ModuleType("boxes")
    module.Box, module.LooseBox, module.Closing, module.Pair = Box, LooseBox, Closing, Pair  # type: ignore[attr-defined]
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
    assert entry.place.endswith("devices.yml:1:1")


def test_one_bad_device_never_stops_the_rest(tmp_path: Path) -> None:
    registry, problems = load(
        tmp_path, "a: {class: boxes.Box}\nb: {class: boxes.Box, size: -1}\nc: {class: boxes.Box}\n"
    )
    assert list(registry) == ["a", "c"]
    assert problems == ["devices.yml:2:1: b: Box could not be built: a box has a size"]


def test_an_error_without_words_is_named_by_its_kind(tmp_path: Path) -> None:
    _, problems = load(tmp_path, "b: {class: boxes.Box, size: 0}\n")
    assert problems == ["devices.yml:1:1: b: Box could not be built: KeyError: None"]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("class: motor", "missing key 'prefix' (write prefix: \"BL:th\")"),
        ("class: signal", "missing key 'address' (write address: \"BL:th\")"),
        ("class: boxes.Pair, first: 1", "missing key 'second'"),
        ("class: boxes.Pair, args: [1, 2]", "Pair could not be built: no 1 is even"),
    ],
)
def test_a_key_that_is_missing_is_named(tmp_path: Path, entry: str, reason: str) -> None:
    _, problems = load(tmp_path, f"th: {{{entry}}}\n")
    assert problems == [f"devices.yml:1:1: th: {reason}"]


def test_a_bad_device_stays_known_by_its_reason(tmp_path: Path) -> None:
    registry, _ = load(tmp_path, "b: {class: boxes.Box, size: -1}\n")
    with pytest.raises(UnknownName, match=r"no device 'b': .*devices.yml:1:1: b: Box could not be built"):
        registry.find("b")


def test_a_device_switched_off_says_where(tmp_path: Path) -> None:
    registry, problems = load(tmp_path, "b:\n  class: boxes.Box\n  enabled: false\n")
    assert problems == []
    with pytest.raises(UnknownName, match=r"it is switched off at .*devices.yml:3:3"):
        registry.find("b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n  class: boxes.Box\n  sise: 3\n", "devices.yml:3:3: a: unknown key 'sise': did you mean size?"),
        ("a: {class: motr}\n", "devices.yml:1:5: a: no class 'motr': did you mean motor?"),
        ("a: {class: boxes.Crate}\n", "devices.yml:1:5: a: class boxes.Crate cannot be imported: "),
        ("a: {class: no_such_thing.Box}\n", "cannot be imported: No module named 'no_such_thing'"),
        ("a: {prefix: X}\n", "devices.yml:1:1: a: missing key 'class'"),
        ("a: {class: 7}\n", "devices.yml:1:5: a: class is 7; write class: motor"),
        (
            "a: {class: boxes.Box, readout: baselin}\n",
            "devices.yml:1:23: a: no readout 'baselin': did you mean baseline?",
        ),
        ("a: {class: boxes.Box, enabled: 1}\n", "devices.yml:1:23: a: enabled is 1; write true or false"),
        ("a: {class: boxes.Box, tags: sample}\n", "devices.yml:1:23: a: tags is 'sample'; write a list of words"),
        ("a: {class: boxes.Box, prefix: 5}\n", "devices.yml:1:23: a: prefix is 5; write text"),
        ("a: {class: boxes.Box, arguments: {sise: 1}}\n", "a: Box takes no 'sise': did you mean size?"),
        ("a: 5\n", "devices.yml:1:1: a: write {class: ..., "),
        ("set: {class: boxes.Box}\n", "devices.yml:1:1: 'set' cannot be the name of a device: Python has a set"),
        ("sam x: {class: boxes.Box}\n", "devices.yml:1:1: 'sam x' cannot be the name of a device"),
        ("a: {class: boxes.Box, size: !!python/name:os.system x}\n", "devices.yml:1:29: a: "),
        ("- a\n- b\n", "devices.yml:1:1: a device file is a mapping of names"),
        ("a: {class: boxes.Box\n", "devices.yml:1:1: a: not YAML: "),
        ("a: {class: boxes.Box}\n\tb: 1\n", "devices.yml:2:1: a: not YAML: "),
    ],
)
def test_what_is_wrong_is_reported_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    registry, problems = load(tmp_path, text)
    assert list(registry) == []
    assert len(problems) == 1
    assert message in problems[0]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            "class: controller, setpoint: a, readback: b, holds_on_stop: no",
            "holds_on_stop is 'no'; write true or false",
        ),
        ("class: positioner, prefix: A, tolerance: wide", "tolerance is 'wide'; write a number"),
        ("class: positioner, prefix: A, tolerance: .nan", "tolerance is nan; write a number"),
        ("class: positioner, prefix: A, tolerance: -0.1", "a tolerance of -0.1 is not above 0"),
        ("class: sim_motor, limits: 5", "limits are two numbers, [low, high], not 5"),
    ],
)
def test_a_value_of_another_kind_than_the_class_takes_costs_the_device_with_what_to_write(tmp_path, entry, message):
    registry, problems = load(tmp_path, f"a: {{{entry}}}\n")
    assert list(registry) == []
    assert message in problems[0]


def test_a_name_defined_twice_keeps_the_first(tmp_path: Path) -> None:
    registry, problems = load(tmp_path, "a: {class: boxes.Box, size: 1}\na: {class: boxes.Box, size: 2}\n")
    assert registry["a"].size == 1
    assert problems == ["devices.yml:2:1: a: is defined twice; the first is at devices.yml:1:1"]


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


# ---- includes and overrides ------------------------------------------------------------------------


def test_an_included_file_brings_its_devices(tmp_path: Path) -> None:
    (tmp_path / "optics.yml").write_text("mono: {class: boxes.Box, size: 2}\n")
    registry, problems = load(tmp_path, "include: optics.yml\na: {class: boxes.Box}\n")
    assert (list(registry), problems) == (["mono", "a"], [])
    assert registry.entry("mono").place.endswith("optics.yml:1:1")


def test_a_line_without_a_class_changes_what_it_names_of_an_included_device(tmp_path: Path) -> None:
    (tmp_path / "optics.yml").write_text("mono: {class: boxes.Box, size: 2, prefix: X}\n")
    registry, problems = load(tmp_path, "include: [optics.yml]\nmono: {size: 3, tags: [optics]}\n")
    assert problems == []
    assert (registry["mono"].size, registry["mono"].prefix, registry.entry("mono").tags) == (3, "X", {"optics"})


def test_a_line_with_a_class_stands_for_itself(tmp_path: Path) -> None:
    (tmp_path / "optics.yml").write_text("mono: {class: no.such.Class, prefix: X}\n")
    registry, problems = load(tmp_path, "mono: {class: boxes.Box}\ninclude: [optics.yml]\n")
    assert problems == []
    assert registry["mono"].prefix == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("include: none.yml\na: {class: boxes.Box}\n", "devices.yml:1:1: include: there is no file "),
        ("include: devices.yml\na: {class: boxes.Box}\n", "devices.yml: includes itself"),
        ("include: {class: motor}\na: {class: boxes.Box}\n", "devices.yml:1:1: include is {'class': 'motor'}; write"),
        ("include: bad.yml\na: {class: boxes.Box}\n", "bad.yml:2:1: a: not YAML"),
        ("a: {class: boxes.Box}\nb: {class: boxes.Box, size: 1, size: 2}\n", "devices.yml:2:1: b: size stands twice"),
    ],
)
def test_what_cannot_be_read_never_stops_the_rest(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.yml").write_text("a: 1\n\tb: 2\n")
    registry, problems = load(tmp_path, text)
    assert list(registry) == ["a"]
    assert len(problems) == 1
    assert message in problems[0]


def test_an_override_that_makes_no_sense_leaves_the_device_out(tmp_path: Path) -> None:
    (tmp_path / "optics.yml").write_text("mono: {class: boxes.Box}\n")
    registry, problems = load(tmp_path, "include: optics.yml\nmono: off\n")
    assert "mono" not in registry
    assert problems == ['devices.yml:2:1: mono: write {class: ..., prefix: "..."} after the name']
    assert "devices.yml:2:1" in registry.absent["mono"]


def test_positional_arguments_reach_a_class_that_wants_them(tmp_path: Path) -> None:
    registry, problems = load(tmp_path, "a: {class: boxes.Box, args: [X], arguments: {size: 2}}\n")
    assert problems == []
    assert (registry["a"].prefix, registry["a"].size) == ("X", 2)


# ---- addresses ---------------------------------------------------------------------------------------


def test_an_address_may_name_a_variable_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_PREFIX", "LAB")
    text = 'a: {class: boxes.Box, prefix: "${LAB_PREFIX}:m1", limits: ["${LAB_PREFIX}"]}\n'
    registry, problems = load(tmp_path, text)
    assert problems == []
    assert (registry["a"].prefix, registry["a"].limits) == ("LAB:m1", ["LAB"])


def test_a_variable_that_the_environment_lacks_is_named_with_its_place(tmp_path: Path) -> None:
    registry, problems = load(tmp_path, 'a: {class: boxes.Box, prefix: "${NO_SUCH_PREFIX}:m1"}\n')
    assert len(problems) == 1
    assert problems[0].endswith(
        "devices.yml:1:23: a: prefix: the environment has no NO_SUCH_PREFIX: set it before the console starts"
    )
    assert "NO_SUCH_PREFIX" in registry.absent["a"]


def test_an_address_is_another_word_for_a_prefix(tmp_path: Path) -> None:
    text = 'a: {class: signal, address: "soft://a_in_a_file", value: 2, units: mm, limits: [0, 5]}\n'
    registry, problems = load(tmp_path, text + "b: {class: boxes.Box, prefix: X, address: Y}\n")
    assert len(problems) == 1
    assert "b: has both a prefix and an address, which mean the same: leave one out" in problems[0]
    a = registry["a"]
    assert (a.get(), a.units, a.limits) == (2, "mm", (0.0, 5.0))
    with pytest.raises(LimitError, match="a: 6 mm is above the limit 5 mm"):
        a.set(6)
    a.destroy()


def test_a_missing_library_is_no_error_but_the_reason_why_a_device_is_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "httpx", None)
    registry, problems = load(tmp_path, 'chiller: {class: signal, address: "http://nowhere/x"}\n')
    assert problems == []
    assert 'pip install "beamshell[http]"' in registry.absent["chiller"]


# ---- read-only ---------------------------------------------------------------------------------------


def test_a_read_only_device_refuses_every_write_and_can_be_read(tmp_path: Path) -> None:
    text = "m: {class: sim_motor, read_only: true}\ng: {class: soft_signal, read_only: true}\n"
    registry, problems = load(tmp_path, text)
    assert problems == []
    for write in (lambda: registry["m"].set(1), lambda: registry["m"].check_value(1), lambda: registry["g"].put(1)):
        with pytest.raises(ReadOnlyError, match=r"read.only"):
            write()
    for _, signal in registry["m"].walk_signals(include_lazy=True):
        with pytest.raises(ReadOnlyError, match="read-only"):
            signal.set(1)
    registry["m"].stop()
    assert registry["m"].position == 0


# ---- reload ------------------------------------------------------------------------------------------


def reloaded(tmp_path: Path, registry: Registry, text: str) -> tuple[Changes, list[str]]:
    (tmp_path / "devices.yml").write_text(text)
    changes, problems = reload_devices(tmp_path / "devices.yml", registry)
    return changes, [str(problem) for problem in problems]


def test_a_device_whose_line_is_the_same_stays_the_same_object(tmp_path: Path) -> None:
    registry, _ = load(tmp_path, "a: {class: boxes.Box, size: 1}\nb: {class: boxes.Box}\n")
    a, b = registry["a"], registry["b"]
    changes, problems = reloaded(
        tmp_path, registry, "# moved down\nb: {class: boxes.Box, size: 5}\na: {class: boxes.Box, size: 1, tags: [x]}\n"
    )
    assert problems == []
    assert registry["a"] is a
    assert registry["b"] is not b
    assert registry["b"].size == 5
    assert registry.entry("a").place.endswith("devices.yml:3:1")
    assert changes.lines() == ["b: made anew: size none -> 5", "a: tags [] -> ['x']"]


def test_devices_come_and_go_with_their_lines(tmp_path: Path) -> None:
    registry, _ = load(tmp_path, "a: {class: boxes.Box}\nb: {class: boxes.Box}\nc: {class: boxes.Box}\n")
    mine = registry.add(Box(name="mine"))
    text = "a: {class: boxes.Box}\nb: {class: boxes.Box, enabled: false}\nd: {class: boxes.Box}\n"
    changes, _ = reloaded(tmp_path, registry, text)
    assert set(registry) == {"a", "d", "mine"}
    assert (changes.added, sorted(changes.removed), changes.replaced) == (["d"], ["b", "c"], {})
    assert registry["mine"] is mine
    assert "switched off" in registry.absent["b"]


@pytest.mark.parametrize(
    "text", ["a: {class: boxes.Box, sise: 3}\n", "a: {class: boxes.Box\n", "a: 5\n", "include: gone.yml\n"]
)
def test_a_mistake_in_the_file_leaves_the_devices_that_are_there(tmp_path: Path, text: str) -> None:
    registry, _ = load(tmp_path, "a: {class: boxes.Box}\n")
    a = registry["a"]
    changes, problems = reloaded(tmp_path, registry, text)
    assert registry["a"] is a
    assert changes.lines() == []
    assert len(problems) == 1


def test_a_replaced_device_gives_its_channels_back(tmp_path: Path) -> None:
    registry, _ = load(tmp_path, "a: {class: boxes.Closing}\n")
    a = registry["a"]
    reloaded(tmp_path, registry, "a: {class: boxes.Closing, size: 3}\n")
    assert a.is_closed
    assert not registry["a"].is_closed


def test_the_time_that_a_device_took_to_make_is_known(tmp_path: Path) -> None:
    registry, _ = load(tmp_path, "a: {class: boxes.Box}\n")
    assert registry.entry("a").load_s > 0


def test_an_absent_device_has_a_placeholder_that_says_why(tmp_path: Path) -> None:
    registry, _ = load(tmp_path, "a: {class: motr}\n")
    placeholder = registry.namespace()["a"]
    assert "no class 'motr': did you mean motor?" in repr(placeholder)
    assert not hasattr(placeholder, "read")
    with pytest.raises(UnknownName, match="did you mean motor"):
        placeholder.read()


# ---- classes of other packages


@pytest.fixture
def offered(tmp_path: Path) -> Iterator[Callable[[str], None]]:
    """Another package offers a class "crate" for device files; it is given the text of its module."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    with contextlib.ExitStack() as stack:

        def offer(source: str) -> None:
            stack.enter_context(installed(folder, "crates", source, {"beamshell.devices": {"crate": "Crate"}}))

        yield offer


def test_another_package_can_add_a_class_by_a_short_name(tmp_path: Path, offered: Callable[[str], None]) -> None:
    offered("from boxes import Box as Crate\n")
    registry, problems = load(tmp_path, "a: {class: crate, size: 2}\nb: {class: crat}\n")
    assert registry["a"].size == 2
    assert problems == ["devices.yml:2:5: b: no class 'crat': did you mean crate?"]


def test_a_package_that_cannot_be_imported_costs_its_own_devices_only(
    tmp_path: Path, offered: Callable[[str], None]
) -> None:
    offered("import no_such_library\n")
    registry, [problem] = load(tmp_path, "a: {class: crate}\nb: {class: boxes.Box}\n")
    assert list(registry) == ["b"]
    assert re.search(r"devices.yml:1:5: a: the package crates .*'crate'.*No module named 'no_such_library'$", problem)


def test_other_packages_are_not_looked_for_while_all_names_are_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(plugins, "entry_points_of", calls.append)
    load(tmp_path, "a: {class: sim_motor}\nb: {class: boxes.Box}\n")
    assert calls == []
