"""What a command is: what follows from the signature of its function."""

from __future__ import annotations

import gc
import inspect
import re
from types import SimpleNamespace
from typing import Literal, NamedTuple

import pytest

from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.errors import CommandError, ConfigError, UnknownName, UsageError
from beamshell.messages import Msg, Plan
from beamshell.plans import stubs as bps
from beamshell.shell.advice import advice
from beamshell.shell.command import Command, followed_by
from beamshell.shell.command_set import CommandSet, command
from beamshell.shell.commands import commands
from beamshell.shell.parameter_types import Detectors, Motor, Points, Position, Seconds, Session, Text
from beamshell.simulate.result import SimulationResult


class Console:
    """What commands need of a session."""

    def __init__(self):
        self.th = SynAxis(name="th", value=1.0)
        self.det = SynGauss(name="det", motor=self.th)
        self.devices = {"th": self.th, "tth": SynAxis(name="tth"), "det": self.det}
        self.ran = []

    def detectors(self):
        return [self.det]

    def run(self, plan, **how):
        self.ran.append((list(plan), how))


@pytest.fixture
def console():
    return Console()


def twice(number: float):
    """Two times a number."""
    if number == 13:
        raise RuntimeError("nobody foresaw this")
    if number == 14:
        raise UnknownName("no device 'nobody'")
    return 2 * number


TWICE = Command(twice, "Sums", example="twice 2", aliases=("double",))


def nod(motor: Motor, times: Points, by: Position = 0.1, *, field: str | None = None, back: bool = False) -> Plan:
    """Move a motor to and fro."""
    return bps.mv(motor, by * times)


NOD = Command(nod, example="nod th 3")


def test_a_command_does_what_its_function_does(console):
    assert TWICE.act(console, ["2.5"]) == 5


def test_a_word_that_does_not_fit_is_named(console):
    with pytest.raises(UsageError) as refused:
        TWICE.act(console, ["abc"])
    assert str(refused.value) == "twice: 'abc' is not a number (number).\nUsage: twice number, such as: twice 2"


def test_where_words_are_missing_the_usage_is_on_a_second_line(console):
    with pytest.raises(UsageError) as refused:
        NOD.act(console, ["th"])
    first, second = str(refused.value).splitlines()
    assert first == "nod: times is missing."
    assert second == "Usage: nod motor times [by] [field=value] [back], such as: nod th 3"


def test_a_word_too_many_is_named(console):
    with pytest.raises(UsageError, match="twice: '7' is one word too many"):
        TWICE.act(console, ["2", "7"])


def test_an_unknown_name_says_all_there_is_to_say(console):
    with pytest.raises(UnknownName, match=r"^no device 'nobody'$"):
        TWICE.act(console, ["14"])


def test_an_error_that_nobody_foresaw_becomes_one_line(console):
    with pytest.raises(
        CommandError, match=r"twice: RuntimeError: nobody foresaw this \(.*test_command.py:\d+, in twice; "
    ):
        TWICE.act(console, ["13"])


def test_the_help_has_the_usage_an_example_the_form_in_python_and_the_other_words():
    for expected in ("Two times a number.", "twice number", "twice 2", "twice(2)", "double"):
        assert expected in TWICE.help()
    assert "RE(nod.plan(th, 3))" in NOD.help()


def test_a_parameter_with_a_default_may_be_left_out(console):
    assert NOD.signature.bind(["th", "3"], {}, console) == {"motor": console.th, "times": 3, "by": 0.1}


def test_keyword_only_parameters_are_typed_by_name_and_flags_as_bare_words(console):
    arguments = NOD.signature.bind(["th", "back", "3", "field='a b'"], {}, console)
    assert arguments == {"motor": console.th, "times": 3, "by": 0.1, "field": "a b", "back": True}


@pytest.mark.parametrize("words", [["th", "3", "by=0.5"], ["th", "by=0.5", "3"], ["by=0.5", "times=3", "motor=th"]])
def test_a_parameter_may_be_typed_by_its_name_wherever_it_stands(console, words):
    assert NOD.signature.bind(words, {}, console) == {"motor": console.th, "times": 3, "by": 0.5}


