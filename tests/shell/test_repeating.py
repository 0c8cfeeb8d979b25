"""What was done, done again: redo and script, in a real IPython."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.shell.command_set import COMMANDS
from beamshell.shell.commands import commands


def start_of_last_run(prompt):
    return prompt.session.runs[-1].start


# ---- redo --------------------------------------------------------------------------------------


def test_new_thing_3_redo_runs_the_recorded_plan_again(prompt, typed):
    typed("x = 1; scan det th -x x 3")
    scan = prompt.session.md.last_scan_id
    typed("x = 5; mov th 0")
    said = typed(f"redo {scan}")
    assert said.startswith(f"run {scan} again: scan det th -x x 3\n")
    assert "success, 3 points" in said
    assert prompt.position("th") == 1
    assert start_of_last_run(prompt)["scan_id"] == scan + 1
    assert start_of_last_run(prompt)["command"] == "scan det th -x x 3"
    assert start_of_last_run(prompt)["plan_form"] == "bp.scan([det], th, -1, 1, num=3)"


def test_redo_without_a_number_is_the_last_scan_of_this_console(prompt, typed):
    typed("scan det th -1 1 3; scan det samx 0 1 2")
    assert "again: scan det samx 0 1 2" in typed("redo")
    assert "again: scan det samx 0 1 2" in typed("redo -1")
    assert "again: scan det th -1 1 3" in typed("redo -4")


def test_redo_of_a_redo_is_the_same_scan(prompt, typed):
    typed("scan det th -1 1 3; redo; redo")
    assert start_of_last_run(prompt)["command"] == "scan det th -1 1 3"


def test_redo_of_a_run_whose_command_was_redo_is_that_run_and_no_other(prompt, typed):
    typed("scan det th -1 1 3")
    typed("RE(bp.scan([det], samx, 0, 1, 2), command='redo')")
    assert "again: bp.scan([det], samx, 0, 1, 2)" in typed("redo")


def test_redo_shows_what_the_command_shows_at_its_end(prompt, typed):
    prompt.names["bell"] = SynGauss(name="bell", motor=prompt.session.devices["th"], center=0.2, sigma=0.3)
    typed("mov th 0.1; align bell th -1 1 41")
    typed("mov th 0.1")
    assert re.search(r"^th: 0\.100 -> ", typed("redo"), re.MULTILINE)


@pytest.mark.parametrize(
    "line",
    [
        "rscan det th -1 1 3",
        "grid det th 0 1 2 samx 0 1 2 0.01",
        "dscan th -1 1 2 0.01",
        "loopscan 2 0.01",
        "regions det th 0:1:0.5",
        "RE(bp.scan([det], th, 0, 1, 2))",
        "RE(bpp.configure_count_time_wrapper(bp.scan([det], th, 0, 1, 2), 0.01))",
    ],
)
def test_scans_of_all_kinds_are_done_again_with_the_same_plan(line, prompt, typed):
    typed(line)
    before = start_of_last_run(prompt)
    assert "success" in typed("redo")
    after = start_of_last_run(prompt)
    assert after["uid"] != before["uid"]
    assert {key: after.get(key) for key in ("plan_name", "plan_args", "motors")} == {
        key: before.get(key) for key in ("plan_name", "plan_args", "motors")
    }


def test_redo_says_that_it_scans_around_another_place(prompt, typed):
    typed("mov th 0.25")
    typed("RE(bp.rel_scan([det], th, -1, 1, 3), origins={'th': 0.25})")
    scan = prompt.session.md.last_scan_id
    assert "around" not in typed("redo")
    typed("mov th 5")
    said = typed(f"redo {scan}")
    assert f"around th = 5.000, then it was 0.250 (goscan {scan} th goes there)\n" in said


def test_redo_is_checked_as_any_scan(prompt, typed):
    typed("scan det th -1 1 3; mov th 0")
    th = prompt.session.devices["th"]
    th.limits = (-0.5, 0.5)
    try:
        assert "th: -1" in typed("redo")
    finally:
        th.limits = None
    assert prompt.position("th") == 0


def test_redo_can_be_rehearsed_and_queued(prompt, typed):
    typed("scan det th -1 1 3; mov th 0")
    assert "3 points" in typed("rehearse redo")
    assert prompt.position("th") == 0
    assert "queue add" not in typed("queue add redo")
    assert "1 done" in typed("queue run")
    assert prompt.position("th") == 1
    assert "again: " in typed("redo")
    assert start_of_last_run(prompt)["plan_form"] == "bp.scan([det], th, -1, 1, num=3)"
    typed("queue clear")


def test_beside_a_paused_plan_a_scan_is_done_again_too(prompt, typed):
    typed("scan det th -1 1 3; mov th 0")
    typed("RE(bpp.pchain(bps.checkpoint(), bps.pause()))")
    said = typed("redo")
    typed("abort")
    assert "success, 3 points" in said
    assert prompt.position("th") == 1


def test_redo_says_that_a_device_is_no_more(prompt, typed):
    prompt.names["samy"] = SynAxis(name="samy")
    typed("scan det samy -1 1 3")
    prompt.names.pop("samy")
    scan = prompt.session.md.last_scan_id
    said = typed("redo")
    assert said.startswith(f"beamshell: run {scan} cannot be done again: no device 'samy'")
    assert said.count("\n") == 1


def test_redo_says_that_a_plan_was_no_call_that_can_be_written(prompt, typed):
    typed("def mine():\n    yield from bp.scan([det], th, 0, 1, 2)")
    typed("RE(mine())")
    scan = prompt.session.md.last_scan_id
    assert f"run {scan} cannot be done again: it was run by RE(...) with a plan that" in typed("redo")


def test_redo_says_that_a_command_is_no_more(prompt, typed):
    typed(
        "from beamshell import command\n"
        "from beamshell.messages import Plan\n"
        "from beamshell.shell.parameter_types import Points\n"
        "@command()\n"
        "def nod(times: Points) -> Plan:\n"
        "    for _ in range(times):\n"
        "        yield from bp.scan([det], th, 0, 1, 2)\n"
    )
    typed("nod 1")
    assert start_of_last_run(prompt)["plan_form"] == "nod.plan(1)"
    assert "success" in typed("redo")
    COMMANDS._by_name.pop("nod")
    assert "cannot be done again: no command 'nod'" in typed("redo")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("redo 99999", "no run has scan_id 99999"),
        ("redo nix", "redo: 'nix' is not a number (scan number)"),
        ("redo 1 2", "redo: '2' is one word too many"),
    ],
)
def test_a_wrong_use_of_redo_is_answered_in_one_line_and_its_usage(line, message, typed):
    typed("scan det th -1 1 3")
    said = typed(line)
    assert message in said
    assert said.count("\n") == 1 or (said.count("\n") == 2 and "\nUsage: " in said)


# ---- script ------------------------------------------------------------------------------------


@pytest.fixture
def written(typed, tmp_path):
    """What `script` writes into a file."""

    def write(line="script -10"):
        path = tmp_path / "plans.py"
        path.unlink(missing_ok=True)
        typed(f"{line} {path}")
        return path.read_text()

    return write


def test_new_thing_4_a_command_has_three_forms_and_script_writes_the_last_ones_as_plans(prompt, typed, written):
    typed("mov th 1; ct det 0.01; scan det th -1 1 3")
    shown = commands()["scan"].help()
    assert "scan det th -1 1 21" in shown
    assert "scan(det, th, -1, 1, 21)" in shown
    assert "RE(scan.plan(det, th, -1, 1, 21))" in shown
    assert start_of_last_run(prompt)["plan_form"] == "bp.scan([det], th, -1, 1, num=3)"
    text = written("script -3")
    compile(text, "plans.py", "exec")
    lines = [line.strip() for line in text.splitlines() if "yield from" in line]
    assert lines == [
        "yield from bps.mv(th, 1)",
        "yield from ct.plan(det, 0.01)",
        "yield from bp.scan([det], th, -1, 1, num=3)",
    ]


def test_script_says_what_was_typed_when_and_how_it_ended(typed, written):
    typed("scan det th -1 1 3")
    typed("RE(bpp.pchain(bps.checkpoint(), bps.pause(), bps.mv(th, 2)))")
    typed("abort enough of it")
    comments = [line for line in written("script -2").splitlines() if line.strip().startswith("#")]
    assert re.fullmatch(r"    # \d{4}-\d\d-\d\d \d\d:\d\d:\d\d scan det th -1 1 3: success", comments[0])
    assert comments[1].endswith(": abort: enough of it")


def test_script_writes_the_plans_of_python_too_and_says_which_it_cannot_write(typed, written):
    typed("def mine():\n    yield from bps.mv(th, 3)")
    typed("RE(bps.mv(samx, 2)); RE(mine())")
    text = written("script -2")
    assert "yield from bps.mv(samx, 2)" in text
    assert "mine: success\n    # (this plan cannot be written)" in text


def test_a_script_runs_again_in_an_open_console(prompt, typed, written, tmp_path):
    typed("mov th 1; movr th 0.5; mov samx 4")
    written("script -3")
    typed("mov th 0 samx 0")
    typed(f"%run -i {tmp_path / 'plans.py'}")
    assert (prompt.position("th"), prompt.position("samx")) == (1.5, 4)


def test_a_script_without_a_name_goes_into_the_data_folder(prompt, typed):
    typed("mov th 1")
    path, said = typed("script").splitlines()
    assert Path(path).parent == prompt.session.folder / "scripts"
    assert said.endswith(f"to run them again: beamshell {path}")


def test_script_never_overwrites_a_file(typed, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("x = 1\n")
    typed("mov th 1")
    assert typed(f"script -1 {path}") == f"beamshell: script: {path} exists already: name another file\n"
    assert path.read_text() == "x = 1\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("script 0", "script: how many commands? script -10 writes the last ten"),
        ("script 1.5", "script: '1.5' is not a whole number"),
        ("script -2 /nix/nix/a.py", "script: /nix/nix/a.py cannot be written: No such file or directory"),
    ],
)
def test_a_wrong_use_of_script_is_answered_in_one_line_and_its_usage(line, message, typed):
    typed("mov th 1")
    said = typed(line)
    assert message in said
    assert said.count("\n") == 1 or (said.count("\n") == 2 and "\nUsage: " in said)
