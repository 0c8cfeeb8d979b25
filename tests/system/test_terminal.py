"""A scientist at a terminal: scans, Ctrl+C, resume, abort, wrong words, leaving."""

from __future__ import annotations

import random
import re
import time

import pytest
from console_output import point_numbers, recorded_runs

SCAN = "scan det th -1 1 21"


def position(console, motor: str = "th") -> float:
    return float(console.do(f"wm {motor}").splitlines()[-1].split()[1])


def test_the_console_opens_on_the_demo_beamline_and_says_so(console):
    assert "the demo beamline" in console.text()
    assert "\ndemo 1 ▸" in console.text()


def test_a_scan_fills_the_table_and_the_prompt_counts_on(console):
    before = console.next_scan
    assert point_numbers(console.do(SCAN)) == list(range(1, 22))
    assert console.next_scan == before + 1
    assert [name for name, _ in console.runs[-1]].count("event") == 21


def test_ctrl_c_gives_the_prompt_back_and_resume_finishes_with_every_point_once(console):
    start = console.begin(SCAN)
    console.wait_for_point(5, start)
    console.press_ctrl_c()
    console.wait_for_prompt(start)
    assert console.state == "PAUSED"
    for word in ("resume", "stop", "abort", "halt"):
        assert word in console.text(start)
    assert "Traceback" not in console.text(start)
    console.do("wm th")
    assert console.state == "PAUSED"
    console.do("resume")
    assert console.state == ""
    run = console.runs[-1]
    last = {event["seq_num"]: event["data"]["th"] for name, event in run if name == "event"}
    assert sorted(last) == list(range(1, 22))
    assert [round(value, 3) for _, value in sorted(last.items())] == [round(-1 + 0.1 * n, 3) for n in range(21)]
    assert run[-1][0] == "stop"
    assert run[-1][1]["exit_status"] == "success"
    assert len(console.do("runs[-1].table()['det']").split(",")) == 21


def test_what_changed_beside_a_paused_scan_is_said_before_it_goes_on(console):
    start = console.begin(SCAN)
    console.wait_for_point(3, start)
    console.press_ctrl_c()
    console.wait_for_prompt(start)
    console.do("mov samx 1.5")
    console.do("mov shutter Close")
    console.do("before = det.count_time.get(); det.count_time.put(0.02, wait=True)")
    text = console.do("resume")
    assert re.search(r"Changed since the pause: samx was \S+ mm and is 1.500 mm\.", text)
    assert "Changed since the pause: shutter was Open and is Closed." in text
    assert re.search(r"Changed since the pause: det_count_time was \S+ and is 0.02; it stays so\.", text)
    assert point_numbers(text)[-1] == 21
    console.do("mov shutter Open; mov samx 0; det.count_time.put(before, wait=True)")


def test_two_presses_pause_at_once_and_abort_stops_the_motor_and_closes_the_run(console):
    before = len(console.runs)
    start = console.begin("scan det th -80 80 5")
    console.wait_until(lambda: len(console.runs) > before, what="the beginning of the run")
    console.press_twice(start)
    assert console.state == "PAUSED"
    here = position(console)
    assert abs(here) <= 80
    console.do("abort sample fell off")
    assert console.state == ""
    assert position(console) == here
    name, stop = console.runs[-1][-1]
    assert (name, stop["exit_status"], stop["reason"]) == ("stop", "abort", "sample fell off")
    assert point_numbers(console.do("scan det th -0.1 0.1 3")) == [1, 2, 3]


@pytest.mark.parametrize("line", ["mov th 60", "umv th 60", "movr th 60", "RE(bps.mv(th, 60))"])
def test_one_press_stops_a_bare_move_and_the_prompt_is_back_with_the_position(console, line):
    console.do("mov th 0")
    console.do("RE.msg_hook = lambda msg: print('the plan says', msg.command)")
    start = console.begin(line)
    console.wait_for("the plan says wait", start)
    console.press_ctrl_c()
    console.wait_for_prompt(start)
    console.do("RE.msg_hook = None")
    assert console.state == ""
    text = console.text(start)
    assert "Stopping th." in text
    here = position(console)
    assert 0 <= here < 60
    assert f"beamshell: Stopped: th is at {here:.4f} deg. The engine is idle." in text
    assert "nothing to resume" in console.do("resume")
    console.do("mov th 0")


@pytest.mark.parametrize(
    "line", ["mov th 60", "RE(bps.mv(th, 60))", "import time; time.sleep(1000)", "scan det th 0 60 3"]
)
def test_a_press_right_after_enter_is_acted_on_whatever_the_line(console, line):
    console.do("mov th 0")
    for after_s in (0.0, 0.005, 0.02, 0.04, 0.08, 0.16):
        start = console.row + 1
        console.process.send(f"{line}\r")
        time.sleep(after_s)  # what is varied, not what is waited for
        console.press_ctrl_c()
        console.wait_until(lambda start=start: console.row > start and console.at_prompt, what="the prompt")
        if console.state == "PAUSED":
            console.do("abort")
        assert position(console) < 60
        assert console.state == ""


