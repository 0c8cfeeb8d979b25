"""The console as an application: IPython's terminal application, opened on a beamshell profile.

It adds the profile's files, commands from -c and from a pipe, and the exit status; the rest is IPython's.
"""

from __future__ import annotations

import gc
import os
import shlex
import sys
import threading
import warnings
from collections.abc import Iterable
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from IPython.core.interactiveshell import ExecutionResult
from IPython.terminal.ipapp import TerminalIPythonApp
from traitlets import Any as AnyTrait
from traitlets import default
from traitlets.config import catch_config_error

from beamshell._version import __version__
from beamshell.channels.deferred import libraries, searches
from beamshell.errors import ConfigError, UsageError
from beamshell.plugins import OWN_MODULES
from beamshell.shell.cell_interrupts import CellInterrupts, keep_sigint
from beamshell.shell.messages_shown import DONE, FAILED, exit_status, print_answer, say, say_error
from beamshell.shell.profile import Beamshell, changeable_by_others
from beamshell.shell.script_cells import cells_of, numbered_as_in
from beamshell.shell.session import Session
from beamshell.shell.typed_history import keep_history
from beamshell.text.nearest import did_you_mean
from beamshell.text.window import has_colours

_BANNER = """\
beamshell {version} on {title}
data in {folder}
Try:  wa   mov th 1   scan det th -1 1 21   bhelp
Ctrl+C pauses a scan, exit leaves."""
_AFTER_THE_PROMPT = (
    "numpy",
    "beamshell.plans.scans",
    "beamshell.plans.spec_style",
    "beamshell.callbacks.best_effort",
    "beamshell.simulate.simulator",
)
"""Modules that the first scan needs and the first prompt does not."""
_FOR_FITS = ("beamshell.analysis.model_fits", "scipy.special", "scipy.optimize")
"""Likewise, if each scan is fitted while it is measured: their import would hold the first one up."""
_MOST_PATHS = 3
"""So many files and folders are named in a warning."""