def test_what_is_typed_by_name_and_by_place_is_refused(console):
    with pytest.raises(UsageError, match="by is there twice"):
        NOD.act(console, ["th", "3", "by=0.5", "by=0.6"])
    with pytest.raises(UsageError, match=r"'0\.6' is one word too many"):
        NOD.act(console, ["th", "3", "0.6", "by=0.5"])


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["th", "3", "fild=x"], r"'fild=x' is not understood: it may be field=\.\.\."),
        (["th", "3", "field="], "field is missing"),
        (["th", "3", "0.1", "x"], "'x' is one word too many"),
    ],
)
def test_settings_that_do_not_fit_are_named(console, words, answer):
    with pytest.raises(UsageError, match=answer):
        NOD.act(console, words)


def test_objects_and_keywords_of_python_are_read_as_words_are(console):
    typed = NOD.signature.bind(["th", "3", "0.5", "field=x"], {}, console)
    assert NOD.signature.bind([console.th, 3, 0.5], {"field": "x"}, console) == typed
    assert NOD.signature.bind(["th"], {"times": 3, "by": "0.5", "field": "x"}, console) == typed


def test_a_keyword_that_is_no_parameter_is_named(console):
    with pytest.raises(UsageError, match="there is no parameter 'speed'"):
        NOD.act(console, ["th", 3], {"speed": 2})


class Axis(NamedTuple):
    motor: Motor
    to: Position


def test_a_list_of_a_named_tuple_is_a_group_that_repeats(console):
    def go(axes: list[Axis]) -> Plan:
        """Go."""

    command = Command(go)
    assert command.usage == "motor to [motor to ...]"
    bound = command.signature.bind(["th", "1", "tth", "2"], {}, console)
    assert bound == {"axes": [(console.th, 1), (console.devices["tth"], 2)]}
    with pytest.raises(UsageError, match="go: to is missing"):
        command.act(console, ["th", "1", "tth"])


def test_a_literal_is_one_of_its_words(console):
    def door(state: Literal["open", "closed"]) -> str:
        """Move the door."""
        return state

    assert Command(door).usage == "open | closed"
    assert Command(door).act(console, ["open"]) == "open"
    with pytest.raises(UsageError, match=r"'opn' is none of open, closed: did you mean open\?"):
        Command(door).act(console, ["opn"])


def test_the_rest_of_a_line_is_text_and_the_session_is_not_typed(console):
    def note(session: Session, text: Text) -> object:
        """Note something."""
        return session, text

    assert Command(note).usage == "text ..."
    assert Command(note).act(console, ["the", "beam", "is", "back"]) == (console, "the beam is back")


@pytest.mark.parametrize(
    ("annotation", "answer"), [(dict, "cannot be typed at the prompt"), (bool, "put it after a `*`")]
)
def test_a_parameter_that_cannot_be_typed_is_refused(annotation, answer):
    def odd(thing): ...

    odd.__annotations__ = {"thing": annotation}
    with pytest.raises(UsageError, match=answer):
        Command(odd).signature  # noqa: B018


async def fetch(number: float): ...


def before_a_slash(number: float, /): ...


def many_by_name(*, numbers: list[float] = ()): ...


def misspelt(number: "one of"): ...  # noqa: F722


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        (fetch, "fetch cannot be a command: it is async"),
        (before_a_slash, "number stands before a `/`"),
        (many_by_name, "numbers=... takes one word"),
        (misspelt, "misspelt: its types are not understood"),
        (type("Callable", (), {"__call__": lambda self: None})(), "a command is made of a function"),
    ],
)
def test_a_function_that_cannot_be_typed_is_refused_when_the_command_is_made(function, answer):
    with pytest.raises(UsageError, match=answer):
        Command(function, name="odd").signature  # noqa: B018


def test_the_decorator_without_its_brackets_says_so():
    with pytest.raises(UsageError, match=r"write @command\(\) with its brackets"):
        command(twice)


def test_none_is_no_detector(console):
    def look(detectors: Detectors, motor: Motor):
        return detectors

    for tokens, keywords in (([None, "th"], {}), (["th"], {"detectors": None})):
        with pytest.raises(UsageError, match="None cannot be read"):
            Command(look).act(console, tokens, keywords)


# ---- plans -------------------------------------------------------------------------------------


def test_a_command_that_returns_a_plan_runs_it_labelled_with_its_line(console):
    NOD.act(console, ["th", "3", "2"], line="nod th 3 2")
    [(messages, how)] = console.ran
    assert messages[0] == Msg("set", console.th, 6.0, group="move")
    assert how == {"command": "nod th 3 2", "then": None, "preflight": True}
    assert NOD.runs_a_plan
    assert not TWICE.runs_a_plan


