"""A YAML file with a wrong entry: the entry costs itself, with its line, and the others are read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beamshell.devices.files import yaml_text
from beamshell.devices.files.reading import read_file
from beamshell.devices.loader import load_devices
from beamshell.errors import ConfigError

LAUGHS = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 10)
)
MERGES = "m0: &m0 {class: sim_motor}\n" + "".join(
    f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 10)}]}}\n" for n in range(1, 8)
)


def load(folder: Path, text: str) -> tuple[list[str], list[str]]:
    """The names of the devices, and the problems without the folder."""
    file = folder / "devices.yml"
    file.write_text(text, encoding="utf-8")
    registry, problems = load_devices(file)
    return list(registry), [str(problem).replace(f"{folder}/", "") for problem in problems]


WRONG = {
    "a tab": ("bad:\n\tclass: sim_motor\n", "devices.yml:4:1: bad: not YAML: found character that cannot start"),
    "an open brace": ("bad: {class: sim_motor\n", "devices.yml:3:1: bad: not YAML: did not find expected"),
    "an open quote": ('bad: {doc: "it}\n', "devices.yml:3:1: bad: not YAML: found unexpected end of stream"),
    "two colons": ("bad: class: sim_motor\n", "devices.yml:3:11: bad: not YAML: mapping values are not allowed"),
    "no colon": ("bad\n", "devices.yml:3:1: bad: not YAML: write `name: {class: ...}`"),
    "a control character": ("bad: {doc: \x01}\n", "devices.yml:3:1: bad: not YAML: unacceptable character"),
    "an unknown alias": ("bad: {class: *nothing}\n", "devices.yml:3:14: bad: not YAML: found undefined alias"),
    "an anchor again": ("bad: &x {class: sim_motor}\n", "devices.yml:3:6: bad: not YAML: second occurrence"),
    "many levels": (f"bad: {'[' * 100_000}{']' * 100_000}\n", "devices.yml:3:55: bad: not YAML: nested deeper than 50"),
    "open levels": (f"bad: {'{a: ' * 100_000}\n", "devices.yml:3:202: bad: not YAML: nested deeper than 50"),
    "dashes": (f"bad:\n  {'- ' * 100_000}\n", "devices.yml:4:101: bad: not YAML: nested deeper than 50"),
    "a key twice": ("bad: {class: sim_motor, doc: a, doc: b}\n", "devices.yml:3:1: bad: doc stands twice"),
    "a key twice, within": ("bad: {class: sim_motor, arguments: {a: 1, a: 2}}\n", "bad: found duplicate key"),
    "it holds itself": ("bad: &b {class: sim_motor, arguments: *b}\n", "devices.yml:3:6: bad: holds itself"),
    "it merges itself": ("bad: &b {class: sim_motor, <<: *b}\n", "devices.yml:3:6: bad: holds itself"),
    "it merges a word": (
        "bad: {class: sim_motor, <<: word}\n",
        "devices.yml:3:25: bad: << takes the name of an anchor",
    ),
    "no date": ("bad: {class: sim_motor, doc: 2026-13-45}\n", "devices.yml:3:30: bad: month must be in 1..12"),
    "no base64": ("bad: {class: sim_motor, doc: !!binary zzz}\n", "devices.yml:3:30: bad: failed to decode"),
    "an endless number": (f"bad: {{class: sim_motor, delay: {'9' * 5000}}}\n", "devices.yml:3:32: bad: "),
    "a list as a key": ("? [a, b]\n: {class: sim_motor}\n", "devices.yml:3:3: '?' cannot be the name of a device"),
    "a list as an argument": ("bad: {class: sim_motor, arguments: {[1]: 2}}\n", "bad: arguments: (1,) is no name"),
    "a second document": ("---\n", "devices.yml:3:1: ---: not YAML: "),
    "a directive": ("%nothing\n", "devices.yml:3:9: %nothing: not YAML: "),
    "a merge of the whole": ("<<: word\n", "devices.yml:3:1: << takes the name of an anchor"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_entry_costs_itself_and_names_its_line(wrong, tmp_path):
    entry, message = WRONG[wrong]
    devices, [problem] = load(tmp_path, f"# motors\none: &x {{class: sim_motor}}\n{entry}two: {{class: sim_det}}\n")
    assert devices == ["one", "two"]
    assert message in problem


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (LAUGHS + "bad: {class: sim_motor, tags: *l9}\n", "bad: holds more than 10000 values, by aliases of aliases"),
        (MERGES, "m7: holds more than 10000 values, by aliases of aliases"),
    ],
    ids=["lists", "merges"],
)
def test_aliases_of_aliases_cannot_fill_the_memory(entries, message, tmp_path):
    devices, problems = load(tmp_path, f"one: {{class: sim_motor}}\n{entries}two: {{class: sim_det}}\n")
    assert {"one", "two"} <= set(devices)
    assert any(message in problem for problem in problems)


def test_a_word_between_braces_may_have_a_colon_in_it(tmp_path):
    file = tmp_path / "devices.yml"
    file.write_text("one: {class: soft_signal, value: IOC:m1}\ntwo: {class: sim_motor, tags: [a:b, c::d]}\n")
    read = read_file(file)
    assert read.problems == []
    assert read.lines["one"].values["value"] == "IOC:m1"
    assert read.lines["two"].values["tags"] == ["a:b", "c::d"]
    assert read.lines["two"].places["tags"] == f"{file}:2:25"


def test_a_colon_in_a_word_costs_no_other_entry(tmp_path):
    devices, [problem] = load(
        tmp_path, "one: {class: sim_motor, doc: a:b}\nbad: {class: sim_motor\ntwo: {class: sim_det}\n"
    )
    assert devices == ["one", "two"]
    assert ":2:" in problem


def test_what_an_alias_brings_may_be_changed(tmp_path):
    text = (
        "base: &base {class: sim_motor, delay: 1}\n"
        "one: {<<: *base, delay: 2}\n"
        "two: {class: sim_motor, arguments: &more {delay: 3}}\n"
        "three: {class: sim_motor, arguments: {<<: *more, delay: 4}}\n"
    )
    file = tmp_path / "devices.yml"
    file.write_text(text)
    registry, problems = load_devices(file)
    assert problems == []
    assert [device.delay for device in registry.values()] == [1, 2, 3, 4]


def test_entries_with_an_alias_of_a_wrong_one_are_wrong_too_and_the_others_are_read(tmp_path):
    text = "bad: &b {class: sim_motor\none: {class: sim_motor}\ntwo: {<<: *b}\nthree: {class: sim_det}\n"
    devices, problems = load(tmp_path, text)
    assert devices == ["one", "three"]
    assert [problem.split(": ")[1] for problem in problems] == ["bad", "two"]


def test_a_byte_that_is_no_utf_8_is_named_with_its_line_and_costs_no_device(tmp_path):
    file = tmp_path / "devices.yml"
    file.write_bytes(b"one: {class: sim_motor}\n# M\xfcnchen\ntwo: {class: sim_det}\n")
    registry, [problem] = load_devices(file)
    assert list(registry) == ["one", "two"]
    assert str(problem) == f"{file}:2: is not UTF-8 text: save the file as UTF-8"


def test_after_a_wrong_entry_no_device_counts_as_gone(tmp_path):
    file = tmp_path / "devices.yml"
    file.write_text("one: {class: sim_motor}\nbad: {class: sim_motor\n")
    read = read_file(file)
    assert not read.is_whole
    assert list(read.broken) == ["bad"]


def test_the_entries_of_json_cannot_be_told_apart(tmp_path):
    file = tmp_path / "devices.json"
    file.write_text('{"one": {"device_class": "ophyd.EpicsMotor"},\n"bad": ]\n')
    [problem] = read_file(file).problems
    assert "devices.json:2:" in str(problem)
    assert "not YAML: " in str(problem)


# ---- any text, any value

WORDS = st.sampled_from(
    ["&x ", "*x", "<<: ", "{", "}", "[", "]", "- ", "? ", ": ", ", ", "!!set ", "!!omap ", "!!binary ", "!x ", "|", ">",
     "'", '"', "#", "%", "@", "`", "~", "---", "...", "\t", " ", "\n ", "\n\t", "\n  - ", "class", "sim_motor",
     "prefix", "enabled", "tags", "arguments", "readout", "limits", "true", ".nan", "1e999", "0o9", "2026-99-99",
     "include", "os.system", "\x01", "\ufeff", "\u2028", "é", "${HOME}", "${NO}"]
)  # fmt: skip
BODIES = st.lists(
    WORDS | st.text(st.characters(codec="utf-8", exclude_characters="\n\r\x85\u2028\u2029"), max_size=4), max_size=12
)


@example(body=["{", '"'])
@example(body=['"', "\n\t", "*x"])
@given(body=BODIES)
def test_whatever_an_entry_holds_the_devices_around_it_are_there(body, tmp_path_factory):
    entry = "bad: " + "".join(body)
    text = f'one: {{class: sim_motor, doc: "first"}}\n{entry}\ntwo: {{class: sim_motor, doc: "second"}}\n'
    devices, _ = load(tmp_path_factory.mktemp("file"), text)
    assert set(devices) - {"bad"} == {"one", "two"}, text


@given(text=st.text(st.characters(codec="utf-8"), max_size=60) | st.lists(WORDS, max_size=30).map("".join))
def test_any_text_is_read_or_refused_with_its_place(text, tmp_path_factory):
    folder = tmp_path_factory.mktemp("file")
    (folder / "any.yml").write_text(text, encoding="utf-8")
    file = read_file(folder / "any.yml")
    assert all(str(folder / "any.yml") in str(problem) for problem in file.problems)
    assert all(isinstance(problem, ConfigError) for problem in load_devices(folder / "any.yml")[1])


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values, max_size=3),
    max_leaves=8,
)
KEYS_OF = {
    "happi": ["args", "kwargs", "tags", "active", "documentation", "name", "prefix", "device_class", "location_group"],
    "guarneri": ["name", "prefix", "labels", "limits", "creator", "baseline", "read_pv"],
    "ours": [
        "class",
        "prefix",
        "address",
        "tags",
        "readout",
        "enabled",
        "read_only",
        "doc",
        "arguments",
        "args",
        "twin",
    ],
}


@pytest.mark.parametrize("form", KEYS_OF)
@given(data=st.data())
def test_whatever_values_an_item_has_the_next_one_is_there(form, data, tmp_path_factory):
    keys = st.sampled_from(KEYS_OF[form])
    item = data.draw(st.dictionaries(keys, VALUES, max_size=5))
    item = {key: value for key, value in item.items() if key != "name" or value != "good"}
    content = {
        "happi": {"bad": {"device_class": "ophyd.sim.SynAxis", **item}, "good": {"device_class": "ophyd.sim.SynAxis"}},
        "guarneri": {"ophyd.sim.SynAxis": [item, {"name": "good"}]},
        "ours": {"bad": {"class": "sim_motor", **item}, "good": {"class": "sim_motor"}},
    }[form]
    file = tmp_path_factory.mktemp("file") / "devices.yml"
    file.write_text(json.dumps(content))
    registry, _ = load_devices(file)
    assert "good" in registry


def test_an_entry_knows_its_name_and_its_lines():
    _, broken = yaml_text.parse("one: 1\n# a comment\n'bad': {\n  x: 1\ntwo: 2\n")
    [entry] = broken
    assert (entry.name, entry.line, entry.end) == ("bad", 3, 5)