def test_at_a_pause_one_looks_counts_and_moves_and_no_point_of_the_grid_is_off_its_row(console):
    console.do("mov samx 0 samy 0")
    start = console.begin("grid det samy 0 1 2 samx 0 1 6")
    console.wait_for_point(8, start)
    console.press_ctrl_c()
    console.wait_for_prompt(start)
    assert console.state == "PAUSED"
    assert "samy: 1.000 -> 0.500 mm" in console.do("mov samy 0.5")
    console.do("samx.move(0.1)")
    assert "det" in console.do("ct det")
    assert "samy" in console.do("wm samy")
    assert "success, 2 points" in console.do("scan det samy 0 0.5 2")
    assert console.state == "PAUSED"
    output = console.do("resume")
    assert "Moved since the pause: samy is at 0.500 mm; it goes back to 1.000 mm." in output
    assert console.state == ""
    events = {doc["seq_num"]: doc["data"] for name, doc in console.runs[-2] if name == "event"}
    assert [round(events[number]["samy"], 3) for number in sorted(events)] == [0] * 6 + [1] * 6
    assert [round(events[number]["samx"], 3) for number in sorted(events)] == [0, 0.2, 0.4, 0.6, 0.8, 1] * 2


def test_without_beam_one_may_move_and_a_scan_goes_on_when_suspenders_are_off(console):
    console.do("from beamshell.devices import EpicsSignal; drop = EpicsSignal('SR:current:drop', name='drop')")
    console.do("drop.put(1)")
    try:
        console.wait_until(lambda: "HOLDS" in console.do("suspenders"), what="the loss of the beam")
        assert "-> 0.5000 deg" in console.do("mov th 0.5")
        start = console.begin("scan det th -1 1 5")
        console.wait_for("Not to wait: Ctrl\\+C, suspenders off 10min, resume", start)
        console.press_ctrl_c()
        console.wait_for_prompt(start)
        assert console.state == "PAUSED"
        assert "Not to wait: suspenders off 10min" in console.do("suspenders why")
        assert "OFF until" in console.do("suspenders off 10min")
        assert point_numbers(console.do("resume")) == [1, 2, 3, 4, 5]
        assert "suspenders_off_until" in console.runs[-1][0][1]
        console.do("suspenders off 1s")
        console.wait_for("beamshell: the suspenders count again")
    finally:
        console.do("drop.put(0)")
        console.do("suspenders on")
        console.wait_until(lambda: "good" in console.do("suspenders"), what="the beam")


def test_what_follows_a_move_that_was_stopped_is_not_shown_after_the_next_plan(open_console):
    console = open_console(speed=1.0)
    start = console.begin("umv th 30")
    console.wait_for(r"th 0\.[1-9]\d+ deg", start)
    console.press_ctrl_c()
    console.wait_for_prompt(start)
    start = console.begin("RE(bp.count([det], num=30, delay=0.05))")
    console.wait_for_point(2, start)
    console.press_ctrl_c()
    console.wait_for_prompt(start)
    assert console.state == "PAUSED"
    assert "th: 0" not in console.do("resume")
    assert console.state == ""


def test_after_an_interruption_the_rest_of_the_line_is_not_run(console):
    start = console.begin(f"{SCAN}; md after yes")
    console.wait_for_point(2, start)
    console.press_ctrl_c()
    console.wait_for_prompt(start)
    console.do("abort")
    assert "after" not in console.do("md")


@pytest.mark.parametrize("leave", ["exit\r", "quit\r", "\x04"])
def test_leaving_while_paused_asks_once_and_aborts_the_run(open_console, leave):
    console = open_console()
    start = console.begin(SCAN)
    console.wait_for_point(2, start)
    console.press_ctrl_c()
    console.wait_for_prompt(start)
    question = r"a plan is paused, and is aborted if you leave\. Leave\? \[y/N\]"
    for answer in ("n\r", "\x03", "y\r"):
        row = console.row
        console.process.send(leave)
        console.wait_for(question, row)
        console.process.send(answer)
        if answer != "y\r":
            console.wait_for_prompt(row + 1)
            assert console.state == "PAUSED"
    assert console.wait_for_end() == 0
    name, stop = console.runs[-1][-1]
    assert (name, stop["exit_status"]) == ("stop", "abort")
    assert "Traceback" not in console.text()


def test_a_script_that_ends_at_a_pause_aborts_the_run_with_its_cleanup_and_says_so(run_beamshell, data):
    plan = "bpp.run_wrapper(bpp.finalize_wrapper(bps.pause(), lambda: bps.mv(th, 0.5)))"
    finished = run_beamshell("-c", f"RE({plan})")
    assert "beamshell: a plan is paused: aborting it" in finished.stderr
    assert finished.returncode == 130
    (run,) = recorded_runs(data)
    assert (run[-1][0], run[-1][1]["exit_status"]) == ("stop", "abort")


