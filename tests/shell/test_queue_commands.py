"""The queue at a real IPython prompt: held, skipped, edited, repeated, and honest about who has ended an item."""

from __future__ import annotations

import pytest


def scans(prompt):
    return len(prompt.session.runs)


def states(prompt):
    return [item.state for item in prompt.session.queue.items()]


@pytest.fixture
def queue(prompt, typed):
    typed("queue clear")
    typed("queue release")
    return typed


def test_several_commands_in_quotes_are_one_item_and_are_repeated_together(queue, prompt):
    before = scans(prompt)
    queue("queue add sample=Si 'movr th 1; loopscan 1'")
    assert "2 times" in queue("queue repeat 1 2")
    shown = queue("queue run")
    assert prompt.position("th") == 2, shown
    assert scans(prompt) == before + 2
    assert prompt.session.runs[-1].start["sample"] == "Si"
    assert states(prompt) == ["done"]
    assert len(prompt.session.queue.items()[0].uids) == 2


def test_a_file_of_commands_is_queued_whatever_its_name(queue, prompt, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "th.txt").write_text("mov th 1\nmov tth 2\n")
    queue("queue add do th.txt")
    queue("queue run")
    assert (prompt.position("th"), prompt.position("tth")) == (1, 2)
    assert states(prompt) == ["done"]


def test_a_held_queue_does_not_begin_and_says_why(queue, prompt):
    queue("queue add mov th 1")
    queue("queue hold shutter is stuck")
    assert "(shutter is stuck): type queue release first" in queue("queue run")
    assert "(shutter is stuck)" in queue("queue")
    queue("queue release")
    queue("queue run")
    assert prompt.position("th") == 1


def test_a_held_or_skipped_item_is_passed_over(queue, prompt):
    for line in ("mov th 1", "mov tth 1", "mov samx 1"):
        queue(f"queue add {line}")
    assert "HELD" in queue("queue hold 1 no sample yet")
    assert "skipped" in queue("queue skip 2")
    queue("queue run")
    assert states(prompt) == ["held", "skipped", "done"]
    assert [prompt.position(name) for name in ("th", "tth", "samx")] == [0, 0, 1]


def test_an_item_is_edited_and_a_wrong_line_leaves_it_as_it_was(queue, prompt):
    queue("queue add sample=Si mov th 1")
    assert "no device 'tht'" in queue("queue edit 1 mov tht 2")
    queue("queue edit 1 sample=Ge mov th 2")
    (item,) = prompt.session.queue.items()
    assert (item.line, item.metadata) == ("mov th 2", {"sample": "Ge"})
    assert "what is to change?" in queue("queue edit 1")


@pytest.mark.parametrize(
    ("action", "state", "reason"),
    [
        ("stop", "ended", "stopped"),
        ("abort sample fell off", "ended", "aborted sample fell off"),
        ("halt", "ended", "halted"),
    ],
)
def test_what_a_person_has_ended_is_not_called_a_failure(queue, prompt, action, state, reason):
    queue("queue add loopscan 1")
    queue("queue add mov th 1")
    token = prompt.session.RE.subscribe(lambda *_: prompt.session.RE.request_pause(), "start")
    try:
        queue("queue run")
    finally:
        prompt.session.RE.unsubscribe(token)
    assert prompt.session.state == "paused"
    queue(action)
    item, other = prompt.session.queue.items()
    assert (item.state, item.reason, other.state) == (state, reason, "waiting")
    assert "ENDED" in queue("queue")


def test_an_item_that_no_version_understands_fails_alone(queue, prompt):
    prompt.session.queue.add("frobnicate th")
    prompt.session.queue.add("mov th 1")
    assert "no command 'frobnicate'" in queue("queue run on")
    assert states(prompt) == ["failed", "done"]


def test_a_rehearsal_of_the_queue_runs_nothing(queue, prompt):
    queue("queue add 'mov th 1; scan det th 0 1 3'")
    queue("queue repeat 1 2")
    assert "6 points in 2 runs" in queue("rehearse queue run")
    assert states(prompt) == ["waiting"]
