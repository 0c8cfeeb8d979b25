"""`newsample`, `newproposal`, `comment` and `tag`: what is said about the runs to come, and about those that were."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_sample(prompt):
    for key in [key for key in prompt.session.md if key.startswith(("sample", "proposal"))]:
        del prompt.session.md[key]


def start(prompt):
    return prompt.session.runs[-1].start


def test_a_new_sample_goes_into_the_metadata_of_the_following_runs(typed, prompt):
    assert typed("newsample LaB6 thickness=0.5") == "sample: LaB6, sample_thickness: 0.5\n"
    typed("scan det th 0 1 2")
    assert (start(prompt)["sample"], start(prompt)["sample_thickness"]) == ("LaB6", 0.5)
    assert "LaB6" in typed("md")


def test_what_was_said_about_the_sample_before_goes_and_other_metadata_stay(typed, prompt):
    typed("md mood good")
    typed("newsample LaB6 thickness=0.5 holder=3")
    answer = typed("newsample Si holder=4")
    assert answer == "sample: Si, sample_holder: 4\nno longer: sample_thickness: 0.5\n"
    typed("scan det th 0 1 2")
    assert "sample_thickness" not in start(prompt)
    assert start(prompt)["mood"] == "good"


def test_a_new_proposal_keeps_its_number_as_it_is_typed_and_drops_the_sample(typed, prompt):
    typed("newsample LaB6")
    answer = typed("newproposal 004512 strain in thin films")
    assert answer == "proposal: 004512, proposal_title: strain in thin films\nno longer: sample: LaB6\n"
    typed("scan det th 0 1 2")
    assert start(prompt)["proposal"] == "004512"
    assert "sample" not in start(prompt)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("newsample sample=LaB6", "'sample=LaB6' is no name of a sample: write newsample LaB6 sample=LaB6"),
        ("newsample LaB6 5", "'5' is one word too many"),
        ("newsample LaB6 1a=5", "'1a' is no name for metadata"),
        ("tag very good", "'very good' is no tag: write one word, such as good; comment takes a text"),
        ("comment run 987654 nothing", "no run has scan_id 987654"),
    ],
)
def test_a_wrong_line_is_answered_by_one_clear_line_and_its_usage(typed, line, message):
    first, *usage = typed(line).splitlines()
    assert message in first
    assert not usage or usage[0].startswith("Usage: ")


def test_a_comment_is_on_the_last_run_and_is_shown_with_it(typed, prompt):
    typed("scan det th 0 1 2")
    number = prompt.session.runs[-1].scan_id
    assert typed("comment it's T=10 K; the beam was weak") != ""
    assert typed("comment the sample slipped, don't use") == f"run {number}: the sample slipped, don't use\n"
    assert typed("tag bad") == f"run {number}: bad\n"
    shown = typed(f"runs {number}")
    assert "the sample slipped, don't use" in shown
    assert shown.index("comment") < shown.index("tag ")


def test_a_comment_and_a_tag_can_be_for_an_earlier_run(typed, prompt):
    typed("scan det th 0 1 2")
    earlier = prompt.session.runs[-1].scan_id
    typed("scan det th 0 1 2")
    assert typed(f"comment run {earlier} good after all") == f"run {earlier}: good after all\n"
    assert typed("tag run -2 keep") == f"run {earlier}: keep\n"
    assert "good after all" in typed(f"runs {earlier}")
    assert "keep" in typed(f"runs {earlier}")
    assert "good after all" not in typed("runs -1")


def test_a_comment_that_only_begins_with_the_word_run_is_a_comment(typed, prompt):
    typed("scan det th 0 1 2")
    assert typed("comment run aborted by hand").endswith(": run aborted by hand\n")


@pytest.mark.parametrize("kind", ["comment", "tag"])
def test_a_run_without_a_word_about_it_is_asked_back_and_nothing_is_noted(typed, prompt, kind):
    typed("scan det th 0 1 2")
    number = prompt.session.runs[-1].scan_id
    assert f"what about run {number}? Write {kind} run {number} good" in typed(f"{kind} run {number}")
    assert prompt.session.runs[-1].amendments == []


@pytest.mark.parametrize("line", ["comment is this good?", "comment good?", "comment was the shutter open?"])
def test_a_question_is_a_text_and_no_wish_for_help(typed, prompt, line):
    typed("scan det th 0 1 2")
    typed(line)
    (note,) = prompt.session.runs[-1].amendments
    assert line.endswith(note.value)