def test_what_follows_a_plan_and_what_is_shown_meanwhile_go_with_it(console):
    record = []

    class During:
        def __enter__(self):
            record.append("begun")

        def __exit__(self, *_):
            record.append("over")

    def go() -> Plan:
        """Go."""
        return followed_by(bps.null(), record.append, during=During)

    Command(go).act(console, [])
    [(_, how)] = console.ran
    assert record == ["begun", "over"]
    how["then"]("the plan's result")
    assert record[-1] == "the plan's result"


def test_what_is_followed_must_be_a_plan(console):
    def go() -> Plan:
        """Go."""
        return followed_by(3)

    with pytest.raises(UsageError, match=r"go: followed_by takes a plan, such as bps.mv\(th, 1\), and not 3"):
        Command(go).act(console, [])


def test_a_plan_whose_surroundings_cannot_be_made_is_thrown_away_without_a_warning(console, recwarn):
    def go(motor: Motor) -> Plan:
        """Go."""
        return followed_by(bps.mv(motor, 1), during=lambda: 3)

    with pytest.raises(CommandError, match="go: TypeError"):
        Command(go).act(console, ["th"])
    gc.collect()
    assert list(recwarn) == []


def test_a_plan_whose_own_call_cannot_be_written_has_the_commands_and_can_be_made_again(console, monkeypatch):
    from beamshell.plans.unrun_plan_guard import call_of
    from beamshell.shell.plan_form import plan_form

    def peek(detectors: Detectors, time: Seconds | None = None) -> Plan:
        """Read once."""
        for detector in detectors:
            yield Msg("read", detector, time=time)

    command = Command(peek)
    made = command.make(console, ["0.5"]).plan
    assert plan_form(made, console.devices) == "peek.plan(det, 0.5)"
    assert list(call_of(made).repeat()) == list(made) == [Msg("read", console.det, time=0.5)]


# ---- subcommands -------------------------------------------------------------------------------


@pytest.fixture
def lamp():
    def lamp():
        """Show the lamp."""
        return "shown"

    command = Command(lamp, example="lamp on 3")

    @command.subcommand(example="lamp on 3")
    def on(level: Points):
        """Light it."""
        return level

    @command.subcommand(example="lamp off")
    def off():
        """Put it out."""
        return 0

    return command


def test_a_subcommand_is_chosen_by_the_first_word(lamp, console):
    assert [lamp.act(console, words) for words in ([], ["on", "3"], ["off"])] == ["shown", 3, 0]
    assert lamp.usage_line == "lamp [on level | off]"
    assert lamp.candidates([], {}) == ["on", "off"]


def test_a_word_that_is_no_subcommand_is_named_and_so_is_what_a_subcommand_misses(lamp, console):
    with pytest.raises(UsageError, match=r"'of' is none of on, off: did you mean off\?"):
        lamp.act(console, ["of"])
    with pytest.raises(UsageError, match=r"^lamp on: level is missing.\nUsage: lamp on level, such as: lamp on 3"):
        lamp.act(console, ["on"])


def test_a_word_that_is_no_subcommand_is_refused_in_the_commands_name(lamp, console):
    with pytest.raises(UsageError, match=r"^lamp: 'of' is none of on, off"):
        lamp.act(console, ["of"])


@pytest.mark.parametrize("word", ["scan", commands().function("scan")])
def test_a_command_in_a_command_takes_devices_and_functions_in_python(word, console, capsys):
    console.rehearse = lambda plan, _command: print(*(message.command for message in plan)) or SimulationResult()
    commands()["rehearse"].act(console, [word, console.det, console.th, 0, 1, 3])
    assert "open_run" in capsys.readouterr().out


def test_bhelp_takes_the_function_of_a_command(console, capsys):
    commands()["bhelp"].act(console, [commands().function("scan")])
    assert capsys.readouterr().out.startswith("Scan a motor")


def test_a_device_that_is_one_word_too_many_is_called_by_its_name(console):
    with pytest.raises(UsageError, match=r"^scan: 'th' is one word too many"):
        commands()["scan"].act(console, [console.det, console.th, 0, 1, 3, 1, console.th])


