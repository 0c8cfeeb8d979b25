"""The file of a beamline's metadata: how staff write it, what is refused, and what is said of a mistake in it."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beamshell.errors import PlanError, UsageError
from beamshell.shell.metadata_file import MetadataFile, MetadataRule, read_rules

FILE = """
proposal:
  required: true
  pattern: 20[0-9]{2}-[0-9]{4}
  example: 2026-1234
  doc: as on its page
sample: {required: true, example: LaB6}
sample_thickness: {unit: mm, above: 0, below: 10}
mood: {one_of: [good, bad]}
layers: {type: integer, between: [1, 99]}
in_air: {type: boolean}
"""


@pytest.fixture
def read(tmp_path):
    def read_text(text):
        path = tmp_path / "metadata.yml"
        path.write_text(text)
        return read_rules(path)

    return read_text


@pytest.fixture
def rules(read):
    rules = read(FILE)
    assert rules.problems == []
    return rules


def test_each_way_to_write_a_rule_is_understood(rules):
    assert rules.by_key["sample"] == MetadataRule("sample", required=True, example="LaB6")
    assert rules.by_key["sample_thickness"] == MetadataRule(
        "sample_thickness", type="number", unit="mm", above=0, below=10
    )
    assert rules.by_key["layers"].between == (1, 99)


@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        ("proposal", "2026-0001", "2026-0001"),
        ("sample", "LaB6", "LaB6"),
        ("sample_thickness", "0.5", 0.5),
        ("sample_thickness", 3, 3),
        ("mood", "bad", "bad"),
        ("layers", "7", 7),
        ("in_air", "yes", True),
        ("in_air", False, False),
        ("another", "12", 12),
    ],
)
def test_a_value_that_is_allowed_is_what_it_was_typed_for(rules, key, typed, value):
    assert rules.value(key, typed) == value


@pytest.mark.parametrize(
    ("key", "typed", "message"),
    [
        (
            "proposal",
            "12",
            "proposal: 12 has not the right form: newproposal 2026-1234 (as on its page)",
        ),
        ("sample_thickness", "thick", "sample_thickness: 'thick' is no number: md sample_thickness 1"),
        ("sample_thickness", "-1", "sample_thickness: -1 mm is not above 0 mm: md sample_thickness 1"),
        ("sample_thickness", "50", "sample_thickness: 50 mm is not below 10 mm: md sample_thickness 1"),
        ("sample_thickness", "nan", "sample_thickness: 'nan' is no number"),
        ("mood", "so so", "mood: so so is none of good, bad: md mood good"),
        ("layers", "1.5", "layers: '1.5' is no integer: md layers 1"),
        ("layers", "0", "layers: 0 is not between 1 and 99: md layers 1"),
        ("in_air", "perhaps", "in_air: 'perhaps' is no boolean: md in_air yes"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_with_what_to_type(rules, key, typed, message):
    with pytest.raises(UsageError) as refusal:
        rules.value(key, typed)
    assert str(refusal.value).startswith(message)


def test_a_run_without_what_is_required_is_refused_in_one_line(rules):
    rules.refuse({"proposal": "2026-1234", "sample": "LaB6", "other": object()})
    with pytest.raises(PlanError, match=r"^no proposal: newproposal 2026-1234 \(as on its page\)$"):
        rules.refuse({"sample": "LaB6"})
    with pytest.raises(PlanError, match=r"^no proposal, sample: newproposal 2026-1234 .*; newsample LaB6$"):
        rules.refuse({"sample": ""})


def test_a_run_with_a_wrong_value_is_refused(rules):
    with pytest.raises(PlanError, match=r"^layers: 'many' is no integer: md layers 1$"):
        rules.refuse({"proposal": "2026-1234", "sample": "LaB6", "layers": "many"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "1:1: write `sample_thickness: {type: number"),
        ("a: 5\n", "1:1: a: write `sample_thickness"),
        ("a b: {required: true}\n", "1:1: 'a b' is no name for metadata"),
        ("a: {requird: true}\n", "1:5: a: no key 'requird': did you mean required?"),
        ("a: {required: perhaps}\n", "1:5: a: required: write true or false"),
        ("a: {required: true, required: true}\n", "1:1: a: required is there twice"),
        ("a: {type: float}\n", "1:5: a: type: 'float' is none of text, number, integer, boolean"),
        ("a: {type: [1]}\n", "1:5: a: type: '[1]' is none of"),
        ("a: {one_of: good}\n", "1:5: a: one_of: write a list, such as [good, bad]"),
        ("a: {above: high}\n", "1:5: a: above: 'high' is not a number"),
        ("a: {between: [1]}\n", "1:5: a: between: write [0, 10]"),
        ("a: {pattern: '[', example: x}\n", "1:5: a: pattern: unterminated character set"),
        ("a: {pattern: x+}\n", "1:1: a: a pattern needs an example"),
        ("a: {pattern: x+, example: y}\n", "1:1: a: the example y has not the right form"),
        ("a: {below: 1, example: 2}\n", "1:1: a: the example 2 is not below 1"),
        ("a: {\n", "not YAML"),
    ],
)
def test_a_mistake_is_said_with_its_place_and_the_other_rules_count(read, text, message):
    rules = read(text)
    (problem,) = rules.problems
    assert message in str(problem)
    assert "metadata.yml:" in str(problem)
    assert rules.by_key == {}
    if text.startswith("a"):
        assert "mood" in read(f"mood: {{one_of: [good]}}\n{text}").by_key


def test_a_file_that_is_not_there_is_a_problem_and_no_rule(tmp_path):
    rules = read_rules(tmp_path / "gone.yml")
    assert "gone.yml: cannot be read: No such file" in str(rules.problems[0])


def test_what_is_changed_in_the_file_counts_at_once(tmp_path):
    path = tmp_path / "metadata.yml"
    file = MetadataFile(lambda: path)
    assert len(file.rules.problems) == 1
    path.write_text("sample: {required: true}")
    assert list(file.rules.by_key) == ["sample"]
    assert file.rules is file.rules
    path.write_text("mood: {required: true, doc: how it is}")
    os.utime(path, ns=(1, 1))
    assert list(file.rules.by_key) == ["mood"]
    assert MetadataFile(lambda: None).rules.by_key == {}


_scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
_values = _scalars | st.lists(_scalars, max_size=3) | st.dictionaries(st.text(max_size=3), _scalars, max_size=2)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=_values)
def test_any_value_of_a_key_is_allowed_or_refused_in_words(rules, value):
    for key in rules.by_key:
        rule = rules.by_key[key]
        problem = rule.problem(value)
        assert problem == "" or "\n" not in problem
    try:
        rules.refuse({"proposal": "2026-1234", "sample": "LaB6", "layers": value, "mood": value})
    except PlanError as refusal:
        assert str(refusal)  # noqa: PT017


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["required", "type", "one_of", "pattern", "above", "unit", "example"]), _values))
def test_any_rule_is_read_or_said_to_be_wrong(tmp_path, rule):
    import json

    path = tmp_path / "any.yml"
    path.write_text(json.dumps({"a": rule}))
    rules = read_rules(path)
    assert (len(rules.by_key), len(rules.problems)) in ((1, 0), (0, 1))
