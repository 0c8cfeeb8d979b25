"""The file of a beamline's states: how staff write it, and what is said of a mistake, with its place."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beamshell.errors import ConfigError, UnknownName
from beamshell.shell.conditions import Is, Near, Within
from beamshell.shell.states_file import read_states

NAMES = ("th", "samx", "mono.energy", "shutter", "ring", "temp")


def find_device(name):
    if name not in NAMES:
        raise UnknownName(f"no device '{name}'")


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / "states.yml"
        path.write_text(text)
        return read_states(path, find_device)

    return read_text


def test_each_way_to_write_a_condition_is_understood_in_the_order_of_the_file(read):
    states = read(
        """
alignment:
  doc: the direct beam
  shutter: Closed
  th: {value: 0, tolerance: 0.01, unit: deg}
  samx: -1.5
  mono.energy: {value: 8.979}
  ring: {above: 100, unit: mA}
  temp: {between: [4, 300]}
cold: {temp: {below: 10}, shutter: {value: Open}}
"""
    )
    assert states.problems == []
    assert list(states.states) == ["alignment", "cold"]
    alignment = states.find("alignment")
    assert alignment.doc == "the direct beam"
    assert list(alignment.conditions.items()) == [
        ("shutter", Is("Closed")),
        ("th", Near(0.0, 0.01, "deg")),
        ("samx", Near(-1.5)),
        ("mono.energy", Near(8.979)),
        ("ring", Within(low=100.0, unit="mA")),
        ("temp", Within(4.0, 300.0)),
    ]
    assert states.find("cold").conditions == {"temp": Within(high=10.0), "shutter": Is("Open")}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("th: {value: 0, tolerence: 1}", "a: th: no key 'tolerence': did you mean tolerance?"),
        ("tth: 0", "a: tth: no device 'tth'"),
        ("th: [1, 2]", "a: th: write {value: 0, tolerance: 0.01}, a number, a word such as Open"),
        ("th: {}", "a: th: write {value: 0"),
        ("th:", "a: th: write {value: 0"),
        ("th: {value: zero, tolerance: 1}", "a: th: tolerance makes no sense beside a word"),
        ("th: {value: 0, tolerance: -1}", "a: th: the tolerance -1.0 is below 0"),
        ("th: {value: 0, tolerance: much}", "a: th: tolerance is 'much', and not a number"),
        ("th: {value: .nan}", "a: th: value is nan, and not a number"),
        ("th: {value: 0, above: 1}", "a: th: above makes no sense beside value"),
        ("th: {above: 1, below: 2}", "a: th: above and below: write between: [4, 300]"),
        ("th: {above: 1, tolerance: 2}", "a: th: tolerance makes no sense beside a limit"),
        ("th: {between: 4}", "a: th: between is 4: write between: [4, 300]"),
        ("th: {between: [4, 3]}", "a: th: between: 4.0 is above 3.0"),
        ("shutter: true", "a: shutter: a state is a word in quotes, such as 'On'"),
    ],
)
def test_a_mistake_is_named_with_file_and_line_and_costs_its_own_state_alone(read, tmp_path, line, message):
    states = read(f"a:\n  samx: 0\n  {line}\nb: {{samx: 1}}\n")
    (problem,) = states.problems
    assert str(problem).startswith(f"{tmp_path / 'states.yml'}:3:3: {message}")
    assert list(states.states) == ["b"]
    with pytest.raises(ConfigError) as refused:
        states.find("a")
    assert str(refused.value) == str(problem)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 3\n", r":1:1: a: name devices: `a: \{th: 0, shutter: Open\}`"),
        ("a: {doc: nothing}\n", r":1:1: a: it names no device"),
        ("a: {th: 1, th: 2}\n", r":1:1: a: th is there twice"),
        ("- a\n", r":1:"),
        ("a: {th: 0\n", r":\d+:\d+: .*not YAML"),
    ],
)
def test_what_is_no_state_is_named_with_its_place(read, text, message):
    states = read(text)
    assert states.states == {}
    with pytest.raises(ConfigError, match=message):
        raise states.problems[0]


PARTS = st.sampled_from(
    [*"{}[]:,-#&*!|>'\"%@", "\n", " ", "  ", "th", "a", "value", "between", "Open", "1", ".nan", "<<"]
)


@given(st.lists(PARTS, max_size=25).map("".join))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_brings_an_error_and_what_is_not_understood_is_a_problem(read, text):
    states = read(text)
    assert all(isinstance(problem, ConfigError) for problem in states.problems)
    assert all(state.conditions for state in states.states.values())


def test_a_file_that_is_not_there_is_a_problem(tmp_path):
    (problem,) = read_states(tmp_path / "nowhere.yml", find_device).problems
    assert "nowhere.yml: cannot be read: No such file" in str(problem)


def test_an_unknown_state_offers_the_nearest(read):
    states = read("alignment: {th: 0}\n")
    with pytest.raises(UnknownName, match=r"no state 'alinment': did you mean alignment\?"):
        states.find("alinment")
    with pytest.raises(UnknownName, match="no state 'a': this beamline has none"):
        read("").find("a")