def test_metadata_written_with_an_equals_sign_is_answered_with_what_to_write():
    with pytest.raises(UsageError, match=r"^md: 'sample=Si' is not understood: write md sample Si$"):
        commands()["md"].act(SimpleNamespace(RE=SimpleNamespace(md={}), devices={}), ["sample=Si"])


def test_a_plan_in_the_place_of_a_command_is_refused_with_what_to_write(console):
    with pytest.raises(UsageError, match=r"^rehearse: a command belongs here, .* session.rehearse\(plan\)"):
        commands()["rehearse"].act(console, [(message for message in ())])


# ---- hints -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ([], "nod >motor< times [by] [field=value] [back]"),
        (["th"], "nod motor >times< [by] [field=value] [back]"),
        (["th", "3"], "nod motor times [>by<] [field=value] [back]"),
        (["th", "3", "1"], "nod motor times [by] [field=value] [back]"),
    ],
)
def test_a_hint_is_the_usage_with_the_next_word_marked(words, hint, console):
    assert str(NOD.hint(words, console.devices)) == hint


def test_a_hint_stands_in_a_scan_where_the_cursor_does(console):
    scan = commands()["scan"]
    marked = [scan.hint(words, console.devices).current for words in ([], ["det"], ["det", "th"], ["det", "th", "0"])]
    assert marked == ["motor", "motor", "start", "stop"]


# ---- the set -----------------------------------------------------------------------------------


def test_an_alias_is_the_same_command():
    added = CommandSet()
    added.add(TWICE)
    assert added["double"] is added["twice"] is TWICE
    assert added.commands == [TWICE]


def test_a_command_of_the_same_name_replaces(console):
    added = CommandSet()
    added.add(TWICE)
    added.add(Command(nod, name="twice"))
    assert added["twice"].function is nod


@pytest.mark.parametrize("name", ["print", "for", "two words", "1st"])
def test_a_name_that_python_has_is_refused(name):
    with pytest.raises(ConfigError, match="cannot be a command"):
        CommandSet().add(Command(twice, name=name))


def test_the_name_of_a_device_is_refused(console):
    added = CommandSet()
    added.session = console
    with pytest.raises(ConfigError, match="'th' cannot be a command: it is a device"):
        added.add(Command(twice, name="th"))


def test_a_name_that_means_something_at_the_prompt_is_refused(console):
    added = CommandSet()
    added.session = console
    added.meaning = {"time": "a magic of IPython"}.get
    with pytest.raises(ConfigError, match="'time' cannot be a command: it is a magic of IPython"):
        added.add(Command(twice, name="time"))


def test_an_unknown_command_offers_the_nearest_whatever_its_letters():
    with pytest.raises(UnknownName, match=r"no command 'SCAN': did you mean scan\?"):
        commands().find("SCAN")


def test_every_command_of_the_console_explains_itself_and_its_example_begins_with_its_name():
    for each in commands().commands:
        assert each.summary.endswith((".", "it.")), each.name
        assert each.example.split()[0] == each.name


def test_a_scan_says_whether_it_means_points_or_intervals():
    for name in ("scan", "rscan", "grid"):
        assert "POINTS" in commands()[name].help()
    for name in ("ascan", "dscan", "mesh"):
        assert "INTERVALS" in commands()[name].help()


def bhelp(capsys, *words):
    """What bhelp shows."""
    commands()["bhelp"].act(SimpleNamespace(devices={}), words)
    return capsys.readouterr().out


def test_bhelp_names_every_command_once_under_a_heading(capsys):
    headings, _, more = bhelp(capsys).partition("\n\n")
    output = {heading: names.split(", ") for heading, names in (re.split("  +", line) for line in headings.split("\n"))}
    assert output["Moving"][:4] == ["mov", "movr", "umv", "umvr"]
    assert "setpos" in output["Moving"]
    names = [name for its_commands in output.values() for name in its_commands]
    assert sorted(names) == sorted(command.name for command in commands().commands)
    assert more.startswith("bhelp moving  ")


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (120, 20)])
def test_bhelp_is_one_screen(capsys, monkeypatch, columns, lines):
    monkeypatch.setattr("beamshell.shell.messages_shown.window_width", lambda _stream: columns)
    shown = bhelp(capsys).splitlines()
    assert len(shown) < lines
    assert max(map(len, shown)) <= columns


