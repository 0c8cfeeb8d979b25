"""The command continue at a prompt without a terminal: what it says, what it moves, and what it refuses."""

from __future__ import annotations

import gc

import numpy as np
import pytest

from beamshell.plans.preprocessors import SupplementalData
from beamshell.store.encoding import from_json, to_json

SCAN = "scan det th -1 1 21"
OWN_STEP = "lambda detectors, step, places: bps.one_nd_step(detectors, step, places)"


@pytest.fixture
def cut(prompt, typed):
    """Types a scan that is aborted behind a point, and gives its run."""

    def type_and_cut(line, point):
        engine = prompt.session.RE
        token = engine.subscribe(lambda _, doc: doc["seq_num"] == point and engine.abort("enough"), "event")
        shown = typed(line)
        engine.unsubscribe(token)
        run = prompt.session.runs[-1]
        assert (run.exit_status, run.num_events["primary"]) == ("abort", point), shown
        return run

    return type_and_cut


def last(prompt):
    return prompt.session.runs[-1]


def test_a_scan_that_was_aborted_goes_on_behind_its_last_point(prompt, typed, cut):
    parent = cut(SCAN, 7)
    typed("mov th 5")
    shown = typed("continue")
    assert f"run {parent.scan_id} goes on at point 8 of 21: {SCAN}\n" in shown
    assert "th: 5.000" in shown
    assert "-> -0.400" in shown
    run = last(prompt)
    assert run.exit_status == "success"
    assert run.num_events["primary"] == 14
    assert run.parent == parent
    assert run.start["continues"] == parent.uid
    assert run.start["continued_at"] == 8
    assert run.start["command"] == SCAN
    assert run.start["plan_form"] == parent.start["plan_form"]
    whole = run.whole()
    assert whole["seq_num"].tolist() == list(range(1, 22))
    assert np.array_equal(whole["th"], np.linspace(-1, 1, 21))


def test_the_list_of_runs_says_which_run_is_continued(prompt, typed, cut):
    parent = cut(SCAN, 3)
    typed("continue")
    assert f"{SCAN} (continues {parent.scan_id})" in typed("runs")
    assert f"(continues {parent.scan_id})" in repr(last(prompt))
    assert "runs[-1].whole()" in typed("continue?")


def test_a_scan_is_continued_by_its_number_and_from_its_newest_part(prompt, typed, cut):
    first = cut(SCAN, 4)
    second = cut("continue", 5)
    assert second.parent == first
    typed("scan det samx 0 1 3")
    typed(f"continue {first.scan_id}")
    run = last(prompt)
    assert run.parent == second
    assert run.start["continued_at"] == 10
    assert [part.scan_id for part in run.parts] == [first.scan_id, second.scan_id, run.scan_id]
    assert np.array_equal(run.whole()["th"], np.linspace(-1, 1, 21))
    assert "it is complete, 21 of 21 points" in typed(f"continue {first.scan_id}")


def test_a_scan_around_a_place_goes_on_around_that_place(prompt, typed, cut):
    typed("mov th 0.3")
    cut("rscan det th -1 1 11", 5)
    assert prompt.position("th") == 0.3
    typed("mov th 4")
    typed("continue")
    assert np.array_equal(last(prompt).whole()["th"], 0.3 + np.linspace(-1, 1, 11))
    assert prompt.position("th") == 0.3


def test_a_snaked_grid_goes_on_in_its_row(prompt, typed, cut):
    typed("grid det samx 0 1 5 th -2 2 5 snake")
    undisturbed = last(prompt)
    assert undisturbed.start["snaking"] == [False, True]
    cut("grid det samx 0 1 5 th -2 2 5 snake", 8)
    typed("mov th 0 samx 5")
    typed("continue")
    for key in ("th", "samx", "det"):
        assert np.array_equal(last(prompt).whole()[key], undisturbed.table()[key])


def test_each_point_counts_as_long_as_before(prompt, typed, cut):
    det = prompt.session.devices["det"]
    det.count_time.set(0.02).wait(5)
    cut("scan det th 0 1 5", 2)
    det.count_time.set(0.5).wait(5)
    typed("continue")
    assert last(prompt).config["det"][det.count_time.name] == 0.02
    assert det.count_time.get() == 0.5
    det.count_time.set(0.0).wait(5)


