"""A beamline's own words of messages, and what is said of a template that cannot be filled."""

from __future__ import annotations

import json

import pytest

from beamshell.errors import ConfigError
from beamshell.follow.discretion import Discretion
from beamshell.follow.happenings import HappeningFinder
from beamshell.follow.lines import Line
from beamshell.follow.texts import FIELDS, Texts

START = {
    "uid": "r",
    "time": 100.0,
    "scan_id": 7,
    "command": "scan det th -1 1 21",
    "sample": "LaB6",
    "operator": "kate",
}
STOP = {"time": 160.0, "exit_status": "fail", "reason": "th: stalled", "num_events": {"primary": 4}}


@pytest.fixture
def failed():
    finder = HappeningFinder()
    lines = [
        Line("r:1", "r", "start", json.dumps(START | {"operator": "kate"})),
        Line("r:2", "r", "stop", json.dumps(STOP)),
    ]
    return [happening for line in lines for happening in finder.take(line)][-1]


def words(templates, happening):
    told = Texts(templates).in_words(happening)
    return told.title, told.text


def test_the_first_line_of_a_template_is_the_title(failed):
    template = "BL12 {scan} ({sample}): {reason}\n{operator}, after {points} and {duration}\n{text}"
    title, text = words({"failed": template}, failed)
    assert title == "BL12 7 (LaB6): th: stalled"
    assert text == f"kate, after 4 points and 1 min 0 s\n{failed.text}"


def test_a_kind_without_a_template_keeps_its_words(failed):
    assert Texts({"completed": "{scan}"}).in_words(failed) == failed


def test_a_field_that_a_happening_does_not_have_is_empty(failed):
    assert words({"failed": "{scan}{comment}{proposal}"}, failed) == ("7", "")
    assert words({"failed": "{comment}"}, failed) == (failed.title, failed.text)


def test_a_value_with_brackets_is_taken_as_it_is(failed):
    assert words({"failed": "{{{reason}}}"}, failed._replace(facts={"reason": "{scan}"})) == ("{{scan}}", "")


@pytest.mark.parametrize(
    ("templates", "message"),
    [
        ({"failed": "{sampel}"}, "texts: failed: no field '{sampel}': did you mean sample"),
        ({"failed": "{0}"}, "texts: failed: no field '{0}': there is title, text, kind, time, scan"),
        ({"failed": "{}"}, "texts: failed: no field '{}'"),
        ({"failed": "{reason.__class__}"}, "texts: failed: no field '{reason.__class__}'"),
        ({"failed": "{scan"}, "texts: failed: this is no template"),
        ({"failed": "{scan:d}"}, "texts: failed: this is no template"),
        (
            {"failed": "{scan!r:{points}}"},
            "texts: failed: '{points}' is no format of a field: write one such as {scan:>6}",
        ),
        ({"failed": "{scan:>999999999}"}, "texts: failed: '>999999999' is no format of a field"),
        ({"failed": "{scan:.1000}"}, "texts: failed: '.1000' is no format of a field"),
        ({"failed": 5}, "texts: failed: this is no template"),
        ({"fail": "{scan}"}, "texts: no kind 'fail' of happenings: did you mean failed"),
    ],
)
def test_a_template_that_cannot_be_filled_is_one_line(templates, message):
    with pytest.raises(ConfigError) as wrong:
        Texts(templates)
    assert str(wrong.value).startswith(message)
    assert "\n" not in str(wrong.value)


def test_a_field_has_the_width_that_its_format_says(failed):
    assert words({"failed": "{scan:0>4}|{sample:.2}|{reason!r}"}, failed) == ("0007|La|'th: stalled'", "")


def test_a_template_can_have_all_fields(failed):
    title, text = words({"failed": "|".join(f"{{{field}}}" for field in FIELDS if field != "text")}, failed)
    assert title.startswith(f"{failed.title}|failed|1970-01-01")
    assert title.endswith("|7|scan det th -1 1 21|LaB6||kate|fail|4 points|1 min 0 s|th: stalled|")
    assert text == ""


def test_words_and_facts_wait_over_a_restart(failed):
    before, after = Discretion(), Discretion()
    before.offer([Texts({"failed": "{scan} failed"}).in_words(failed)])
    after.remember(json.loads(json.dumps(before.memory())))
    (message,) = after.messages(1000.0)
    assert message.title == "7 failed"
    assert message.happenings[0].facts == failed.facts
