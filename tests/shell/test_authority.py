"""Two consoles of one data folder: one moves, the other looks; asking, giving, refusing and taking control."""

from __future__ import annotations

import contextlib
import io
import tempfile
import threading
import time
from collections import namedtuple
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beamshell.devices.permission import WritePermission
from beamshell.errors import NotInControl, UsageError
from beamshell.shell.authority import Authority, this_console
from beamshell.shell.control_requests import control_lines, give_control, refuse_control, take_control
from beamshell.store.control_folder import ControlFolder

Entry = namedtuple("Entry", "console kind facts time", defaults=[0.0])


class Log:
    """The console log of all consoles, in memory."""

    entries: list[Entry]

    def __init__(self, entries, key):
        self.entries, self._key = entries, key

    def add(self, kind, **facts):
        self.entries.append(Entry(self._key, kind, facts))

    def newest_first(self, *kinds):
        return [entry for entry in reversed(self.entries) if entry.kind in kinds]


class OneConsole:
    """A console without a prompt.

    Attributes:
        authority: what is tried.
        permission: that of its process.
        unfinished: what has not ended, such as a plan.
    """

    def __init__(self, folder, entries, operator, wait_s):
        self.unfinished = ""
        self.permission = WritePermission()
        self.log = Log(entries, operator)
        files = ControlFolder(folder, this_console(operator, operator)._replace(host="ws1", pid=len(operator)))
        self.authority = Authority(files, self.log, lambda: self.unfinished, lambda: wait_s, permission=self.permission)

    def writes(self, *devices):
        """Write to devices, as one cell does; the error of the first that is refused."""
        self.authority.cell_begins()
        try:
            for device in devices:
                if not self.permission.is_open:
                    self.permission.require(device)
        except NotInControl as exc:
            return str(exc)
        finally:
            self.authority.cell_ended()
        return ""


@pytest.fixture(autouse=True)
def only_the_test_looks(monkeypatch):
    """No thread looks at the other consoles: each test says when."""
    monkeypatch.setattr("beamshell.shell.authority.LOOK_S", 3600.0)


@pytest.fixture
def open_console(tmp_path):
    opened, entries = [], []

    def open_one(operator, *, at_prompt=True, wait_s=0.0):
        one = OneConsole(tmp_path, entries, operator, wait_s)
        one.authority.open(at_prompt=at_prompt)
        opened.append(one)
        return one

    yield open_one
    for one in opened:
        one.authority.close()


@pytest.fixture
def anna(open_console):
    return open_console("anna")


@pytest.fixture
def bob(anna, open_console, capsys):
    """The second console."""
    bob = open_console("bob")
    capsys.readouterr()
    return bob


def test_a_console_alone_moves_and_hears_nothing_of_it(anna, capsys):
    assert anna.writes("th", "samx") == ""
    assert anna.authority.status_text() == ""
    anna.authority.look()
    anna.authority.close()
    assert capsys.readouterr().err == ""
    assert anna.permission.is_open


def test_the_second_console_is_told_at_its_start_who_has_control_and_what_to_type(anna, open_console, capsys):
    bob = open_console("bob")
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("beamshell: anna (ws1, pid 4) has control since ")
    assert line.endswith(": this console only looks (control take asks for it)")
    assert bob.authority.status_text() == "observer: anna has control"


def test_an_observer_is_refused_with_the_holder_the_place_the_time_and_what_to_type(anna, bob):
    refusal = bob.writes("th")
    assert refusal.startswith("th: anna (ws1, pid 4) has control since ")
    assert refusal.endswith(" (control take asks for it)")
    with pytest.raises(NotInControl, match=r"^anna "):
        bob.authority.claim_for_plan()
    assert anna.writes("th") == ""


def test_a_script_takes_control_with_its_first_motion_and_not_at_its_start(open_console, capsys):
    script, anna = open_console("script", at_prompt=False), open_console("anna")
    assert capsys.readouterr().err == ""
    assert script.writes("th").startswith("th: anna (ws1, pid 4) has control")
    anna.authority.close()
    assert script.writes("th") == ""


def test_when_the_holder_leaves_the_first_that_moves_has_control(anna, bob, capsys):
    bob.authority.look()
    anna.authority.close()
    bob.authority.look()
    bob.authority.look()
    line = "beamshell: anna (ws1, pid 4) has left: control is free, the first motion takes it\n"
    assert capsys.readouterr().err == line
    assert bob.authority.status_text() == ""
    assert bob.writes("th") == ""


def test_who_gives_control_to_nobody_gets_it_back_by_moving(anna, bob):
    assert give_control(anna.authority) == "control is free: the first console that moves has it"
    assert control_lines(bob.authority)[0] == "nobody has control: the first console that moves has it"
    assert anna.writes("th") == ""
    assert bob.writes("th") != ""


