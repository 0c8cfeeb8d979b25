"""`beamshell -c`: commands are run on a real IOC, the console leaves, and its exit status is honest."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import event_model
import pexpect
import pytest
from console_output import point_numbers, recorded_runs
from terminal import PATIENCE_S, QUICK, environment

from beamshell.shell.profile import find_profile
from beamshell.store import PersistentDict, Runs

SCHEMAS = {
    name: event_model.schema_validators[getattr(event_model.DocumentNames, name)]
    for name in ("start", "descriptor", "event", "stop")
}


WITHOUT_AN_IOC = ("--profile", "template")
"""For what is the same on every beamline; the demo beamline takes three times as long to start."""


def error_lines(finished: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in finished.stderr.splitlines() if line.strip()]


def test_a_move_and_a_scan_are_done_recorded_and_reported_as_success(run_beamshell, data):
    finished = run_beamshell("-c", "mov th 1; scan det th -1 1 11")
    assert finished.returncode == 0, finished
    assert error_lines(finished) == []
    assert point_numbers(finished.stdout) == list(range(1, 12))
    (run,) = recorded_runs(data)
    assert [name for name, _ in run] == ["start", "descriptor", *["event"] * 11, "stop"]
    for name, document in run:
        SCHEMAS[name].validate(document)
    start = run[0][1]
    assert start["command"] == "scan det th -1 1 11"
    assert start["plan_form"] == "bp.scan([det], th, -1, 1, num=11)"
    assert start["operator"]
    assert [round(event["data"]["th"], 3) for name, event in run if name == "event"] == [
        -1, -0.8, -0.6, -0.4, -0.2, 0, 0.2, 0.4, 0.6, 0.8, 1
    ]  # fmt: skip


def test_a_position_beyond_a_limit_is_one_line_and_another_status_and_nothing_is_run_after_it(run_beamshell, data):
    finished = run_beamshell("-c", "md before yes; mov th 1e9; md after yes")
    assert finished.returncode == 1
    (line,) = error_lines(finished)
    for expected in ("th", "1e+09 deg", "limit", "90 deg"):
        assert expected in line
    assert "Traceback" not in finished.stdout + finished.stderr
    metadata = PersistentDict(data / "metadata.sqlite")
    assert "before" in metadata
    assert "after" not in metadata
    metadata.close()


def test_when_one_motor_cannot_go_none_moves(console):
    console.do("mov th 0")
    assert "samx: 999 mm is above the limit 25 mm" in console.do("mov th 1 samx 999")
    assert console.do("wm th").splitlines()[-1].split()[1] == "0.0000"


def test_a_scan_with_one_point_beyond_a_limit_is_refused_before_it_begins(console):
    before = len(console.runs)
    assert "point 7 of 11: th: 91 deg is above the limit 90 deg" in console.do("scan det th 85 95 11")
    assert len(console.runs) == before


BAD_INPUT = {
    "mov th": "position of th is missing",  # the first, or the prompt would suggest a longer line
    "mov tht 1": "no device 'tht': did you mean th?",
    "scan det th abc 1 11": "'abc' is not a number (start)",
    "scan det th -1 1 2.5": "'2.5' is not a whole number (points)",
    "moov th 1": "no command 'moov': did you mean mov?",
    "resume": "nothing to resume",
    "mov det 1": "det cannot be moved",
    "runs 12345": "12345",
}


def test_bad_input_is_one_line_that_says_what_is_wrong(console):
    for command, expected in BAD_INPUT.items():
        output = console.do(command)
        assert output.startswith("beamshell: "), command
        assert output.count("beamshell: ") == 1, command
        assert expected in output.replace("\n", ""), command  # a long line goes on in the next row


def test_bad_input_is_an_exit_status(run_beamshell):
    finished = run_beamshell(*WITHOUT_AN_IOC, "-c", "moov th 1")
    assert finished.returncode == 1
    assert error_lines(finished) == [f"beamshell: {BAD_INPUT['moov th 1']}"]


@pytest.mark.parametrize("words", [(), ("-c", "")])
def test_an_empty_pipe_or_command_is_nothing_to_do(run_beamshell, words):
    assert run_beamshell(*WITHOUT_AN_IOC, *words, stdin="").returncode == 0


def test_lines_from_a_pipe_are_run_until_one_fails(run_beamshell):
    finished = run_beamshell(stdin="mov th 0.5\nfor x in (1, 2):\n    mov samx {x}\nmov tht 1\nwa\n")
    assert finished.returncode == 1
    assert finished.stdout.splitlines() == [
        "th: 0.0000 -> 0.5000 deg",
        "samx: 0.000 -> 1.000 mm",
        "samx: 1.000 -> 2.000 mm",
    ]
    assert error_lines(finished) == [f"beamshell: {BAD_INPUT['mov tht 1']}", "beamshell: line 4: mov tht 1"]


def test_an_error_in_a_script_is_named_with_its_line(run_beamshell, tmp_path):
    script = tmp_path / "night.txt"
    script.write_text("mov th 0.5\n\ndef go(x):\n    mov th x\n\n    return missing\n\nmov th 1; go(0.2)\nwa\n")
    finished = run_beamshell(str(script))
    assert finished.returncode == 1
    assert error_lines(finished) == [
        "beamshell: NameError: name 'missing' is not defined (line 6, in go: return missing)",
        "beamshell: night.txt, line 8: mov th 1; go(0.2)",
    ]


def test_python_and_the_engine_are_there_too_and_the_packaged_profile_is_only_read(run_beamshell):
    finished = run_beamshell("-c", "uids = RE(bp.count([det], num=2)); print(len(uids), runs[-1].start['num_points'])")
    assert finished.returncode == 0, finished
    assert finished.stdout.splitlines()[-1] == "1 2"
    names = ["demo_beam.py", "devices.yml", "ipython_config.py", "startup", "states.yml"]
    assert sorted(path.name for path in find_profile("demo").iterdir()) == names


def profile(folder: Path, devices: str, facts: str = "") -> str:
    folder.mkdir(exist_ok=True)
    (folder / "devices.yml").write_text(devices)
    (folder / "ipython_config.py").write_text(
        "c = get_config()\nc.InteractiveShellApp.extensions = ['beamshell']\n"
        "c.Beamshell.name = 'mine'\nc.Beamshell.devices_file = 'devices.yml'\nc.Beamshell.demo_ioc = True\n" + facts
    )
    return str(folder)


def test_an_unreadable_device_file_is_reported_with_its_line_and_the_console_opens(run_beamshell, tmp_path):
    devices = "th: {class: motor, prefix: 'BL:th'}\nsamx: {class: [\n"
    mine = profile(tmp_path / "mine", devices, "c.Beamshell.demo_ioc = False\n")
    finished = run_beamshell("--profile", mine, "-c", "print('open')")
    assert finished.returncode == 0
    assert finished.stdout.splitlines() == ["open"]
    assert "devices.yml:3" in finished.stderr or "devices.yml:2" in finished.stderr


def test_one_wrong_device_does_not_stop_the_others(run_beamshell, tmp_path):
    mine = profile(tmp_path / "mine", "bad: {class: mottor}\nth: {class: motor, prefix: 'BL:th'}\n")
    finished = run_beamshell("--profile", mine, "-c", "mov th 0.1")
    assert finished.returncode == 0
    assert "devices.yml:1:7: bad: no class 'mottor'" in finished.stderr
    assert finished.stdout.splitlines() == ["th: 0.0000 -> 0.1000 deg"]


def test_offline_devices_delay_nothing_and_are_named_and_a_command_to_one_says_so(run_beamshell, tmp_path):
    away = [f"gone{number}" for number in range(20)]
    lines = [f"{name}: {{class: motor, prefix: 'NO:SUCH:{name}'}}\n" for name in away]
    mine = profile(tmp_path / "mine", "".join(lines) + "th: {class: motor, prefix: 'BL:th'}\n")
    # to wait 5 s for each of them would take longer than run_beamshell does
    finished = run_beamshell("--profile", mine, "-c", "mov th 0.1; wa; offline; mov gone7 1")
    assert finished.returncode == 1
    table = {line.split()[0]: line for line in finished.stdout.splitlines() if line.strip()}
    assert re.search(r"^gone7 +(connecting|OFFLINE)$", finished.stdout, re.MULTILINE)
    assert "NO:SUCH:gone7" in finished.stdout
    assert table["th"].split()[1] == "0.1000"
    named, line = error_lines(finished)
    assert re.search(r"(connecting|offline): gone0", named)
    assert "gone7" in line
    assert "NO:SUCH:gone7" in line


def test_a_startup_file_that_fails_is_named_and_the_later_ones_run(run_beamshell, data):
    (data / "startup").mkdir(parents=True)
    (data / "startup" / "10-bad.py").write_text("x = 1\ny = 1 / 0\n")
    (data / "startup" / "20-good.py").write_text("print('the later one')\n")
    finished = run_beamshell(*WITHOUT_AN_IOC, "-c", "print(x)")
    assert finished.returncode == 0
    assert finished.stdout.splitlines() == ["the later one", "1"]
    (line,) = error_lines(finished)
    assert "ZeroDivisionError: division by zero" in line
    assert "10-bad.py:2" in line


def test_a_command_that_needs_what_a_failed_step_makes_says_so_and_others_work(run_beamshell, data):
    (data / "metadata.sqlite").mkdir(parents=True)
    finished = run_beamshell("-c", "wm th; scan det th 0 1 2")
    assert finished.returncode == 1
    assert finished.stdout.splitlines()[-1].split()[:2] == ["th", "0.0000"]
    first, *_, last = error_lines(finished)
    assert "00-session.py:2: " in first
    assert last.startswith("beamshell: no engine: the step session.open() failed: ")
    assert "Traceback" not in finished.stderr


def test_an_unknown_profile_names_those_there_are(run_beamshell):
    finished = run_beamshell("--profile", "dmeo", "-c", "wa")
    assert finished.returncode == 1
    assert error_lines(finished) == ["beamshell: no profile 'dmeo': did you mean demo? (there are: demo, template)"]


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_and_version_are_quick_and_start_nothing(run_beamshell, data, word):
    finished = run_beamshell(word)
    assert finished.returncode == 0
    assert finished.stdout.startswith("beamshell")
    assert not data.exists()


def test_sessions_one_after_the_other_count_on_and_keep_metadata(run_beamshell, data):
    assert run_beamshell(*WITHOUT_AN_IOC, "-c", "md sample LaB6; loopscan 1").returncode == 0
    finished = run_beamshell(*WITHOUT_AN_IOC, "-c", "loopscan 1; md sample")
    assert finished.returncode == 0
    starts = [run[0][1] for run in recorded_runs(data)]
    assert sorted(start["scan_id"] for start in starts) == [1, 2]
    assert {start["sample"] for start in starts} == {"LaB6"}
    assert "LaB6" in finished.stdout.splitlines()[-1]


def test_sessions_at_the_same_time_never_share_a_scan_number(run_beamshell, data):
    results: list[subprocess.CompletedProcess[str]] = []
    command = """\
