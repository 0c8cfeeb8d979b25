"""Presets, states and what helps while typing, in a real console in a terminal on the demo IOC."""

from __future__ import annotations

import json
import re

import pytest
from terminal import Terminal

YES_OR_NO = r"\[Y/n\]"


@pytest.fixture(scope="module")
def terminal(tmp_path_factory):
    terminal = Terminal(tmp_path_factory.mktemp("console") / "data", (), 20.0, 110, knows_cursor=True)
    terminal.wait_for_prompt()
    yield terminal
    terminal.close()


@pytest.fixture
def answer(terminal):
    """Types a line that asks, and the answer; what was shown when the prompt is back."""

    def type_both(line, reply):
        start = terminal.begin(line)
        terminal.wait_for(YES_OR_NO, start)
        if reply == "Ctrl+C":
            terminal.press_ctrl_c()
        else:
            terminal.process.send(f"{reply}\r")
        terminal.wait_for_prompt(start)
        return "\n".join(terminal.lines(start)[:-1])

    return type_both


def test_a_preset_is_saved_shown_and_gone_to_after_a_yes_alone(terminal, answer):
    terminal.do("mov th 1 samx 2")
    saved = terminal.do("preset save parked th samx shutter before the break")
    assert "preset parked, version 1: th 1.0000 deg, samx 2.000 mm, shutter Open" in saved
    terminal.do("mov th 3 shutter close")
    for reply in ("n", "Ctrl+C"):
        assert "nothing was moved" in answer("preset go parked", reply)
        assert "th 3.0000" in re.sub(r" +", " ", terminal.do("wm th"))
    shown = answer("preset go parked", "")
    assert "th: 3.0000 -> 1.0000 deg" in shown
    assert "shutter: Closed -> Open" in shown
    assert "Move 2 devices?" in shown
    assert "samx" not in shown
    assert terminal.do("th.position > 0.99 and th.position < 1.01 and shutter.state == 'Open'") == "True"


def test_the_preset_is_in_its_file_with_who_when_and_why_and_is_there_for_the_next_console(terminal, run_beamshell):
    terminal.do("preset save parked samy for later")
    lines = (terminal.data / "presets.jsonl").read_text().splitlines()
    assert [json.loads(line)["version"] for line in lines][-1] >= 1
    assert json.loads(lines[-1])["comment"] == "for later"
    assert json.loads(lines[-1])["operator"]


def test_without_anybody_to_ask_nothing_moves_unless_the_line_says_yes(run_beamshell):
    lines = "preset save here th samx\nmov th 2\npreset go here\nwm th\n"
    stopped = run_beamshell(stdin=lines)
    assert stopped.returncode == 1
    assert "nothing was moved, since nobody is at the prompt to be asked: preset go here yes" in stopped.stderr
    moved = run_beamshell(
        stdin="preset save here th samx\nmov th 2\npreset go here yes\nx = wm th; print('at', round(x, 3))\n"
    )
    assert "th: 2.0000 -> 0.0000 deg" in moved.stdout
    assert re.search(r"at -?0\.0\b", moved.stdout)
    assert "\x1b" not in moved.stdout + moved.stderr


def test_a_mistake_in_the_file_of_states_is_said_at_the_start_and_costs_nothing_else(run_beamshell, tmp_path):
    path = tmp_path / "states.yml"
    path.write_text("bad: {thh: 0}\ngood: {th: {value: 0, tolerance: 1}}\n")
    console = run_beamshell(f"--Beamshell.states_file={path}", "-c", "states")
    assert console.returncode == 0
    assert f"{path}:1:7: bad: thh: no device 'thh': did you mean th?" in console.stderr.splitlines()[0]
    assert re.search(r"^good +fulfilled$", console.stdout, re.MULTILINE)


def test_the_states_of_the_demo_beamline_are_listed_shown_and_gone_to(terminal, answer):
    terminal.do("mov th 0 tth 0 samx 0 samy 0 shutter open")
    listed = terminal.do("states")
    assert re.search(r"^alignment +fulfilled +the sample in the direct beam", listed, re.MULTILINE)
    assert re.search(r"^access +differs: shutter is Open, samx by \S+ mm", listed, re.MULTILINE)
    shown = terminal.do("state access")
    assert re.search(r"^shutter +Open +Closed +differs$", shown, re.MULTILINE)
    assert re.search(r"^samx +0\.000 mm +-5\.000 ± 0\.1 mm +5\.000 mm$", shown, re.MULTILINE)
    moved = answer("state access go", "y")
    assert moved.index("shutter: Open -> Closed") < moved.index("samx: 0.000 -> -5.000 mm")
    assert re.search(r"^access +fulfilled", terminal.do("states"), re.MULTILINE)


def test_a_scan_that_needs_a_state_is_refused_by_one_line_that_names_what_differs(terminal):
    terminal.do("mov th 0 tth 0 samx 0 samy 0 shutter close")
    terminal.do("session.config.requires = {'scan': 'alignment'}")
    refused = terminal.do("scan det th -1 1 3")
    assert refused == (
        "beamshell: scan needs the state alignment: shutter is Closed, and must be Open\n  (state alignment go)"
    ) or refused == (
        "beamshell: scan needs the state alignment: shutter is Closed, and must be Open (state alignment go)"
    )
    terminal.do("session.config.requires = {}")


def test_doctor_is_one_screen_and_everything_of_the_demo_beamline_is_in_order(terminal):
    lines = terminal.do("doctor").splitlines()
    assert len(lines) < 40
    assert any(re.match(r"ok +suspenders", line) for line in lines)
    assert any(re.match(r"ok +EPICS +CA_ADDR_LIST=", line) for line in lines)


# ---- while typing ------------------------------------------------------------------------------


@pytest.fixture
def keys(terminal):
    """Sends keys to an empty prompt, and empties it afterwards."""
    terminal.wait_for_prompt()
    yield terminal.process.send
    terminal.process.send("\x15\x0b\x15")  # Ctrl+U, Ctrl+K: nothing before and behind the cursor
    terminal.wait_for_prompt()


def test_the_usage_of_a_command_is_shown_while_it_is_typed_above_the_line_below_the_prompt(terminal, keys):
    keys("mov th ")
    usage = "mov motor position [motor position ...]"
    terminal.wait_until(lambda: usage in terminal.window[-2], what="the usage")
    assert "ring" in terminal.bottom_line
    marked = [cell.data for cell in terminal._screen.buffer[len(terminal.window) - 2].values() if cell.reverse]
    assert "".join(marked).strip() == "position"
    keys("\x15x = 1")
    terminal.wait_until(lambda: not any(usage in line for line in terminal.window), what="the end of the usage")


def test_the_menu_shows_the_last_value_of_each_device(terminal, keys):
    terminal.do("mov th 1.5 tth 3")
    keys("mov t\t")
    shown = r"\bth +1\.5000 deg.*\btth +3\.0000 deg"
    terminal.wait_until(lambda: re.search(shown, "\n".join(terminal.window), re.DOTALL), what="the values")
    keys("\x03")


def test_the_up_arrow_after_a_command_finds_its_earlier_lines_alone(terminal, keys):
    for line in ("mov th 0.25", "wm th", "mov th 0.75", "wm tth"):
        terminal.do(line)
    keys("mov\x1b[A")
    terminal.wait_until(lambda: terminal.last_line.endswith("▸ mov th 0.75"), what="the last mov")
    keys("\x1b[A")
    terminal.wait_until(lambda: terminal.last_line.endswith("▸ mov th 0.25"), what="the mov before")
