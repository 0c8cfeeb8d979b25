"""`%load_ext beamshell`: commands, prompt, completion and one-line errors in an IPython shell.

It joins the session to the shell, and knows no single command.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError as IPythonUsageError

from beamshell.channels.deferred import libraries
from beamshell.errors import BeamshellError, ConfigError, RunEngineInterrupted, StoreError, UsageError
from beamshell.shell.advice import advice
from beamshell.shell.command_magics import CommandMagic, ValueOf, keep_magics_of_commands
from beamshell.shell.commands import commands
from beamshell.shell.completion import completions_of
from beamshell.shell.launch_options import LaunchOptions
from beamshell.shell.leaving import ask_before_leaving, leave_without_a_traceback
from beamshell.shell.messages_shown import (
    Signalled,
    exit_status,
    say,
    say_error,
    say_our_log,
    say_our_warnings,
    say_syntax_error,
)
from beamshell.shell.motor_look import MOVES, motor_page, typed_name
from beamshell.shell.notebook import is_kernel, options_of_environment, show_plots_inline
from beamshell.shell.profile import Beamshell, startup_file
from beamshell.shell.profile_suspenders import describe_off
from beamshell.shell.prompt_names import PAUSED_WORDS, is_command_function, is_imported_plan
from beamshell.shell.questions import let_ctrl_c_say_no
from beamshell.shell.session import Session
from beamshell.shell.status_line import DeviceValue, StatusPart, offline_text, suspenders_text
from beamshell.shell.typed_cell import VALUE_OF, PlansOfCommands, with_commands
from beamshell.shell.typing_hint import TypingHint
from beamshell.shell.values_shown import show_motors_asked_for, show_values
from beamshell.text.own_code import own_frames

_ATTRIBUTE = "beamshell_session"


def load(shell: Any, session: Session | None = None) -> Session:
    """The session of this shell, with commands, prompt, completion and error lines in place.

    Args:
        shell: the IPython shell.
        session: one made before; without it one is made from the shell's configuration.
    """
    existing: Session | None = getattr(shell, _ATTRIBUTE, None)
    if existing is not None:
        return existing
    options = None if session is not None else _launch_options(shell)
    session = session or _new_session(shell, options)
    setattr(shell, _ATTRIBUTE, session)
    _Wiring(shell, session).connect()
    if has_startup_files(shell):
        if shell.parent.has_run_files:  # loaded again, after %unload_ext
            shell.parent.session = session
            run_startup_files(session, shell.parent.exec_files)
        return session
    if _is_of_command_line(shell):
        session.take_all_steps()
        return session
    startup_files: Iterable[str] = ()
    if options is not None:  # a profile in a shell that another program has started, such as a notebook's kernel
        shell.InteractiveTB.set_mode(mode=options.file_config.InteractiveShell.get("xmode", shell.xmode))
        startup_files = options.file_config.InteractiveShellApp.get("exec_files", ())
    if startup_files:
        run_startup_files(session, startup_files)
    else:
        session.take_all_steps()
    import_module("numpy")  # now: its import cannot be repeated once Ctrl+C has interrupted it
    libraries.open()
    if session.profile is None or options is not None:  # no banner of ours is shown
        say(session.summary)
    return session


def _is_of_command_line(shell: Any) -> bool:
    """True in a console of ours, which shows a banner and a prompt of its own."""
    return hasattr(getattr(shell, "parent", None), "options")


def _launch_options(shell: Any) -> LaunchOptions | None:
    """The options of the command line or of the environment; None in a plain IPython."""
    try:
        return getattr(getattr(shell, "parent", None), "options", None) or options_of_environment()
    except BeamshellError as exc:
        raise IPythonUsageError(str(exc)) from None  # IPython shows it in one line


def _new_session(shell: Any, options: LaunchOptions | None) -> Session:
    if options is None:
        return Session(shell, Beamshell(parent=shell))
    config = Beamshell(parent=shell) if _is_of_command_line(shell) else options.config
    return Session(shell, config, profile=options.profile, ioc=options.ioc, simulated=options.simulated)


def run_startup_files(session: Session, names: Iterable[str]) -> None:
    """Run the start-up files of the profile; one that fails is reported, and the later ones run all the same."""
    for name in names:
        try:
            path = Path(name) if Path(name).is_absolute() else startup_file(name, session.profile)
        except ConfigError as exc:
            session.last_error.report(exc)
            continue
        session.run_file(path)


def unload(shell: Any) -> None:
    """Take everything away again; a plan that is paused is aborted."""
    session: Session | None = getattr(shell, _ATTRIBUTE, None)
    if session is None:
        return
    session.close(keep_ioc=_is_of_command_line(shell))  # for %load_ext: this process talks to no other one
    session.wiring.disconnect()
    delattr(shell, _ATTRIBUTE)


def has_startup_files(shell: Any) -> bool:
    """True if the profile lists start-up files: they then take the steps of the session, and not the extension."""
    return bool(getattr(getattr(shell, "parent", None), "exec_files", None))


class _Wiring:
    """The changes that beamshell makes in a shell, and how they are undone."""

    def __init__(self, shell: Any, session: Session) -> None:
        self._shell = shell
        self._session = session
        self._commands = commands()
        self._undo: list[Callable[[], Any]] = []
        self._is_refused = False  # the disk did not take the metadata after the last cell, which was said

    def connect(self) -> None:
        self._session.wiring = self
        self._register_commands()
        self._read_typed_cells()
        self._show_errors_in_one_line()
        self._undo.append(say_our_warnings())
        self._undo.append(say_our_log(self._session.last_error))
        self._undo.append(ask_before_leaving(self._shell, self._session))
        self._undo.append(leave_without_a_traceback(self._shell))
        self._undo.append(let_ctrl_c_say_no(self._shell))
        self._look_at_each_cell()
        self._undo.append(show_values(self._shell))
        self._undo.append(show_motors_asked_for(self._shell, self._motor_page))
        self._complete()
        self._prompt()
        if is_kernel(self._shell) and self._session.config.plots in ("auto", "inline"):
            self._undo.append(show_plots_inline(self._shell))

    def disconnect(self) -> None:
        while self._undo:
            self._undo.pop()()

    # ---- commands ----------------------------------------------------------------------------

    def _register_commands(self) -> None:
        aliases = self._shell.alias_manager  # IPython has the system's mv there, which would rename files
        aliases.default_aliases = [alias for alias in aliases.default_aliases if alias[0] not in self._commands]
        self._commands.session = self._session
        self._commands.added = self._register
        self._commands.meaning = self._meaning
        self._session.names.is_of_motion = self._is_of_motion
        for name in self._commands:
            self._register(name)
        self._shell.register_magic_function(ValueOf(self._commands, self._session), "line", VALUE_OF)
        self._undo.append(self._forget_commands)
        self._magics, end = keep_magics_of_commands(self._shell.magics_manager)
        self._undo.append(end)

    def _register(self, name: str) -> None:
        """Make a command a magic and, unless the name is a variable of the person's, a Python function."""
        if self._shell.alias_manager.is_alias(name):
            self._shell.alias_manager.undefine_alias(name)
        magic = CommandMagic(name, self._commands, self._session, self._shell)
        self._shell.register_magic_function(magic, "line", name)
        self._session.names.add_command(name, self._commands.function(name))

    def _is_of_motion(self, name: str) -> bool:
        """Whether a command moves, measures or stops something, or shows where motors are."""
        if not self._commands.is_imported(name):
            return False  # of another package, and nobody has used it
        command = self._commands[name]
        return command.heading in (self._commands["mov"].heading, self._commands["stop"].heading) or command.runs_a_plan

    def _meaning(self, name: str) -> str:
        """What a name that is no command means here already; "" for nothing, or something of the person's own."""
        hidden, magics = self._shell.user_ns_hidden, self._shell.magics_manager.magics
        if name in hidden and not is_command_function(hidden[name]):
            return "a name of the console"
        is_magic = any(name in names and not isinstance(names[name], CommandMagic) for names in magics.values())
        return "a magic of IPython" if is_magic else ""

    def _forget_commands(self) -> None:
        self._commands.session, self._commands.added, self._commands.meaning = None, None, lambda _name: ""
        for name in (*self._commands, VALUE_OF):
            self._shell.magics_manager.magics["line"].pop(name, None)
        self._session.names.remove()

    def _read_typed_cells(self) -> None:
        variables = _Variables(self._shell, self._session)

        def mark_commands(lines: list[str]) -> list[str]:
            self._commands.find_plugins()  # here, since it would take a while at the start
            self._commands.import_named_in("".join(lines))
            return with_commands(lines, self._commands, variables, self._commands.values_alone)

        def runs_a_plan(name: str) -> bool:
            is_command = is_command_function(self._shell.user_ns.get(name))
            return is_command and name in self._commands and self._commands[name].runs_a_plan

        plans_of_commands = PlansOfCommands(runs_a_plan)
        self._shell.ast_transformers.append(plans_of_commands)
        self._undo.append(lambda: self._shell.ast_transformers.remove(plans_of_commands))
        transforms = self._shell.input_transformers_cleanup
        transforms.append(mark_commands)
        self._undo.append(lambda: transforms.remove(mark_commands))

    # ---- errors ------------------------------------------------------------------------------

    def _show_errors_in_one_line(self) -> None:
        def show(_shell: Any, kind: Any, exc: BaseException, tb: Any, tb_offset: int | None = None) -> None:
            if isinstance(exc, BeamshellError | KeyboardInterrupt):
                self._say(exc)  # it must not raise: IPython would switch this off for good
            elif text := self._advice(exc):
                say(text)
            elif self._shell.InteractiveTB.mode != "Minimal" or isinstance(exc, IPythonUsageError):
                if isinstance(exc, SyntaxError):
                    self._shell.showsyntaxerror()
                else:
                    self._shell.showtraceback((kind, exc, tb), tb_offset=tb_offset)
            elif isinstance(exc, SyntaxError):
                say_syntax_error(exc)
            else:
                sys.last_type, sys.last_value, sys.last_traceback = type(exc), exc, tb  # for %debug
                say_error(exc)

        before = (self._shell.custom_exceptions, getattr(self._shell, "CustomTB", None))
        self._shell.set_custom_exc((Exception, KeyboardInterrupt), show)
        self._undo.append(lambda: setattr(self._shell, "custom_exceptions", before[0]))
        self._undo.append(lambda: setattr(self._shell, "CustomTB", before[1]))

    def _say(self, exc: BaseException) -> None:
        if isinstance(exc, UsageError | ConfigError):
            say(str(exc))  # it may have lines: the usage below what is wrong, or a line for each wrong one of a file
        elif isinstance(exc, RunEngineInterrupted):
            self._session.runner.show_interruption(exc)
        else:
            say_error(exc)

    def _advice(self, exc: BaseException) -> str:
        """What to type instead, if a line was meant as a command; "" for any other error."""
        if isinstance(exc, SyntaxError):
            devices = self._shell.user_ns.keys() & self._session.names.devices
            return advice(exc.text or "", self._commands, self._shell.user_ns, devices)
        frames = own_frames(exc)
        if isinstance(exc, NameError) and len(frames) == 1 and frames[0].line == exc.name:
            return advice(exc.name or "", self._commands)
        return ""

    # ---- after each cell ---------------------------------------------------------------------

    def _look_at_each_cell(self) -> None:
        self._shell.events.register("pre_run_cell", self._before_cell)
        self._undo.append(lambda: self._shell.events.unregister("pre_run_cell", self._before_cell))
        self._shell.events.register("post_run_cell", self._after_cell)
        self._undo.append(lambda: self._shell.events.unregister("post_run_cell", self._after_cell))

    def _before_cell(self, info: Any) -> None:
        if (authority := getattr(self._session, "authority", None)) is not None:
            authority.cell_begins()
        if (recorder := self._session.recorder) is not None:
            recorder.typed(info)

    def _after_cell(self, result: Any) -> None:
        failure = result.error_in_exec or result.error_before_exec
        if failure is not None:
            self._session.last_error.keep(failure)
        if (recorder := self._session.recorder) is not None:
            recorder.answered(result)
        if isinstance(failure, Signalled):
            self._session.status = exit_status(failure)
        if self._session.status:
            self._shell.ask_exit()
        if (authority := getattr(self._session, "authority", None)) is not None:
            authority.cell_ended()
        self.look()
        self._store_metadata()

    def look(self) -> None:
        """Give back the names that a cell or a file has taken, and notice magics and engines that it has made."""
        self._session.names.check()
        self._magics.say_renamed()
        if (second_engines := self._session.second_engines) is not None:
            second_engines.look(self._shell.user_ns)

    def _store_metadata(self) -> None:
        """Store what a cell has changed inside the metadata; a disk that refuses is said once, until it takes it."""
        try:
            self._session.store_metadata()
            self._is_refused = False
        except StoreError as exc:
            if not self._is_refused:
                say_error(exc)
            self._is_refused = True

    # ---- values, completion and prompt ---------------------------------------------------------------

    def _motor_page(self, motor: Any) -> str:
        """What `th?` shows."""
        name, log = typed_name(motor), getattr(self._session, "log", None)  # no log without a data folder
        registry: Any = getattr(self._session, "registry", ())
        doc = registry.entry(name).doc if name in registry else ""
        return motor_page(motor, name, doc, log.newest_first(*MOVES) if log else (), time.time())

    def _complete(self) -> None:
        completer = getattr(self._shell, "Completer", None)
        if completer is None:
            return
        completer.completions = completions_of(completer.completions, self._commands, lambda: self._session.devices)
        self._undo.append(lambda: delattr(completer, "completions"))

    def _prompt(self) -> None:
        from beamshell.shell.prompt import BeamshellPrompts, arrow_for

        if not hasattr(self._shell, "prompts"):
            return  # a notebook has none
        before = self._shell.prompts
        arrow = arrow_for(getattr(sys.stdout, "encoding", None))
        self._shell.prompts = BeamshellPrompts(self._shell, self._prompt_status, arrow)
        self._undo.append(lambda: setattr(self._shell, "prompts", before))
        self._session.status_line.parts += self._parts_of_status_line()
        self._undo.append(self._session.status_line.attach(self._shell))
        hint = TypingHint(self._commands, lambda: self._session.devices)
        self._undo.append(hint.attach(self._shell, self._session.status_line.fragments))

    def _parts_of_status_line(self) -> list[StatusPart]:
        session = self._session

        def suspenders() -> str:
            return suspenders_text(session.RE.suspenders, next(iter(describe_off(session.RE)), ""))

        return [
            StatusPart(lambda: session.authority.status_text(), is_trouble=True),
            StatusPart(suspenders, is_trouble=True),
            StatusPart(lambda: offline_text(session.offline_devices()), is_trouble=True),
            *(
                StatusPart(DeviceValue(name, lambda name: session.registry.find(name)))
                for name in session.config.status_line
            ),
        ]

    def _prompt_status(self) -> tuple[str, int | None, str]:
        return self._session.config.name, self._session.next_scan, self._session.state


class _Variables:
    """The names of the person's own variables at the prompt; a line that is only such a name is Python.

    A command's function is not one of them, nor a plan that was imported, which alone does nothing; nor the catalogue
    `runs`, which is both, nor `stop` while a plan is paused.
    """

    def __init__(self, shell: Any, session: Session) -> None:
        self._shell, self._session = shell, session

    def __contains__(self, name: object) -> bool:
        if name not in self._shell.user_ns or (name in PAUSED_WORDS and self._session.state == "paused"):
            return False
        value = self._shell.user_ns[name]
        return not (is_command_function(value) or is_imported_plan(value)) and value is not getattr(
            self._session, "runs", None
        )
