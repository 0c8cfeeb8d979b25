"""`%load_ext beamshell`: commands, prompt, completion and one-line errors in an IPython shell.

It joins the session to the shell, and knows no single command.
"""

from __future__ import annotations

import builtins
import keyword
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

from beamshell.errors import BeamshellError, RunEngineInterrupted, UsageError
from beamshell.shell.command_set import CommandSet
from beamshell.shell.commands import commands
from beamshell.shell.completion import matcher
from beamshell.shell.leaving import ask_before_leaving
from beamshell.shell.messages_shown import Signalled, exit_status, say, say_error, say_our_warnings
from beamshell.shell.profile import Beamshell
from beamshell.shell.session import Session
from beamshell.shell.typed_cell import with_commands
from beamshell.shell.typed_line import cut_line
from beamshell.text.nearest import nearest

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
    session = session or _new_session(shell)
    setattr(shell, _ATTRIBUTE, session)
    shell.user_ns["session"] = session
    _Wiring(shell, session).connect()
    if not has_startup_files(shell):
        session.take_all_steps()
        if session.profile is None:  # a plain IPython, which has shown no banner of ours
            say(session.summary)
    return session


def _new_session(shell: Any) -> Session:
    config = Beamshell(parent=shell)
    options = getattr(getattr(shell, "parent", None), "options", None)
    if options is None:  # a plain IPython
        return Session(shell, config)
    return Session(shell, config, profile=options.profile, ioc=options.ioc, simulated=options.simulated)


def unload(shell: Any) -> None:
    """Take everything away again; a plan that is paused is aborted."""
    session: Session | None = getattr(shell, _ATTRIBUTE, None)
    if session is None:
        return
    session.close()
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

    def connect(self) -> None:
        self._session.wiring = self
        self._register_commands()
        self._read_typed_cells()
        self._show_errors_in_one_line()
        self._undo.append(say_our_warnings())
        self._undo.append(ask_before_leaving(self._shell, self._session))
        self._look_at_each_cell()
        self._complete()
        self._prompt()

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
        for name in self._commands:
            self._register(name)
        self._undo.append(self._forget_commands)

    def _register(self, name: str) -> None:
        """Make a command a magic and, unless the name is a variable of the person's, a Python function."""
        if self._shell.alias_manager.is_alias(name):
            self._shell.alias_manager.undefine_alias(name)
        magic = _Magic(name, self._commands, self._session, self._shell)
        self._shell.register_magic_function(magic, "line", name)
        if name not in self._shell.user_ns or _is_command(self._shell.user_ns[name]):
            self._shell.user_ns[name] = self._shell.user_ns_hidden[name] = self._commands.function(name)

    def _meaning(self, name: str) -> str:
        """What a name that is no command means here already; "" for nothing, or something of the person's own."""
        hidden, magics = self._shell.user_ns_hidden, self._shell.magics_manager.magics
        if name in hidden and not _is_command(hidden[name]):
            return "a name of the console"
        is_magic = any(name in names and not isinstance(names[name], _Magic) for names in magics.values())
        return "a magic of IPython" if is_magic else ""

    def _forget_commands(self) -> None:
        self._commands.session, self._commands.added, self._commands.meaning = None, None, lambda _name: ""
        for name in self._commands:
            self._shell.magics_manager.magics["line"].pop(name, None)
            if _is_command(self._shell.user_ns.get(name)):
                del self._shell.user_ns[name], self._shell.user_ns_hidden[name]

    def _read_typed_cells(self) -> None:
        variables = _Variables(self._shell, self._session)

        def mark_commands(lines: list[str]) -> list[str]:
            self._commands.find_plugins()  # here, since it would take a while at the start
            return with_commands(lines, self._commands, variables)

        transforms = self._shell.input_transformers_cleanup
        transforms.append(mark_commands)
        self._undo.append(lambda: transforms.remove(mark_commands))

    # ---- errors ------------------------------------------------------------------------------

    def _show_errors_in_one_line(self) -> None:
        def show(_shell: Any, _kind: Any, exc: BaseException, tb: Any, tb_offset: int | None = None) -> None:
            del tb, tb_offset
            if isinstance(exc, SyntaxError) and not self._meant_a_command(exc):
                self._shell.showsyntaxerror()
                return
            self._say(exc)

        before = (self._shell.custom_exceptions, getattr(self._shell, "CustomTB", None))
        self._shell.set_custom_exc((BeamshellError, KeyboardInterrupt, SyntaxError), show)
        self._undo.append(lambda: setattr(self._shell, "custom_exceptions", before[0]))
        self._undo.append(lambda: setattr(self._shell, "CustomTB", before[1]))

    def _say(self, exc: BaseException) -> None:
        if isinstance(exc, SyntaxError):
            say_error(self._commands.unknown(_first_word(exc)))
        elif isinstance(exc, UsageError):
            say(str(exc))  # where words are missing, its second line is the usage
        elif isinstance(exc, RunEngineInterrupted):
            self._session.show_interruption(exc)
        else:
            say_error(exc)

    def _meant_a_command(self, exc: SyntaxError) -> bool:
        word = _first_word(exc)
        is_python = keyword.iskeyword(word) or hasattr(builtins, word) or word in self._shell.user_ns
        return bool(word) and not is_python and bool(nearest(word, self._commands))

    # ---- after each cell ---------------------------------------------------------------------

    def _look_at_each_cell(self) -> None:
        self._shell.events.register("post_run_cell", self._after_cell)
        self._undo.append(lambda: self._shell.events.unregister("post_run_cell", self._after_cell))

    def _after_cell(self, result: Any) -> None:
        failure = result.error_in_exec or result.error_before_exec
        if failure is not None:
            self._session.last_error.keep(failure)
        if isinstance(failure, Signalled):
            self._session.status = exit_status(failure)
        if self._session.status:
            self._shell.ask_exit()
        self._session.warn_of_hidden_devices()
        self._session.store_metadata()

    # ---- completion and prompt ---------------------------------------------------------------

    def _complete(self) -> None:
        completer = getattr(self._shell, "Completer", None)
        if completer is None:
            return
        ours = matcher(self._commands, lambda: self._session.devices)
        completer.custom_matchers.append(ours)
        self._undo.append(lambda: completer.custom_matchers.remove(ours))

    def _prompt(self) -> None:
        from beamshell.shell.prompt import BeamshellPrompts, arrow_for

        if not hasattr(self._shell, "prompts"):
            return  # a notebook has none
        before = self._shell.prompts
        arrow = arrow_for(getattr(sys.stdout, "encoding", None))
        self._shell.prompts = BeamshellPrompts(self._shell, self._prompt_status, arrow)
        self._undo.append(lambda: setattr(self._shell, "prompts", before))

    def _prompt_status(self) -> tuple[str, int | None, str]:
        return self._session.config.name, self._session.next_scan, self._session.state


