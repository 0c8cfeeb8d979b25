"""Work without a hand at the real console: files of commands, repeated commands, waits, scripts, the queue."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from terminal import PATIENCE_S, environment

from beamshell.store import Queue, Runs


@pytest.fixture
def file(tmp_path):
    def write(text, name="night.txt"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.fixture
def queue_from_outside(data):
    """Runs `beamshell queue ...` as another terminal does; what it has written."""

    def run(*words, status=0):
        finished = subprocess.run(
            [sys.executable, "-m", "beamshell", "queue", "--data", str(data), *words],
            env=environment(data),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert finished.returncode == status, finished
        assert "Traceback" not in finished.stderr
        return finished.stdout + finished.stderr

    return run


def states(data):
    return [item.state for item in Queue(data).items()]


def test_a_file_is_paused_in_the_middle_and_goes_on_with_its_rest(open_console, file, data):
    path = file("mov th 1\nscan det th -1 1 11\nmd sample Ge\nloopscan 2 0.1\n")
    console = open_console(speed=3.0)
    start = console.begin(f"do {path}")
    console.wait_for_point(3, start)
    console.wait_until(lambda: any("night.txt: 2 of 4" in line for line in console.below), what="the line of the file")
    console.press_twice(start)
    assert console.state == "PAUSED"
    assert len(Runs(data)) == 1
    answer = console.do("resume")
    assert "night.txt:4: loopscan 2 0.1" in answer
    assert "night.txt: 4 commands done" in answer
    first, second = Runs(data)
    assert first.table()["th"].tolist() == pytest.approx([-1 + 0.2 * k for k in range(11)], abs=0.01)
    assert second.start["sample"] == "Ge"

    start = console.begin("every 1s loopscan 1 0.1")
    console.wait_until(lambda: any(re.search(r"turn 2 of .* at \d\d:\d\d", line) for line in console.below), what="at")
    console.wait_for("turn 2: loopscan", start)
    console.press_twice(start)
    assert "stopped" in console.do("stop")
    turns = len(Runs(data))
    assert turns >= 3

    start = console.begin("watchpv ring < 300 for 1s")
    console.wait_until(lambda: any("waits for < 300 for 1 s" in line for line in console.below), what="the wait")
    console.press_twice(start)
    assert "aborted" in console.do("abort")
    assert re.search(r"SR:current is [0-9.]+ mA", console.do("watchpv SR:current > 300"))
    assert "shutter is Open (== open)" in console.do("watchpv shutter == open")
    assert "'Opne' is none of Closed, Open" in console.do("watchpv shutter == Opne").replace("\n", " ")
    assert "mono.energy is " in console.do("watchpv mono > 3")
    console.leave()


def test_the_queue_is_changed_from_another_terminal_while_it_runs(open_console, data, queue_from_outside):
    console = open_console(speed=3.0)
    console.do("queue add watchpv samy > 0.5")  # it runs until the test moves samy
    console.do("queue add mov tth 1")
    start = console.begin("queue run")
    console.wait_until(lambda: any("queue 1 of 2" in line for line in console.below), what="the item in the last line")
    assert "3: mov samx 1" in queue_from_outside("add", "sample=Si", "mov", "samx", "1")
    assert "4: mov th 1; ct 0.1" in queue_from_outside("add", "mov th 1; ct 0.1")
    queue_from_outside("move", "4", "2")
    queue_from_outside("skip", "3")
    queue_from_outside("edit", "4", "mov", "samx", "2")
    assert "item 1 is running" in queue_from_outside("remove", "1", status=1)
    assert "held after the item that runs" in queue_from_outside("hold", "no", "sample", "yet")
    listed = queue_from_outside("list")
    assert "RUNNING" in listed
    assert "(no sample yet)" in listed
    assert [item.line for item in Queue(data).items()][1:] == ["mov th 1; ct 0.1", "mov tth 1", "mov samx 2"]
    console.press_twice(start)
    console.do("mov samy 1")
    start = console.begin("resume")
    console.wait_until(lambda: any("the queue is held since" in line for line in console.below), what="the hold")
    assert states(data) == ["done", "waiting", "skipped", "waiting"]
    queue_from_outside("release")
    console.wait_for_prompt(start)
    assert states(data) == ["done", "done", "skipped", "done"]
    assert console.do("wm samx").splitlines()[-1].split()[1] == "2.000"
    console.leave()


def test_another_terminal_refuses_what_is_wrong_and_does_not_run_the_queue(queue_from_outside, data):
    assert "the queue is empty" in queue_from_outside()
    for words, answer in {
        ("add", "scn", "det"): "no command 'scn': did you mean scan?",
        ("add", "resume"): "resume cannot be queued",
        ("run",): "the queue runs in a console: beamshell -c 'queue run'",
        ("remove", "3"): "there is no item 3: the queue has 0",
    }.items():
        assert answer in queue_from_outside(*words, status=1)
    assert states(data) == []


def test_a_script_is_run_with_its_screen_in_a_file_and_an_honest_exit_status(run_beamshell, file, tmp_path):
    log = tmp_path / "night.log"
    script = file("mov th 0.5\nwm th\n")
    finished = run_beamshell("run", str(script), "--log", str(log))
    assert finished.returncode == 0, finished
    assert "th: 0.0000 -> 0.5000 deg" in finished.stdout
    assert "> mov th 0.5" in log.read_text()
    assert "th: 0.0000 -> 0.5000 deg" in log.read_text()
    failing = file("mov th 0.2\nmov th 999\nwa\n")
    finished = run_beamshell("run", str(failing))
    assert finished.returncode == 1
    assert "night.txt, line 2: mov th 999" in finished.stderr


def test_a_wrong_script_is_named_with_its_lines_and_nothing_of_it_is_run(run_beamshell, file):
    finished = run_beamshell("run", str(file("mov th 0.5\nmov tht 1\nscan det th 0 1\n")))
    assert finished.returncode == 1
    assert "night.txt:2: no device 'tht': did you mean th?" in finished.stderr
    assert "night.txt:3: scan: points is missing" in finished.stderr
    assert finished.stdout == ""
    finished = run_beamshell("run", str(file("x = 1\nfor i in (1, 2)\n    mov th i\n", "night.py")))
    assert finished.returncode == 1
    assert "night.py:2: SyntaxError: expected ':'" in finished.stderr


@pytest.mark.parametrize(
    ("words", "answer"),
    [(("run",), "which file? Write beamshell run night.txt"), (("run", "none.txt"), "none.txt: there is no such file")],
)
def test_a_script_that_is_not_there_is_said_before_anything_starts(run_beamshell, words, answer):
    finished = run_beamshell(*words)
    assert finished.returncode == 1
    assert finished.stderr.splitlines() == [f"beamshell: {answer}"]