def ask(console, reason="", until=lambda: None):
    """Ask for control in a thread of its own; what it says in the end."""
    answers = []

    def take():
        try:
            answers.append(take_control(console.authority, reason))
        except NotInControl as exc:
            answers.append(str(exc))

    thread = threading.Thread(target=take)
    thread.start()
    return answers, thread


def wait_for_request(console):
    for _ in range(100_000):
        if any("asks for control" in line for line in control_lines(console.authority)):
            return
    pytest.fail("nobody asks")


def test_the_holder_sees_who_asks_and_why_and_gives_it(anna, open_console, capsys):
    bob = open_console("bob", wait_s=600)
    capsys.readouterr()
    answers, thread = ask(bob, "align the mirror")
    wait_for_request(anna)
    anna.authority.look()
    anna.authority.look()
    assert anna.authority.status_text() == "bob asks for control: control give, or refuse"
    assert give_control(anna.authority) == "bob (ws1, pid 3) has control now: this console only looks"
    thread.join()
    assert answers == ["this console has control: anna (ws1, pid 4) gave it"]
    said = capsys.readouterr().err.splitlines()
    asks = "beamshell: bob (ws1, pid 3) asks for control: align the mirror (control give, or control refuse)"
    assert said.count(asks) == 1
    assert bob.writes("th") == ""
    assert anna.writes("th").startswith("th: bob (ws1, pid 3) has control")
    assert anna.authority.status_text() == "observer: bob has control"


def test_the_holder_refuses_with_a_reason(anna, open_console):
    bob = open_console("bob", wait_s=600)
    answers, thread = ask(bob, "align the mirror")
    wait_for_request(anna)
    assert refuse_control(anna.authority, "in a scan") == "bob (ws1, pid 3) was refused; control stays here"
    thread.join()
    assert answers == ["anna (ws1, pid 4) keeps control: in a scan"]
    assert anna.writes("th") == ""
    assert bob.writes("th") != ""
    anna.authority.look()
    assert anna.authority.status_text() == ""


def test_from_an_idle_holder_who_does_not_answer_it_is_taken_with_a_reason_and_that_is_said(anna, bob, capsys):
    with pytest.raises(NotInControl, match=r"does not answer, and is idle: take it with `control take REASON`"):
        take_control(bob.authority, "")
    assert (
        take_control(bob.authority, "anna has gone home")
        == "this console has control: anna (ws1, pid 4) did not answer"
    )
    capsys.readouterr()
    anna.authority.look()
    said = "beamshell: bob (ws1, pid 3) has taken control (anna has gone home): this console only looks now\n"
    assert capsys.readouterr().err == said
    assert anna.writes("th") != ""


def test_nobody_takes_it_in_the_middle_of_a_cell_or_of_a_paused_scan(anna, bob):
    anna.log.add("typed", line="scan det th -1 1 21")
    anna.unfinished = "a plan is paused"
    assert anna.writes("th") == ""  # paused: the cell has ended, its plan has not
    with pytest.raises(NotInControl, match=r"anna .* does not answer, and is busy: scan det th -1 1 21: ask"):
        take_control(bob.authority, "a reason")
    with pytest.raises(UsageError, match="a plan is paused: end that first"):
        give_control(anna.authority)
    assert control_lines(bob.authority)[1:] == ["  it is busy: scan det th -1 1 21"]
    anna.unfinished = ""
    anna.authority.cell_ended()
    assert take_control(bob.authority, "a reason").startswith("this console has control")


def test_of_a_paused_holder_the_paused_plan_is_named_and_not_what_was_typed_or_moved_since(anna, bob):
    anna.log.add("opened")
    for kind, facts in (
        ("typed", {"line": "scan det th -1 1 21"}),
        ("plan", {"plan": "scan", "command": "scan det th -1 1 21"}),
        ("paused", {}),
        ("typed", {"line": "mov samx 1"}),
        ("plan", {"plan": "mv", "command": "mov samx 1"}),
        ("ended", {"status": "success"}),
    ):
        anna.log.add(kind, **facts)
    anna.unfinished = "a plan is paused"
    assert anna.writes("th") == ""
    assert control_lines(bob.authority)[1:] == ["  it is busy: scan det th -1 1 21, paused"]


def test_a_holder_that_was_frozen_meanwhile_finds_out_at_its_next_write(anna, bob):
    take_control(bob.authority, "it does not answer")  # anna has not looked since
    assert anna.writes("th").startswith("th: bob (ws1, pid 3) has control")


def test_a_plan_keeps_control_from_its_beginning_to_its_end(anna, bob):
    anna.unfinished = "a plan is paused"
    anna.authority.claim_for_plan()  # of a start-up file: there is no cell
    with pytest.raises(NotInControl, match="is busy"):
        take_control(bob.authority, "a reason")
    anna.unfinished = ""
    anna.authority.cell_ended()
    assert take_control(bob.authority, "a reason")


