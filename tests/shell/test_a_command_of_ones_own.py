"""The command of docs/how-to/extend/command.md in a real IPython: typed, completed, helped, rehearsed and queued."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from own_commands import own_commands
from traitlets.config import Config

from beamshell.shell import extension
from beamshell.shell.command_set import COMMANDS
from beamshell.store import Runs

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "extend" / "command.md"
WITHOUT_HISTORY = Config({"HistoryManager": {"enabled": False}})
TEN_LINES, TOTAL = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def shell(data):
    """An IPython shell with a console on simulated devices, whose start-up folder has the command."""
    (data / "startup").mkdir()
    (data / "startup" / "nod.py").write_text(TEN_LINES)
    with pytest.MonkeyPatch.context() as patch, own_commands():
        patch.setenv("BEAMSHELL_DATA", str(data))
        patch.setenv("BEAMSHELL_PLOTS", "none")
        shell = InteractiveShell(config=WITHOUT_HISTORY)
        extension.load(shell)
        yield shell
        extension.unload(shell)


@pytest.fixture
def typed(shell, capsys):
    """What a line shows."""

    def type_line(line):
        shell.run_cell(line)
        output = capsys.readouterr()
        return output.out + output.err

    return type_line


@pytest.fixture
def value(shell):
    """What a line of Python gives."""
    return lambda line: shell.run_cell(line).result


def test_it_is_ten_lines():
    assert len(TEN_LINES.splitlines()) <= 10


def test_it_runs_and_its_name_is_the_function_in_python(typed, value):
    assert typed("mov motor 1").endswith("-> 1.000\n")
    assert typed("nod motor 2; nod motor 1 0.5") == ""
    assert typed("for n in (1, 2):\n    nod(motor, n, by=0.1)") == ""
    assert typed("_ = RE(nod.plan('motor', 1))") == ""
    assert value("motor.position") == 1


def test_its_words_are_completed(shell):
    with provisionalcompleter():
        offered = [completion.text for completion in shell.Completer.completions("nod ", 4)]
    assert "motor" in offered
    assert "det" not in offered


def test_it_is_in_bhelp_under_its_heading(typed):
    assert re.match(r"Moving +mov, .*, nod\n", typed("bhelp"))
    moving = typed("bhelp moving")
    assert re.search(r"nod motor 3 +Move a motor to and fro, and end where it was\.", moving)


@pytest.mark.parametrize("line", ["bhelp nod", "nod"])
def test_its_help_says_how_it_is_typed(typed, line):
    for expected in ("nod motor times [by]", "nod motor 3", "nod(motor, 3)", "RE(nod.plan(motor, 3))"):
        assert expected in typed(line)


def test_a_question_mark_shows_the_same_help(shell, value):
    assert "nod motor times [by]" in shell.object_inspect("nod")["docstring"]
    assert "nod motor times [by]" in shell.object_inspect("%nod")["docstring"]


def test_wrong_words_are_named(typed):
    assert typed("nod motor x") == "beamshell: nod: 'x' is not a number (times)\n"
    assert typed("nod det 3") == "beamshell: nod: det cannot be moved (motor)\n"
    missing, usage = typed("nod motor").splitlines()
    assert missing == "beamshell: nod: times is missing."
    assert usage == "Usage: nod motor times [by], such as: nod motor 3"
    assert typed("NOD motor 3") == "beamshell: no command 'NOD': did you mean nod?\n"


def test_it_is_rehearsed_and_nothing_moves(typed, value):
    typed("mov motor 1")
    assert "motor: 2 moves between 1 and 5" in typed("rehearse nod motor 1 4")
    assert value("motor.position") == 1


def test_it_is_queued(typed, value):
    typed("mov motor 1")
    assert "nod motor 1" in typed("queue add nod motor 1 0.2")
    assert "1 done" in typed("queue run")
    assert "det cannot be moved" in typed("queue add nod det 1")


def test_what_follows_a_queued_command_may_run_a_plan_which_is_done_after_the_queue(typed, value):
    typed("from beamshell import command, followed_by\nfrom beamshell.shell.command import Followed")
    typed(
        "@command('Moving')\ndef there_and_back() -> Followed:\n    'There and back.'\n"
        "    return followed_by(bps.mv(motor, 2), lambda _: RE(bps.mv(motor, 0)))"
    )
    typed("queue clear")
    typed("queue add there_and_back")
    output = typed("queue run")
    assert "what follows there_and_back runs a plan: it is done at the end" in output
    assert "1 done" in output
    assert value("motor.position") == 0


def test_one_typed_at_the_prompt_is_there_at_once_and_what_follows_its_plan_is_done(typed, data):
    assert typed(TOTAL) == ""
    output = typed("total det 2")
    (run,) = Runs(data)[-1:]
    assert f"recorded as {run.start['uid']}" in output
    assert run.start["command"] == "total det 2"
    assert run.start["plan_form"] == "bp.count([det], num=2)"
    typed("total(det, 3)")
    (run,) = Runs(data)[-1:]
    assert run.start["command"] == "total det 3"
    assert "total 3 " in typed("bhelp counting")


def test_a_parameter_that_cannot_be_typed_is_reported_when_the_command_is_written(typed):
    messages = typed("@command()\ndef odd(a: dict): ...")
    assert "the parameter a has a type that cannot be typed at the prompt" in messages
    assert "odd" not in COMMANDS


def test_the_name_of_a_device_or_of_python_is_refused(typed):
    assert "'motor' cannot be a command: it is a device" in typed("@command()\ndef motor(): ...")
    assert "'print' cannot be a command" in typed("@command()\ndef print(): ...")


@pytest.mark.parametrize("name", ["time", "RE", "session", "runs", "exit"])
def test_the_name_of_a_magic_or_of_the_console_is_refused_and_keeps_its_meaning(name, typed, shell):
    meant = shell.user_ns.get(name)
    messages = typed(f"from beamshell import command\n@command()\ndef {name}():\n    'no'")
    assert f"'{name}' cannot be a command" in messages
    assert shell.user_ns.get(name) is meant


def test_a_name_of_ones_own_hides_the_function_but_not_the_command(typed, value):
    typed(TOTAL)
    typed("total = 5")
    assert value("total") == 5
    assert "recorded as" in typed("total det 1")
    typed("del total")


def test_commands_of_the_console_are_functions_too(typed):
    assert "motor" in typed("wa()")
    assert typed("mov(motor, 2)").endswith("-> 2.000\n")
    assert typed("md('sample', 'LaB6 660c')") == "sample: LaB6 660c\n"


def test_every_name_is_taken_away_with_the_extension(data, monkeypatch):
    monkeypatch.setenv("BEAMSHELL_DATA", str(data / "other"))
    other = InteractiveShell(config=WITHOUT_HISTORY)
    before = set(other.user_ns)
    session, added = COMMANDS.session, COMMANDS.added
    extension.load(other)
    assert "scan" in other.user_ns
    extension.unload(other)
    COMMANDS.session, COMMANDS.added = session, added
    assert not {"scan", "mov", "nod"} & (set(other.user_ns) - before)