class BeamshellApp(TerminalIPythonApp):
    """One console."""

    name = "beamshell"
    options: Any = AnyTrait()  # the LaunchOptions
    shell: Any
    session: Session | None = None
    has_run_files: bool = False  # those of the start-up; an extension that is loaded later runs them itself
    status: int = DONE
    _substitute_folder: TemporaryDirectory[str] | None = None

    @default("ipython_dir")
    def _ipython_dir_default(self) -> str:
        if self._substitute_folder is not None:
            return self._substitute_folder.name
        folder: Path = self.options.folder / "ipython"
        folder.mkdir(exist_ok=True)
        return str(folder)

    @default("profile")
    def _profile_default(self) -> str:
        return str(self.options.name)

    @default("classes")
    def _classes_default(self) -> list[Any]:
        return [Beamshell, *super()._classes_default()]

    @catch_config_error
    def initialize(self, argv: list[str] | None = None) -> None:
        """Start everything up to the prompt; with -c, a file or a pipe: run its commands."""
        self.config_file_paths = [str(self.options.profile)]
        self.config.TerminalInteractiveShell.term_title_format = f"beamshell {self.options.config.name}"
        self.config.TerminalInteractiveShell.confirm_exit = False
        self.config.TerminalInteractiveShell.display_completions = "column"  # the value of each device beside its name
        self.config.InteractiveShell.separate_in = ""  # no blank line before each prompt
        warnings.filterwarnings("ignore", "To exit: use 'exit'")  # a signal ends the console, not only the cell
        if not has_colours(sys.stdout):
            self.config.InteractiveShell.colors = "NoColor"
        if os.environ.get("TERM") == "dumb":
            self.config.TerminalInteractiveShell.simple_prompt = True  # the other prompt moves the cursor
        self.ignore_cwd = True  # IPython would put the working folder before the libraries
        if not sys.flags.safe_path:
            OWN_MODULES.offer("")
        self._expect_a_full_disk()
        super().initialize(argv)  # type: ignore[no-untyped-call]  # IPython's own

    def _expect_a_full_disk(self) -> None:
        """Keep what is typed in memory alone if the data folder takes nothing, and say so.

        IPython would rename the history of all sessions, as if it were damaged.
        """
        from beamshell.store.folder import refusal

        if reason := refusal(self.options.folder):
            self.config.HistoryManager.hist_file = ":memory:"
            self._substitute_folder = TemporaryDirectory(prefix="beamshell-")
            say(f"{self.options.folder}: {reason}: free space. What is typed now is not kept, and no scan can begin")

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """Read the options of IPython.

        Raises:
            UsageError: there is no such option.
        """
        names = {
            f"--{name}"
            for known in (*self.flags, *self.aliases)
            for name in ([known] if isinstance(known, str) else known)
        }
        for word in takewhile(lambda word: word.startswith("-") and word != "-c", argv or []):
            name = word.partition("=")[0]
            if name.startswith("--") and "." not in name and name not in {*names, "--help-all"}:
                raise UsageError(f"no option {name}{did_you_mean(name, names, most=0)} (beamshell --help shows them)")
        super().parse_command_line(argv)

    def init_crash_handler(self) -> None:
        """Install none of IPython's: `main` shows what went wrong."""

    def init_banner(self) -> None:
        """Show the beamline, the data folder, and what to type first."""
        if self.display_banner and self.interact and sys.stdin.isatty():
            config, ioc = self.options.config, self.options.ioc
            title = config.title or config.name
            if ioc is not None:
                title += f" (an EPICS IOC of its own, port {ioc.port} of this machine)"
            print_answer(_BANNER.format(version=__version__, title=title, folder=self.options.folder))

    def init_shell(self) -> None:
        """Make the shell; its history stays whole on a full disk."""
        super().init_shell()  # type: ignore[no-untyped-call]  # IPython's own
        keep_history(self.shell.history_manager)

    def init_extensions(self) -> None:
        """Load the profile's extensions; ours makes the session."""
        if self.options.screen_log is not None:
            from beamshell.shell.screen_log import SCREEN

            SCREEN.begin(self.options.screen_log, self.shell)
        super().init_extensions()  # type: ignore[no-untyped-call]  # IPython's own
        self.session = getattr(self.shell, "beamshell_session", None)

    # ---- files -------------------------------------------------------------------------------

    def _run_startup_files(self) -> None:
        """Run none of IPython's own: the profile lists its files, and the user's are in the data folder."""

    def _run_exec_files(self) -> None:
        """Run the profile's start-up files; one that fails is reported, and the later ones run all the same."""
        gc.freeze()  # garbage collection, also that at Python's end, need not walk through all that is imported
        gc.enable()
        self.has_run_files = True
        if self.session is None:
            return
        from beamshell.shell.extension import run_startup_files

        run_startup_files(self.session, self.exec_files)
        gc.freeze()  # the devices too
        self._say_what_others_can_change(self.session)

    def _say_what_others_can_change(self, session: Session) -> None:
        """Warn of code and device files that any user of this machine can change."""
        profile, own_startup = self.options.profile, self.options.folder / "startup"
        changeable = changeable_by_others(
            [profile, *profile.rglob("*"), *own_startup.glob("*.py"), *session.device_files()]
        )
        changeable = [path for path in changeable if path != own_startup]  # said with the data folder, of which it is
        if changeable:
            paths = " ".join(shlex.quote(str(path)) for path in changeable[:_MOST_PATHS])
            more = f" (and {len(changeable) - _MOST_PATHS} more)" if len(changeable) > _MOST_PATHS else ""
            say(f"other users can change what this console runs: chmod o-w {paths}{more}")

    # ---- what is run without a prompt --------------------------------------------------------

    def _run_cmd_line_code(self) -> None:
        if self.code_to_run:
            self.status = exit_status(self._failure_of(self.code_to_run))
        elif self.file_to_run:
            self.status = self._run_script(Path(self.file_to_run))
        elif self.interact and not sys.stdin.isatty():
            self.interact = False
            self.status = self._run_lines(sys.stdin.read(), "")

    def _run_script(self, path: Path) -> int:
        """Run a file of commands or Python, unless a line of it is wrong; the exit status."""
        from beamshell.shell.command_file import text_of

        try:
            text = text_of(path)
        except ConfigError as exc:
            say_error(exc)
            return FAILED
        if self.session is not None and (wrong := self._wrong_lines(text, path, self.session)):
            say("\n".join([*wrong, "nothing was run"]))
            return FAILED
        return self._run_lines(text, f"{path.name}, ")

    def _wrong_lines(self, text: str, path: Path, session: Session) -> list[str]:
        from beamshell.shell.commands import commands
        from beamshell.shell.script_check import wrong_lines

        session.wait_for_devices()  # words may mean their values
        return wrong_lines(cells_of(text, self.shell.check_complete), path, self.shell, session, commands())

    def _run_lines(self, text: str, source: str) -> int:
        """Run the lines of a script in order until one fails, which is named; the exit status.

        Args:
            text: of the script.
            source: its name for a message, with a comma behind it.
        """
        lines = text.splitlines(keepends=True)
        for cell in cells_of(text, self.shell.check_complete):
            with numbered_as_in(lines, cell, self.shell):
                failure = self._failure_of(cell.text)
            if failure is not None:
                if not isinstance(failure, SystemExit):
                    line = cell.line_of(failure, self.shell.user_ns)
                    say(f"{source}line {line}: {lines[line - 1].strip()}")
                return exit_status(failure)
            if not self.shell.keep_running:  # `exit` was among them
                break
        return DONE

    def _failure_of(self, cell: str) -> BaseException | None:
        """Run a cell; its error, which has been shown."""
        result: ExecutionResult = self.shell.run_cell(cell, store_history=False)
        return result.error_before_exec or result.error_in_exec

    def run(self) -> int:
        """Show the prompt, unless commands were run; the exit status."""
        if self.interact:
            CellInterrupts(self.shell).listen()
            self._survive_a_press_at_the_prompt()
            if (prompt := self.shell.pt_app) is not None:  # None where the terminal shows no more than a plain prompt
                keep_sigint(prompt)
            _import_after_the_prompt(prompt, (*_AFTER_THE_PROMPT, *(_FOR_FITS if self.options.config.fit else ())))
            self.shell.mainloop()
        else:
            self.shell.restore_term_title()
        return (self.session.status if self.session else DONE) or self.status

    def _survive_a_press_at_the_prompt(self) -> None:
        """Show a new prompt if SIGINT comes just before the prompt reads keys, where it would end IPython's loop."""
        interact = self.shell.interact

        def go_on() -> None:
            while True:
                try:
                    interact()
                    return
                except KeyboardInterrupt:
                    print()
                    if hasattr(self.shell, "_eventloop"):  # as IPython does: the interrupt may have left it running
                        self.shell._eventloop.stop()

        self.shell.interact = go_on


def _import_after_the_prompt(prompt: Any, names: Iterable[str]) -> None:
    """Import what the first scan needs, then the libraries of devices, once the first prompt is drawn, or at once.

    A thread does it: numpy cannot be imported again in a process after Ctrl+C has interrupted its import.
    """

    def import_all() -> None:
        for name in names:
            import_module(name)
        searches.run(libraries.open)

    thread = threading.Thread(target=import_all, name="imports")
    if prompt is None:
        thread.start()
        return
    rendered = prompt.app.after_render

    def begin(_app: Any) -> None:
        rendered.remove_handler(begin)
        thread.start()

    rendered.add_handler(begin)