from beamshell.errors import NotInControl
left = 5
while left:
    try:
        loopscan(1)
        left -= 1
        control give
    except NotInControl:  # the other session has control
        time.sleep(0.01)
"""

    def run() -> None:
        results.append(run_beamshell(*WITHOUT_AN_IOC, "-c", command))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [finished.returncode for finished in results] == [0, 0], results
    assert sorted(run[0][1]["scan_id"] for run in recorded_runs(data)) == list(range(1, 11))
    assert len(Runs(data)) == 10


def wait_for_row(process: subprocess.Popen[str], number: int) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if point_numbers(line) == [number]:
            return
    raise AssertionError(f"row {number} did not come: {process.communicate()}")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_during_a_scan_closes_the_run_stops_the_motor_and_leaves(start_beamshell, data, number, status):
    process = start_beamshell("-c", "scan det th -1 1 101; md after yes")
    wait_for_row(process, 3)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == status, errors
    (run,) = recorded_runs(data)
    name, stop = run[-1]
    assert name == "stop"
    assert stop["exit_status"] == "abort"
    assert "Traceback" not in errors


def test_the_channels_of_the_scaler_are_called_by_their_names(run_beamshell):
    finished = run_beamshell("-c", "ct scaler.I0; wm scaler.I0")
    assert finished.stdout.startswith("scaler_I0"), finished
    assert finished.returncode == 0


def test_a_motor_that_has_not_answered_just_after_the_start_is_connecting(run_beamshell, tmp_path):
    profile = tmp_path / "profile_mine"
    shutil.copytree(find_profile("template"), profile)
    (profile / "devices.yml").write_text("far: {class: motor, prefix: 'NO:SUCH:motor'}\n")
    finished = run_beamshell("--profile", str(profile), "-c", "wa")
    assert re.search(r"^far .*connecting", finished.stdout, re.MULTILINE), finished


def test_umv_on_a_narrow_terminal_is_one_line_and_ends_before_what_is_printed(data):
    words = ["-m", "beamshell", *QUICK, "--Beamshell.demo_ioc_speed=5", "-c", "umv th 2 samx 2 samy 3"]
    process = pexpect.spawn(
        sys.executable, words, env=environment(data), dimensions=(40, 30), encoding="utf-8", timeout=PATIENCE_S
    )
    process.expect(pexpect.EOF)
    assert process.wait() == 0
    process.close()
    shown = process.before
    shown = re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", shown)
    drawn = [piece for line in shown.split("\n") for piece in line.rstrip("\r").split("\r")]
    assert max(len(piece) for piece in drawn if "->" not in piece) < 30, drawn
    assert any(piece.startswith("th: 0.0000 -> 2.0000") for piece in drawn), drawn


def test_the_extension_that_is_loaded_again_opens_the_console_again(run_beamshell, data):
    lines = "scan det th 0 1 3\n%unload_ext beamshell\n%load_ext beamshell\nscan det th 0 1 4\nx = 1\n"
    finished = run_beamshell(stdin=lines)
    assert finished.returncode == 0, finished
    assert "again" not in finished.stderr
    assert "your own" not in finished.stderr
    assert "Error" not in finished.stdout + finished.stderr
    assert [run[-1][1]["num_events"]["primary"] for run in recorded_runs(data)] == [3, 4]
