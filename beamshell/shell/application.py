"""The console as an application: IPython's terminal application, on a beamshell profile.

It adds where files are found, what happens when one fails, and an honest exit status; the rest is IPython's.
"""

from __future__ import annotations

import gc
import sys
import warnings
from itertools import zip_longest
from pathlib import Path
from typing import Any

from IPython.core.interactiveshell import ExecutionResult
from IPython.terminal.ipapp import TerminalIPythonApp
from traitlets import Any as AnyTrait
from traitlets import default
from traitlets.config import catch_config_error

from beamshell._version import __version__
from beamshell.errors import ConfigError
from beamshell.shell.cell_interrupts import CellInterrupts
from beamshell.shell.config import Beamshell
from beamshell.shell.messages_shown import DONE, exit_status, say_error
from beamshell.shell.session import Session
from beamshell.shell.site_files import startup_file

_BANNER = """\
beamshell {version} on {title}
data in {folder}
Try:  wa   mov th 1   scan det th -1 1 21   bhelp   (Ctrl+C pauses a scan, exit leaves)
"""


class BeamshellApp(TerminalIPythonApp):
    """One console."""

    name = "beamshell"
    opening: Any = AnyTrait()  # an LaunchOptions
    shell: Any
    session: Session | None = None
    status: int = DONE

    @default("ipython_dir")
    def _ipython_dir_default(self) -> str:
        folder: Path = self.opening.folder / "ipython"
        folder.mkdir(exist_ok=True)
        return str(folder)

    @default("profile")
    def _profile_default(self) -> str:
        return str(self.opening.name)

    @default("classes")
    def _classes_default(self) -> list[Any]:
        return [Beamshell, *super()._classes_default()]

    @catch_config_error
    def initialize(self, argv: list[str] | None = None) -> None:
        """Everything up to the prompt, or up to the end of what the command line says to run."""
        self.config_file_paths = [str(self.opening.profile)]
        self.config.TerminalInteractiveShell.term_title_format = f"beamshell {self.opening.facts.name}"
        self.config.TerminalInteractiveShell.confirm_exit = False
        warnings.filterwarnings("ignore", "To exit: use 'exit'")  # a signal ends the console, not only the cell
        if not sys.stdout.isatty():
            self.config.InteractiveShell.colors = "NoColor"
        super().initialize(argv)  # type: ignore[no-untyped-call]  # IPython's own

    def init_crash_handler(self) -> None:
        """None: `main` says what went wrong."""

    def init_banner(self) -> None:
        """Where one is, and three things to type."""
        if self.display_banner and self.interact and sys.stdin.isatty():
            facts, ioc = self.opening.facts, self.opening.ioc
            title = facts.title or facts.name
            if ioc is not None:
                title += f" (an EPICS IOC of its own, port {ioc.port} of this machine)"
            print(_BANNER.format(version=__version__, title=title, folder=self.opening.folder))

    def init_extensions(self) -> None:
        """The profile's extensions; the session is the one they made."""
        super().init_extensions()  # type: ignore[no-untyped-call]  # IPython's own
        self.session = getattr(self.shell, "beamshell_session", None)

    # ---- files -------------------------------------------------------------------------------

    def _run_startup_files(self) -> None:
        """None of IPython's own: the profile lists its files, the user's are in the data folder."""

    def _run_exec_files(self) -> None:
        """The profile's start-up files; one that fails is reported, and the later ones run all the same."""
        if self.session is None:
            return
        for name in self.exec_files:
            try:
                path = Path(name) if Path(name).is_absolute() else startup_file(name, self.opening.profile)
            except ConfigError as exc:
                self.session.report(exc)
                continue
            self.session.run_file(path)

    # ---- what is run without a prompt --------------------------------------------------------

    def _run_cmd_line_code(self) -> None:
        if self.code_to_run:
            self.status = self._run_cells([self.code_to_run])
        elif self.file_to_run:
            self.status = self._run_script(Path(self.file_to_run))
        elif self.interact and not sys.stdin.isatty():
            self.interact = False
            self.status = self._run_cells(self._cells_of(sys.stdin.read()))

    def _run_script(self, path: Path) -> int:
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as exc:
            say_error(ConfigError(f"{path}: {exc.strerror}"))
            return 1
        return self._run_cells(self._cells_of(text))

    def _run_cells(self, cells: list[str]) -> int:
        """Run one after the other; after one that failed, nothing is run."""
        for cell in cells:
            result: ExecutionResult = self.shell.run_cell(cell, store_history=False)
            failure = result.error_before_exec or result.error_in_exec
            if failure is not None:
                return exit_status(failure)
            if not self.shell.keep_running:  # `exit` was among them
                break
        return DONE

    def _cells_of(self, text: str) -> list[str]:
        """The text in pieces that are complete, so that what fails ends it there."""
        cells, cell = [], ""
        lines = text.splitlines(keepends=True)
        for line, following in zip_longest(lines, lines[1:], fillvalue=""):
            cell += line
            goes_on = following[:1].isspace() and following.strip()
            if not goes_on and self.shell.check_complete(cell + "\n")[0] != "incomplete":
                cells.append(cell)
                cell = ""
        return [cell for cell in [*cells, cell] if cell.strip()]

    def run(self) -> int:
        """The exit status, after the prompt was left or the commands were run."""
        if self.interact:
            CellInterrupts(self.shell).listen()
            self._survive_a_press_at_the_prompt()
            gc.freeze()  # what was imported stays: collections in a scan need not walk through it
            self.shell.mainloop()
        else:
            self.shell.restore_term_title()
        return (self.session.status if self.session else DONE) or self.status

    def _survive_a_press_at_the_prompt(self) -> None:
        """A signal in the moment before the prompt reads keys would end its loop: show a new prompt."""
        interact = self.shell.interact

        def go_on() -> None:
            while True:
                try:
                    interact()
                    return
                except KeyboardInterrupt:
                    print()
                    if hasattr(self.shell, "_eventloop"):  # as IPython itself does: it may have been left half-way
                        self.shell._eventloop.stop()

        self.shell.interact = go_on