def test_within_a_cell_the_files_are_looked_at_once(anna, monkeypatch):
    looks = []
    control = ControlFolder.control
    monkeypatch.setattr(ControlFolder, "control", lambda self: looks.append(1) or control(self))
    anna.writes("th")
    once = len(looks)
    looks.clear()
    anna.writes(*["th"] * 1000)
    assert len(looks) == once


@pytest.mark.parametrize(
    ("act", "line"),
    [
        (lambda each: take_control(each, "x"), "this console has control already"),
        (lambda each: refuse_control(each, "x"), "nobody asks for control"),
    ],
)
def test_what_makes_no_sense_for_the_holder_is_one_line(act, line, anna):
    with pytest.raises(UsageError, match=line):
        act(anna.authority)


@pytest.mark.parametrize("act", [give_control, lambda each: refuse_control(each, "x")])
def test_an_observer_can_neither_give_nor_refuse(act, bob):
    with pytest.raises(UsageError, match=r"this console does not have control: anna \(ws1, pid 4\) has control"):
        act(bob.authority)


def test_control_lists_the_holder_and_the_other_consoles(anna, bob, open_console):
    open_console("carl")
    first, *others = control_lines(bob.authority)
    assert first.startswith("anna (ws1, pid 4) has control since ")
    assert [line.rpartition(", since")[0] for line in others] == ["also here: carl (ws1, pid 4)"]
    assert control_lines(anna.authority)[0].startswith("this console has control since ")


def test_a_disk_that_takes_nothing_keeps_nobody_from_moving(anna, monkeypatch, capsys):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    for method in ("change", "enter", "control"):
        monkeypatch.setattr(ControlFolder, method, refuse)
    assert anna.writes("th") == anna.writes("th") == ""
    line = "who has control cannot be kept (No space left on device): other consoles are not held back"
    assert capsys.readouterr().err == f"beamshell: {line}\n"
    monkeypatch.undo()


def test_a_deleted_folder_is_made_again_and_the_holder_keeps_control(anna, bob, tmp_path, capsys):
    for path in (tmp_path / "control").iterdir():
        path.unlink()
    anna.authority.look()
    assert anna.writes("th") == ""
    assert bob.writes("th") != ""
    assert "taken" not in capsys.readouterr().err


def test_all_that_happens_to_control_is_in_the_console_log(anna, bob):
    take_control(bob.authority, "anna has gone home")
    anna.authority.look()
    bob.authority.close()
    actions = [(entry.console, entry.facts["action"]) for entry in anna.log.entries if entry.kind == "control"]
    assert actions == [("anna", "taken"), ("bob", "asked"), ("bob", "taken"), ("anna", "lost"), ("bob", "left")]


def test_a_console_that_lives_says_so_in_the_console_log_and_who_has_control(anna, monkeypatch, open_console):
    monkeypatch.setattr("beamshell.shell.authority.LOOK_S", 0.001)
    monkeypatch.setattr("beamshell.shell.authority.LOGGED_S", 0.0)
    bob = open_console("bob")
    deadline = time.monotonic() + 60
    while (alive := next(iter(bob.log.newest_first("alive")), None)) is None and time.monotonic() < deadline:
        time.sleep(0.001)
    assert alive[:3] == ("bob", "alive", {"control": False, "holder": "anna (ws1, pid 4)"})


def begin_cell_that_writes(console):
    console.authority.cell_begins()
    if not console.permission.is_open:
        console.permission.require("th")


ACTIONS = {
    "write": begin_cell_that_writes,
    "end": lambda console: console.authority.cell_ended(),
    "pause": lambda console: setattr(console, "unfinished", "a plan is paused" if console.permission.is_open else ""),
    "resume": lambda console: console.authority.claim_for_plan(),
    "finish": lambda console: setattr(console, "unfinished", ""),
    "give": lambda console: give_control(console.authority),
    "take": lambda console: take_control(console.authority, "a reason"),
    "look": lambda console: console.authority.look(),
    "close": lambda console: console.authority.close(),
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the one that keeps the threads quiet
@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(sorted(ACTIONS))), min_size=10, max_size=60))
def test_whatever_two_consoles_do_never_may_both_move_at_one_moment(steps):
    with tempfile.TemporaryDirectory() as folder:
        consoles = {name: OneConsole(Path(folder), [], name, 0.0) for name in "ab"}
        for console in consoles.values():
            console.authority.open(at_prompt=True)
        try:
            for name, action in steps:
                console = consoles[name]
                if console.authority.is_closed:
                    continue
                with contextlib.suppress(NotInControl, UsageError), contextlib.redirect_stderr(io.StringIO()):
                    ACTIONS[action](console)
                living = [each for each in consoles.values() if not each.authority.is_closed]
                assert sum(each.permission.is_open for each in living) <= 1
        finally:
            for console in consoles.values():
                console.authority.close()