def test_the_lines_that_do_not_run_are_shown_at_the_pause_and_after_resume(console):
    start = console.begin(f"{SCAN}; mov th 5; print(1)")
    console.wait_for_point(2, start)
    console.press_ctrl_c()
    console.wait_for_prompt(start)
    assert "These lines do not run, also not after resume:\n  mov th 5\n  print(1)" in console.text(start)
    assert "beamshell: these lines did not run:\n  mov th 5\n  print(1)" in console.do("resume")
    assert position(console) == 1


def test_wrong_words_are_one_line_each_and_last_error_tells_the_rest(console):
    refusal = "beamshell: th: 1e+09 deg is above the limit 90 deg"
    assert console.do("mov th 1e9") == refusal
    assert "LimitError" in console.do("last_error")
    assert console.do("moov th 1") == "beamshell: no command 'moov': did you mean mov?"
    assert "is not a number (start)" in console.do("scan det th abc 1 11")
    assert console.do("RE(bps.mv(th, 1e9))") == refusal


def test_a_scan_without_words_shows_its_usage(console):
    output = console.do("scan")
    assert "motor start stop points" in output
    assert "scan det th -1 1 21" in output


def test_tab_completes_a_motor(console):
    console.process.send("mov tt\t")
    console.wait_for(r"mov tth")
    console.process.send("\x03")


def test_live_positions_are_shown_on_the_way(console):
    console.do("mov th 0")
    start = console.begin("umv th 9")
    console.wait_for(r"th [0-8]\.\d+ deg", start)
    console.wait_for_prompt(start - 1)
    assert [line for line in console.lines(start)[:-1] if line] == ["th: 0.0000 -> 9.0000 deg"]


ANSWERS = re.compile(
    r"Stopping|Pausing at the next|Pausing now|Pausing already|Breaking into|Halting:|is cleaning up"
    r"|devices are being put back"
)


def test_presses_at_random_moments_are_each_answered_and_the_prompt_always_returns(console):
    chance = random.Random(8)
    begun = console.row
    paused_at_least_once = aborted = False
    for round_ in range(60):
        if round_ >= 12 and paused_at_least_once and aborted:
            break
        start = console.begin("resume" if console.state == "PAUSED" else SCAN)
        answered, blind = 0, chance.random() < 0.3  # blind: pressed without a look at the screen
        for _ in range(chance.randint(1, 4)):
            console.sleep(chance.uniform(0.0, 0.2))
            if console.row >= start and console.at_prompt:
                break
            console.press_ctrl_c()
            if blind:
                continue
            console.wait_until(
                lambda start=start, answered=answered: (
                    len(ANSWERS.findall(console.text(start))) > answered or (console.row >= start and console.at_prompt)
                ),
                what="an answer to the press",
            )
            answered = len(ANSWERS.findall(console.text(start)))
        console.wait_for_prompt(start - 1)
        paused_at_least_once |= console.state == "PAUSED"
        if console.state == "PAUSED" and chance.random() < 0.4:
            console.do("abort")
            assert console.state == ""
            aborted = True
        elif console.state == "PAUSED" and chance.random() < 0.4:
            assert "th:" in console.do("mov th 0.3")
            assert "det" in console.do("ct")
            assert console.state == "PAUSED"
    if console.state == "PAUSED":
        console.do("abort")
    assert paused_at_least_once
    assert aborted
    for run in console.runs:
        if run[0][1].get("command") == SCAN and run[-1][1].get("exit_status") == "success":
            places = {doc["seq_num"]: doc["data"]["th"] for name, doc in run if name == "event"}
            assert [round(places[n], 3) for n in sorted(places)] == [round(-1 + 0.1 * n, 3) for n in range(21)]
    assert "Traceback" not in console.text(begun)
    assert "KeyboardInterrupt" not in console.text(begun)
    assert point_numbers(console.do("scan det th -0.1 0.1 3")) == [1, 2, 3]


def test_ctrl_c_at_the_prompt_does_nothing(console):
    for _ in range(3):
        console.press_ctrl_c()
    assert "th" in console.do("wa")


def test_the_extension_serves_a_plain_ipython(tmp_path, run_ipython):
    finished = run_ipython("%load_ext beamshell\nct\nmov motor 1\nscan det motor -1 1 3\nmov mootor 1\n")
    assert "motor: 0.000 -> 1.000" in finished.stdout
    assert point_numbers(finished.stdout) == [1, 2, 3]
    assert "no device 'mootor': did you mean motor?" in finished.stderr + finished.stdout
    assert "Traceback" not in finished.stdout + finished.stderr


def test_a_console_does_not_grow_by_what_is_printed(console):
    for _ in range(3):
        console.do("for number in range(5000): print(number)")
    kept = "sum(len(output.bundle.get('stream', ())) for cell in history.outputs.values() for output in cell)"
    console.do("history = get_ipython().history_manager")
    assert "kept little: True" in console.do(f"print('kept little:', {kept} < 5000)")