def _first_word(exc: SyntaxError) -> str:
    """The first of two or more words without punctuation, as commands are typed; "" if it looks like Python."""
    words = (exc.text or "").split()
    return words[0] if len(words) > 1 and words[0].isidentifier() and "=" not in words else ""


class _Magic:
    """The magic of one command: IPython calls it for a line that begins with the command's name.

    The command is looked up each time: it may be replaced, and that of another package is imported when it is used.
    """

    def __init__(self, name: str, commands: CommandSet, session: Session, shell: Any) -> None:
        self.__name__ = self.__qualname__ = self._name = name
        self._commands, self._session, self._shell = commands, session, shell

    def __call__(self, line: str) -> Any:
        first, *others = cut_line(f"{self._name} {line}")
        command = self._commands[self._name]
        if len(first.words) == 1 and command.signature.needs_words:
            print(command.help())
            return None
        self._session.wait_for_devices()
        answer = command.act(self._session, first.words[1:], line=first.text)
        for other in others:  # reached by `run_line_magic` alone: a typed line was cut before
            word, _, rest = other.text.lstrip("%").partition(" ")
            self._shell.run_line_magic(word, rest)
        return answer

    def getdoc(self) -> str:
        """The help that IPython shows for `scan?`."""
        return self._commands[self._name].help()


class _Variables:
    """The names of the person's own variables at the prompt; a line that is only such a name is Python.

    A command's function is not one of them, and neither is the catalogue `runs`, which is both.
    """

    def __init__(self, shell: Any, session: Session) -> None:
        self._shell, self._session = shell, session

    def __contains__(self, name: object) -> bool:
        if name not in self._shell.user_ns:
            return False
        value = self._shell.user_ns[name]
        return not _is_command(value) and value is not getattr(self._session, "runs", None)


def _is_command(value: Any) -> bool:
    return isinstance(value, FunctionType) and hasattr(value, "command_name")