def test_the_samples_of_both_runs_are_the_same_and_the_operator_is_who_types(prompt, typed, cut):
    typed("md sample LaB6")
    parent = cut(SCAN, 3)
    typed("md sample Si")
    typed("continue")
    assert last(prompt).start["sample"] == parent.start["sample"] == "LaB6"
    assert last(prompt).start["operator"] == prompt.session.operator
    typed("md del sample")


def test_a_motor_beside_the_scan_that_was_moved_since_is_named_and_left(prompt, typed, cut):
    beside = SupplementalData(baseline=[prompt.session.devices["samx"]])
    prompt.session.RE.preprocessors.append(beside)
    try:
        parent = cut(SCAN, 7)
        typed("mov samx 2")
        assert f"samx: 2.000, at run {parent.scan_id} 0.000; it stays there" in typed("continue")
        assert prompt.position("samx") == 2
    finally:
        prompt.session.RE.preprocessors.remove(beside)


def test_it_can_be_rehearsed_and_nothing_moves(prompt, typed, cut):
    parent = cut(SCAN, 7)
    number = len(prompt.session.runs)
    typed("mov th 2")
    assert "14 points" in typed(f"rehearse continue {parent.scan_id}")
    assert prompt.position("th") == 2
    assert len(prompt.session.runs) == number


def test_in_python_it_is_a_function_and_a_plan(prompt, typed, cut):
    parent = cut(SCAN, 7)
    typed(f"continue_scan({parent.scan_id})")
    assert last(prompt).parent == parent
    parent = cut(SCAN, 7)
    typed(f"RE(continue_scan({parent.scan_id}))")
    assert last(prompt).parent == parent


def test_a_scan_that_was_given_to_the_engine_goes_on_too(prompt, typed, cut):
    cut("RE(bp.grid_scan([det], samx, 0, 1, 3, th, -1, 1, 3, snake_axes=True))", 4)
    typed("continue")
    assert last(prompt).whole()["th"].tolist() == [-1, 0, 1, 1, 0, -1, -1, 0, 1]


def test_python_keeps_its_own_word_in_loops(prompt, typed, cut):
    cut(SCAN, 7)
    number = len(prompt.session.runs)
    typed("kept = []\nfor i in range(4):\n    if i % 2:\n        continue\n    kept.append(i)")
    typed("for i in (7, 8): continue")
    assert prompt.names["kept"] == [0, 2]
    assert prompt.names["i"] == 8
    assert len(prompt.session.runs) == number
    typed("x = 1; continue")
    assert len(prompt.session.runs) == number + 1


# ---- in a new console ----------------------------------------------------------------------------


@pytest.fixture
def new_console(prompt, monkeypatch):
    """The console as if it had just been opened: no run is its own."""
    monkeypatch.setattr(type(prompt.session), "own_runs", property(lambda _: []))
    return prompt


@pytest.fixture
def answers(monkeypatch):
    """What the person answers when asked; the questions are kept."""
    asked = []

    def attend(answer):
        def agrees(question, **_):
            asked.append(question)
            return answer

        monkeypatch.setattr("beamshell.shell.commands.continuing.is_attended", lambda _: True)
        monkeypatch.setattr("beamshell.shell.commands.continuing.agrees", agrees)
        return asked

    return attend


def test_a_new_console_shows_the_newest_unfinished_run_and_asks(new_console, typed, cut, answers):
    parent = cut(SCAN, 7)
    typed("scan det samx 0 1 3")
    asked = answers(True)
    assert f"run {parent.scan_id} goes on at point 8 of 21" in typed("continue")
    assert asked == ["Continue it?"]
    assert last(new_console).parent == parent


def test_if_the_answer_is_no_nothing_moves(new_console, typed, cut, answers):
    cut(SCAN, 7)
    typed("mov th 3")
    number = len(new_console.session.runs)
    answers(False)
    assert "not continued" in typed("continue")
    assert new_console.position("th") == 3
    assert len(new_console.session.runs) == number
    gc.collect()
    assert "not run" not in typed("x = 1")


def test_where_nobody_can_be_asked_a_run_of_another_console_must_be_named(new_console, typed, cut):
    parent = cut(SCAN, 7)
    typed("mov th 3")
    assert f"write continue {parent.scan_id}" in typed("continue")
    assert new_console.position("th") == 3
    typed(f"continue {parent.scan_id}")
    assert last(new_console).parent == parent


def test_runs_that_were_continued_or_cannot_be_are_passed_over(new_console, typed, cut, answers):
    parent = cut(SCAN, 7)
    done = cut("scan det th 0 1 5", 2)
    typed(f"continue {done.scan_id}")
    cut("RE(bp.adaptive_scan([det], 'det', th, 0, 3, 0.1, 0.5, 1, False))", 2)
    answers(True)
    assert f"run {parent.scan_id} goes on at point 8" in typed("continue")