@pytest.mark.parametrize("word", ["Moving", "moving"])
def test_bhelp_of_a_heading_shows_its_commands_each_with_an_example(capsys, word):
    heading, *lines = bhelp(capsys, word).splitlines()
    assert heading == "Moving"
    assert re.match(r"  mov th 1.5 +Move motors to positions, all together", lines[0])
    assert len(lines) == len(commands().by_heading()["Moving"])


def test_words_of_a_heading_are_enough_and_a_command_goes_before_a_heading(capsys):
    heading, *lines = bhelp(capsys, "times,", "flights").splitlines()
    assert heading == "Regions, times, flights"
    assert [line.split()[0] for line in lines] == ["fscan", "regions", "xafs", "tscan"]
    assert bhelp(capsys, "regions").startswith("Scan a motor over regions")


def test_bhelp_of_any_other_word_shows_the_commands_that_have_it_in_their_help(capsys):
    heading, *lines = bhelp(capsys, "energy").splitlines()
    assert heading == "With 'energy' in the help"
    names = [line.split()[0] for line in lines]
    assert "xafs" in names
    assert "mov" not in names


def test_commands_lists_what_has_a_word_in_name_summary_or_help_the_best_first_a_line_each(capsys):
    commands()["commands"].act(SimpleNamespace(devices={}), ["scan"])
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names[0] == "scan"
    in_name = [name for name in names if name.startswith("scan")]
    assert names[: len(in_name)] == in_name
    assert {"ascan", "rehearse"} <= set(names)
    assert "offline" not in names


def test_commands_and_bhelp_of_a_word_find_the_same(capsys):
    commands()["commands"].act(SimpleNamespace(devices={}), ["energy"])
    lines = capsys.readouterr().out.splitlines()
    _, *with_heading = bhelp(capsys, "energy").splitlines()
    assert [line.split()[0] for line in lines] == [line.split()[0] for line in with_heading]


def test_commands_alone_lists_every_command_in_a_line(capsys):
    commands()["commands"].act(SimpleNamespace(devices={}), [])
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == [command.name for command in commands().commands]


def test_commands_of_an_unknown_word_offers_the_nearest_command():
    with pytest.raises(UnknownName, match=r"^no command 'rehaerse': did you mean rehearse\?$"):
        commands()["commands"].act(SimpleNamespace(devices={}), ["rehaerse"])


def test_bhelp_of_an_unknown_word_offers_the_nearest_command():
    with pytest.raises(UnknownName, match=r"^no command 'rehaerse': did you mean rehearse\?$"):
        commands()["bhelp"].act(SimpleNamespace(devices={}), ["rehaerse"])


def test_a_line_with_an_unknown_command_and_bhelp_of_it_say_the_same():
    assert advice("zzz th 3", commands(), devices={"th"}) == str(commands().unknown("zzz"))


def test_bhelp_keeps_the_summaries_in_their_column_in_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr("beamshell.shell.messages_shown.window_width", lambda _stream: 80)
    _, *lines = bhelp(capsys, "moving").splitlines()
    assert max(map(len, lines)) <= 80
    column = lines[0].index("Move motors")
    assert {line[:column].isspace() or line[column - 2 : column] == "  " for line in lines} == {True}
    assert len(lines) > 6


def test_commands_that_name_no_heading_are_under_one_of_their_own():
    added = CommandSet()
    added.add(NOD)
    added.add(TWICE)
    assert added.by_heading() == {"Added here": [NOD], "Sums": [TWICE]}


def test_a_command_called_in_python_without_a_console_says_how_to_open_one(console):
    added = CommandSet()
    added.add(NOD)
    with pytest.raises(CommandError, match="no console is open"):
        added.function("nod")(console.th, 3)


def test_python_shows_a_signature_without_the_types_of_words_and_without_what_is_not_typed():
    assert str(inspect.signature(commands().function("scan"))) == "(detectors, motor, start, stop, points, time=None)"
    assert str(inspect.signature(commands().function("wa"))) == "()"


def test_python_help_shows_what_a_command_does():
    assert inspect.getdoc(commands().function("scan")).startswith("Scan a motor from start to stop")


@pytest.mark.parametrize("name", ["scan", "md", "queue", "image"])
def test_help_fits_the_window_and_uses_it(name):
    text = commands()[name].help(60)
    widths = [len(line) for line in text.splitlines()]
    assert 50 <= max(widths) <= 60
    assert text.split() == commands()[name].help().split()
