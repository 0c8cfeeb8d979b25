"""What people complain about at other beamline prompts, in a real terminal on the demo beamline; named after each."""

from __future__ import annotations

import re
import signal

from terminal import Terminal

SCAN = "scan det th -1 1 21"


def test_complaint_2_and_new_thing_5_ctrl_c_is_on_the_screen_pauses_with_a_menu_and_drops_no_press(open_console):
    console = open_console(speed=2.0)
    for _ in range(3):  # an engine that is left in a wrong state shows it the next time
        start = console.begin(f"{SCAN}; print('the rest of', 'the paste')")
        console.wait_for_point(2, start)
        console.press_ctrl_c()
        console.wait_for_prompt(start)
        text = console.text(start)
        assert console.state == "PAUSED"
        for word in ("resume", "stop", "abort", "halt"):
            assert re.search(rf"^ +{word}  ", text, re.MULTILINE)
        assert "Traceback" not in text
        assert "the rest of the paste" not in text
        assert "These lines do not run, also not after resume:" in text
        console.do("abort")
        assert console.state == ""
    assert "moves" not in console.do("x = 1")


def test_complaint_2_what_ctrl_c_would_do_is_in_the_last_line_and_complaint_15_that_survives_a_pause(data):
    console = Terminal(data, (), 2.0, knows_cursor=True)
    try:
        console.wait_for_prompt()
        start = console.begin(SCAN)
        line = r"point \d+ of 21 .*Ctrl\+C pauses"
        console.wait_until(lambda: re.match(line, console.last_line), what="the last line")
        console.press_ctrl_c()
        console.wait_for_prompt(start)
        console.begin("resume")
        console.wait_until(lambda: re.match(line, console.last_line), what="the last line after the pause")
        console.wait_for_prompt(start)
    finally:
        console.close()


def test_complaint_10_and_new_thing_9_an_offline_ioc_holds_nothing_up_and_is_named_when_it_is_used(open_console):
    console = open_console()
    console.do("from beamshell.devices import EpicsMotor; gone = EpicsMotor('NO:SUCH:m', name='gone')")
    console.do("mov th 0.1")
    assert "0.1000" in console.do("wm th")
    answer = console.do("mov gone 1")
    assert "gone" in answer
    assert "NO:SUCH:m" in answer
    assert "Traceback" not in answer


def test_complaint_14_why_tells_in_another_terminal_what_a_scan_waits_for(open_console):
    console = open_console(speed=2.0)
    console.do("from beamshell.devices import EpicsSignal; drop = EpicsSignal('SR:current:drop', name='drop')")
    console.do("drop.wait_for_connection(20); drop.put(1)")
    console.wait_until(lambda: "ring" in console.do("why"), what="the suspender")
    assert re.search(
        r"A scan would wait now: ring \(SR:current\) is \S+ mA since \S+; plans wait until", console.do("why")
    )
    start = console.begin(SCAN)
    console.wait_for("Suspended: ring", start)
    other = open_console()
    answer = other.do("why")
    assert re.search(r"'scan det th -1 1 21' on the console of \S+ \(.*\) has waited .*, since \S+: ring is", answer)
    console.press_ctrl_c()
    console.wait_for_prompt(start)
    console.do("abort")


def test_new_thing_6_after_a_kill_why_tells_in_which_scan_at_which_point_the_console_died(open_console):
    console = open_console(speed=2.0)
    start = console.begin(SCAN)
    console.wait_for_point(7, start)
    console.process.kill(signal.SIGKILL)
    console.wait_until(lambda: not console.process.isalive(), what="the end")
    later = open_console()
    answer = " ".join(later.do("why").split())
    died = re.search(
        r"The console of \S+ \(.* process \d+\) died in scan 1 \(scan det th -1 1 21\) after point (\d+) of 21 at "
        r"\d\d:\d\d:\d\d: its process is gone\. runs 1 shows its points",
        answer,
    )
    assert died is not None, answer
    assert int(died[1]) >= 7
    assert "died in scan 1" in " ".join(later.do("why 1").split())
    assert re.search(r"consoles died: 1", later.do("handover 1h"))


def test_complaint_10_why_tells_of_a_device_that_is_offline_since_when_and_its_address(run_beamshell, tmp_path):
    devices = tmp_path / "devices.yml"
    devices.write_text(
        'gone: {class: motor, prefix: "NO:SUCH:gone"}\nth: {class: motor, prefix: "BL:th"}\n'
        'ring: {class: signal_ro, prefix: "SR:current"}\n'
    )
    done = run_beamshell(
        f"--Beamshell.devices_file={devices}",
        stdin="wa\nwhile not session.offline_devices(): session.wait_for_devices()\n\nwhy\nwhy gone\nwhy th\n",
    )
    *_, why, why_gone, why_th = done.stdout.splitlines()
    offline = r"gone has not answered since \d\d:\d\d:\d\d \(NO:SUCH:gone.* and \d+ more\): is its IOC running\? .*"
    assert re.fullmatch(offline, why), done.stdout + done.stderr
    assert why_gone == why
    assert why_th == "th (BL:th) is at 0.0000 deg, and nothing holds it."