# ---- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("RE(bp.adaptive_scan([det], 'det', th, 0, 3, 0.1, 0.5, 1, False))", "adaptive_scan: where its points are"),
        ("RE(bp.scan_until([det], th, 0, 0.1, until=bp.above('det', 1e9), limit=5))", "scan_until: where its points"),
        ("timescan 0.01", "timescan: it has no last point"),
        ("tscan det 10 0.01", "time_scan: its points are moments"),
        ("RE(bp.count([det], None))", "count: it has no last point"),
        (f"RE(bp.scan([det], th, 0, 1, 5, per_step={OWN_STEP}))", "how its plan is made is not recorded"),
    ],
)
def test_what_cannot_be_continued_is_named_with_the_reason(prompt, typed, cut, line, reason):
    run = cut(line, 2)
    answer = typed("continue")
    assert answer.startswith(f"beamshell: run {run.scan_id} cannot be continued: ")
    assert reason in answer
    assert answer.count("\n") <= 2


def test_a_complete_run_is_refused(prompt, typed):
    typed("scan det th 0 1 3")
    assert "cannot be continued: it is complete, 3 of 3 points" in typed("continue")


def test_a_run_that_was_stopped_by_a_person_can_go_on(prompt, typed):
    token = prompt.session.RE.subscribe(lambda _, doc: doc["seq_num"] == 2 and prompt.session.RE.stop(), "event")
    typed("scan det th 0 1 5")
    prompt.session.RE.unsubscribe(token)
    assert last(prompt).exit_status == "success"
    typed("continue")
    assert last(prompt).start["continued_at"] == 3


def test_a_paused_plan_is_resumed_and_not_continued(prompt, typed):
    typed("def pausing():\n    yield from bps.checkpoint()\n    yield from bps.pause()\nRE(pausing())")
    assert "a plan is paused: resume goes on with it" in typed("continue")
    typed("abort")


def test_a_device_that_is_no_more_is_named(prompt, typed, cut):
    run = cut("scan det samx 0 1 5", 2)
    rename(run, "samx", "gone")
    answer = typed("continue")
    assert f"run {run.scan_id} cannot be continued: no device 'gone'" in answer


def test_a_run_that_is_still_measured_is_refused(prompt, typed, cut):
    run = cut(SCAN, 2)
    lines = run.path.read_text().splitlines(keepends=True)
    run.path.write_text("".join(lines[:-1]))
    assert "it is still open; if no console measures it, session.close_open_runs() closes it" in typed(
        f"continue {run.scan_id}"
    )
    run.path.write_text("".join(lines))


def rename(run, old, new):
    """Let the recorded plan of a run name another device."""
    (_, start), *rest = [from_json(line) for line in run.path.read_text().splitlines()]
    start["plan_form"] = start["plan_form"].replace(old, new)
    run.path.write_text("".join(to_json(pair) + "\n" for pair in [["start", start], *rest]))


@pytest.mark.parametrize("line", ["continue 999999", "continue th", "continue 1 2", "continue 1.5", "continue -999"])
def test_a_wrong_line_is_answered_by_one_that_says_what_is_wrong(prompt, typed, line):
    number = len(prompt.session.runs)
    answer = typed(line)
    assert answer.startswith("beamshell: ")
    assert "Traceback" not in answer
    assert answer.count("\n") <= 2
    assert len(prompt.session.runs) == number


def test_a_scan_whose_motor_counts_otherwise_now_is_not_continued(prompt, typed, cut, monkeypatch):
    th, offset = prompt.session.devices["th"], {"th_user_offset": {"value": 0.0, "timestamp": 0.0}}
    key = {"th_user_offset": {"source": "test", "dtype": "number", "shape": []}}
    monkeypatch.setattr(type(th), "read_configuration", lambda _self: offset)
    monkeypatch.setattr(type(th), "begin_read_configuration", lambda _self: lambda: offset)
    monkeypatch.setattr(type(th), "describe_configuration", lambda _self: key)
    cut(SCAN, 7)
    typed("mov th 3")
    offset["th_user_offset"]["value"] = 3.0
    said = typed("continue")
    assert "cannot be continued: the same number is another place: th_user_offset was 0.0 and is 3.0" in said
    assert prompt.position("th") == 3
