"""Return and repeat at the real console: the demo beamline, a real terminal, scripts and a console that was killed."""

from __future__ import annotations

import re
import signal

import pytest

from beamshell.store import ConsoleLog, Runs

FAST = 20.0


def test_a_person_goes_back_to_where_motors_stood_and_chooses_which(open_console):
    console = open_console("--Beamshell.baseline=True", speed=FAST)
    console.do("mov samx 2; mov samy 1")
    console.do("scan det th -1 1 3")
    console.do("mov samx 0 samy 0 tth 3")

    start = console.begin("goscan -1")
    console.wait_for(r"Which of them go back\?", start)
    shown = console.text(start)
    assert re.search(r"samx +0\.000 +2\.000 +\+2\.000 +mm", shown)
    assert re.search(r"tth +3\.0000 +0\.0000 +-3\.0000 +deg", shown)  # no run records it: the journal of moves knows
    console.process.send("samx tth\r")
    console.wait_for_prompt(start)
    assert "samx   2.000" in console.do("wm samx samy tth")
    assert "samy   0.000" in console.text()

    back = console.do("back")
    assert "samx: 2.000 -> 0.000 mm  (as before goscan 1 samx tth, " in back
    assert "tth: 0.0000 -> 3.0000 deg" in back

    start = console.begin("goscan -1")
    console.wait_for(r"Which of them go back\?", start)
    console.press_ctrl_c()
    console.wait_for_prompt(start)
    assert "nothing moves" in console.text(start)

    console.do("samx.user_offset.put(0.5, wait=True)")
    shown = console.do("goscan 1 all")
    assert re.search(r"samx .* the same number is another place: samx_user_offset was 0\.0 and is", shown)
    assert re.search(r"samx +0\.500 ", console.do("wm samx"))
    console.do("session.ioc.stop()")
    console.wait_until(lambda: "OFFLINE" in console.do("wm samx"), what="the loss of the motor")
    assert re.search(r"samy +1 +it does not answer", console.do("goscan 1"))
    assert "nothing moves: samx does not answer" in console.do("back samx")
    console.leave()


def test_where_a_motor_stood_is_known_after_the_console_was_killed_in_the_middle_of_its_move(open_console, data):
    console = open_console(speed=1.0)
    console.do("mov tth 0.5")
    console.begin("mov tth 60")
    log = ConsoleLog(data)
    console.wait_until(lambda: next(log.newest_first("moving")).facts["target"] == 60, what="the move")
    console.process.kill(signal.SIGKILL)
    console.wait_for_end()
    again = open_console(speed=FAST)
    assert re.search(r"tth +0\.5 -> \?, sent to 60 deg", again.do("moves 1"))
    again.leave()


def test_a_scan_is_done_again_and_a_script_of_the_last_commands_runs_in_a_fresh_console(run_beamshell, data, tmp_path):
    path = tmp_path / "evening.py"
    lines = ["mov th 0.5", "scan det th -1 1 3 0.01", "redo -1", "rscan det th -0.5 0.5 2", f"script -3 {path}"]
    first = run_beamshell("-c", "; ".join(lines), speed=FAST)
    assert first.returncode == 0, first.stderr
    text = path.read_text()
    assert text.count("yield from") == 3
    again = run_beamshell(str(path), speed=FAST)
    assert again.returncode == 0, again.stderr
    assert [run.start["plan_name"] for run in Runs(data)] == ["scan", "scan", "rel_scan"] * 2
    for run, same in zip(Runs(data)[-6:-3], Runs(data)[-3:], strict=True):
        assert run.table()["th"] == pytest.approx(same.table()["th"], abs=1e-3)


def test_in_a_pipe_goscan_moves_nothing_unasked(run_beamshell):
    lines = "scan det th -1 1 3\nmov th 0\ngoscan -1\nwm th\ngoscan -1 th\nwm th\n"
    ran = run_beamshell(stdin=lines, speed=FAST)
    assert ran.returncode == 0, ran.stderr
    assert "nothing moves: goscan 1 th moves it" in ran.stdout
    shown_by_wm = re.findall(r"^th +(-?[\d.]+) +-?[\d.]+ +-?[\d.]+ +[\d.]+ +deg", ran.stdout, re.MULTILINE)
    assert [float(position) for position in shown_by_wm] == [0.0, -1.0]
    assert "\x1b" not in ran.stdout + ran.stderr


def test_after_setpos_nothing_goes_back_to_a_number_that_is_another_place(run_beamshell):
    finished = run_beamshell("-c", "mov samx 1\nmov samx 2\nsetpos samx 5\nback samx")
    assert finished.returncode == 1
    words = " ".join(finished.stderr.split())
    assert "nothing moves: samx: the same number is another place: samx_user_offset was 0.0 and is 3.0" in words
