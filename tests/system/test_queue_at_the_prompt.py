"""The queue at the real console: run, paused, resumed, and there again after the console was killed."""

from __future__ import annotations

import re
import signal

from console_output import point_numbers

from beamshell.store import Queue, Runs


def states(data):
    return [item.state for item in Queue(data).items()]


def test_a_queue_is_paused_and_resumed_as_one_and_survives_the_death_of_its_console(open_console, data):
    console = open_console(speed=3.0)
    for line in ("sample=LaB6 scan det th -1 1 11", "sample='Si 640' scan det th 1 -1 11", "md user Ada"):
        assert line.split()[-1] in console.do(f"queue add {line}")
    start = console.begin("queue run")
    console.wait_for_point(3, start)
    console.press_ctrl_c()
    console.press_ctrl_c()
    console.wait_until(lambda: console.state == "PAUSED", what="the pause")
    assert states(data) == ["running", "waiting", "waiting"]
    console.do("queue add ct 0.1")
    console.do("resume")
    assert states(data) == ["done", "done", "done", "done"]
    first, second = Runs(data)
    assert (first.start["sample"], second.start["sample"]) == ("LaB6", "Si 640")
    assert first.start["command"] == "scan det th -1 1 11"
    assert first.start["plan_form"] == "bp.scan([det], th, -1, 1, num=11)"
    assert len(first.table()["th"]) == len(second.table()["th"]) == 11
    assert "Ada" in console.do("md user")

    console.do("queue clear")
    console.do("queue add scan det th -5 5 11")
    console.do("queue add ct 0.1")
    start = console.begin("queue run")
    console.wait_for_point(2, start)
    console.process.kill(signal.SIGKILL)
    console.wait_for_end()
    again = open_console(speed=3.0)
    assert "the queue was interrupted at item 1, scan det th -5 5 11: queue retry 1 lets it wait" in again.text()
    assert states(data) == ["interrupted", "waiting"]
    again.do("queue run")
    assert states(data) == ["interrupted", "done"]
    again.do("queue retry 1")
    assert states(data) == ["waiting", "done"]
    again.leave()


def test_after_a_kill_a_repeated_item_goes_on_with_the_pass_that_was_not_finished(open_console, data):
    console = open_console(speed=3.0)
    console.do("queue add 'mov samx 1; scan det th -1 1 21'")
    console.do("queue repeat 1 3")
    start = console.begin("queue run")
    console.wait_for("pass 2 of 3: scan", start)
    console.process.kill(signal.SIGKILL)
    console.wait_for_end()
    again = open_console(speed=10.0)
    assert "1 of 3 times" in again.do("queue")
    again.do("queue retry 1")
    shown = again.do("queue run")
    assert re.findall(r"pass (\d) of 3: scan", shown) == ["2", "3"]
    assert states(data) == ["done"]
    assert len(Queue(data).items()[0].uids) == 3
    again.leave()


def test_a_failure_stops_the_queue_or_not_and_is_a_true_exit_status(run_beamshell, data):
    added = run_beamshell("-c", "queue add mov th 100; queue add ct 0.01; queue run")
    assert "as things are now, it could not be done: th: 100 deg is above the limit 90 deg" in added.stderr
    assert added.returncode == 1
    assert states(data) == ["failed", "waiting"]
    assert added.stderr.count("th: 100 deg") == 2  # when it was added, and when it ended the queue
    assert "queue: 1 failed, 1 waiting" in added.stderr
    ran = run_beamshell("-c", "queue retry 1; queue run on")
    assert ran.returncode == 1
    assert states(data) == ["failed", "done"]
    assert "not done: mov th 100" in ran.stderr


def test_a_queue_whose_console_is_terminated_is_interrupted_and_not_failed(start_beamshell, data):
    process = start_beamshell("-c", "queue add scan det th -1 1 101; queue run")
    line = next(line for line in process.stdout if point_numbers(line) == [3])
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 143, (line, errors)
    (item,) = Queue(data).items()
    assert (item.state, item.reason) == ("interrupted", "the console was terminated")
    assert len(item.uids) == 1


def test_what_is_wrong_is_refused_when_it_is_added(console):
    answers = {
        "queue add scn det th 0 1 2": "no command 'scn': did you mean scan?",
        "queue add scan det th 0 1 x": "'x' is not a number",
        "queue add resume": "resume cannot be queued",
        "queue add 1x=3 ct": "'1x' is no name for metadata",
        "queue remove 1": "there is no item 1: the queue has 0",
        "queue rn": "'rn' is none of add, run",
    }
    assert "the queue is empty: queue add scan det th -1 1 11" in console.do("queue")
    for typed, answer in answers.items():
        assert answer in console.do(typed).replace("\n", ""), typed
    assert states(console.data) == []
