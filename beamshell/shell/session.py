"""Session: one console's engine, devices, runs and queue, for start-up files and commands; it runs the commands' plans.

It knows nothing of how a command is typed or an error shown. Its parts are made and joined in session_parts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamshell.arrays import np
from beamshell.errors import EngineError
from beamshell.plugins import DeferredModule
from beamshell.shell.messages_shown import DONE, LastError, place_of, say
from beamshell.shell.plan_runner import PlanRunner
from beamshell.shell.profile import Beamshell
from beamshell.shell.profile_suspenders import suspender_lines, wait_until_good, why_suspended
from beamshell.shell.prompt_names import DeviceNamespace, Help, PromptNames
from beamshell.shell.session_parts import SessionParts
from beamshell.shell.status_line import StatusLine
from beamshell.text.numbers import counted

if TYPE_CHECKING:
    from beamshell.callbacks import BestEffort
    from beamshell.devices.registry import Registry
    from beamshell.engine import RunEngine
    from beamshell.ioc.process import DemoIoc
    from beamshell.messages import Plan
    from beamshell.shell.authority import Authority
    from beamshell.shell.console_recorder import ConsoleRecorder
    from beamshell.shell.metadata_file import MetadataRules
    from beamshell.shell.second_engines import SecondEngines
    from beamshell.simulate.result import SimulationResult
    from beamshell.store import ConsoleLog, Journal, PersistentDict, Queue, Run, Runs
    from beamshell.store.run_list import RunList


class Session:
    """One console's beamline.

    A part that is missing, because its start-up step failed or was left out, raises StepError when it is asked for.

    Args:
        shell: the IPython shell whose prompt gets the names.
        config: the settings of the beamline.
        profile: the folder that file names in the settings are relative to.
        ioc: the IOC that this console has started already; it is stopped with the console.
        simulated: True if this console runs on the simulated twin: nothing real moves.
    """

    def __init__(
        self,
        shell: Any,
        config: Beamshell,
        *,
        profile: Path | None = None,
        ioc: DemoIoc | None = None,
        simulated: bool = False,
    ) -> None:
        self.shell = shell
        self.config = config
        self.last_error = LastError()
        self.status = DONE
        """The exit status, once a signal has ended the console."""
        self.wiring: Any = None
        self.status_line = StatusLine()
        """The line below the prompt; a part can be appended to its `parts`."""
        self._parts = SessionParts(shell, config, self.last_error.report, profile=profile, ioc=ioc, simulated=simulated)
        self.names.add(session=self)
        self._user_files_run = False

    # ---- the steps of the start-up files -----------------------------------------------------

    def open(self) -> None:
        """Open the data folder and make the engine: the names RE and runs."""
        self._parts.open()

    def load_devices(self) -> None:
        """Make the devices of the profile's device file, each with its name at the prompt; wait for no hardware."""
        self._parts.load_devices()

    def install_suspenders(self) -> None:
        """Install the suspenders that the profile names."""
        self._parts.install_suspenders()

    def subscribe_callbacks(self) -> None:
        """Show the table, the plots and the peak statistics of every run."""
        self._parts.subscribe_callbacks()

    def start_followers(self) -> None:
        """Start the followers that the profile names, which hand runs on to other places."""
        self._parts.start_followers()

    def load_plans(self) -> None:
        """Give the prompt bp, bps and bpp (plans, stubs and preprocessors), and what people calculate with there."""
        import math
        import time

        import beamshell.plans as bp
        from beamshell.plans import preprocessors, stubs

        self.names.add(bp=bp, bps=stubs, bpp=preprocessors)
        self.names.offer(np=np, pi=math.pi, help=Help(), plt=DeferredModule("matplotlib.pyplot"), time=time)

    def run_user_files(self) -> None:
        """Run the user's own start-up files: *.py in the folder `startup` of the data folder, in alphabetical order."""
        if self.config.user_startup and not self._user_files_run:
            files = sorted((self.folder / "startup").glob("*.py"))
            self._user_files_run = True
            look = self.names.check if self.wiring is None else self.wiring.look
            for path in files:
                self.run_file(path)
                look()  # the next file is to find RE and the devices as they are
            look()

    def take_all_steps(self) -> None:
        """Take every step in order; one that fails is reported, and the later ones are taken all the same."""
        self._take(
            (
                self.open,
                self.load_devices,
                self.install_suspenders,
                self.subscribe_callbacks,
                self.start_followers,
                self.load_plans,
                self.run_user_files,
            )
        )

    def _take(self, steps: Iterable[Callable[[], None]]) -> None:
        for step in steps:
            try:
                step()
            except Exception as exc:  # noqa: BLE001  a step that fails must not keep the console from opening
                self.last_error.report(exc)

    def _take_steps_again(self) -> None:
        """Open the data folder if that can be done now, then take the steps that have failed without it."""
        try:
            self.open()
        except Exception:  # noqa: BLE001  a command that needs what is missing says why it is missing
            return
        say(f"data go into {self.folder} from now on")
        self._take((*self._parts.failed_steps(), self.run_user_files))

    def run_file(self, path: Path) -> None:
        """Run a Python file in the prompt's namespace; an error is reported in one line with file and line."""
        try:
            code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
            exec(code, self.shell.user_ns)  # noqa: S102  a start-up file is there to be run
        except KeyboardInterrupt as exc:
            raise exc if exc.args else KeyboardInterrupt(f"in {place_of(exc, path)}") from None
        except Exception as exc:  # noqa: BLE001  it must not cancel the later files
            self.last_error.report(exc, place_of(exc, path))

    # ---- what the steps have made ------------------------------------------------------------

    @property
    def RE(self) -> RunEngine:  # noqa: N802  its name at every beamline's prompt
        """The run engine."""
        return self._parts.acquisition.need("engine").engine

    @property
    def second_engines(self) -> SecondEngines | None:
        """The engines that were made beside the console's own; None without a data folder."""
        return self._parts.second_engines

    @property
    def names(self) -> PromptNames:
        """The names at the prompt."""
        return self._parts.names

    @property
    def md(self) -> PersistentDict:
        """The metadata that go into every run."""
        return self._parts.acquisition.need("metadata").metadata

    @property
    def metadata_rules(self) -> MetadataRules:
        """Which metadata this beamline requires, and which values they may have."""
        return self._parts.metadata_file.rules

    @property
    def journal(self) -> Journal:
        """Writes every document to disk."""
        return self._parts.acquisition.need("journal").journal

    @property
    def runs(self) -> Runs:
        """The catalogue of past runs."""
        return self._parts.acquisition.need("runs").runs

    @property
    def own_runs(self) -> RunList:
        """The newest runs that this console has measured, the newest last; `runs` has those of all consoles."""
        return self.runs.at(self.journal.recent)

    def last_run(self) -> Run:
        """The run that a command shows or writes when it names none: this console's last.

        Before its first run it is the newest of the data folder, and that is said.

        Raises:
            UnknownName: there is no run at all.
        """
        if own := self.own_runs:
            return own[-1]
        run = self.runs[-1]
        say(f"no run of this console yet: {run.label} is the newest of the data folder")
        return run

    @property
    def figure(self) -> Any:
        """The matplotlib figure of the window drawn last, or of the last run; None if that has nothing to draw."""
        from beamshell.callbacks.run_figure import figure_at_hand

        return figure_at_hand(lambda: self.last_run().documents())

    @property
    def best_effort(self) -> BestEffort:
        """What shows each run: its options, such as `fit`, and what it has computed, such as `last_fit`."""
        return self._parts.best_effort

    @property
    def log(self) -> ConsoleLog:
        """What happened at the consoles of this data folder: commands, moves, pauses, errors."""
        return self._parts.acquisition.need("console log").log

    @property
    def recorder(self) -> ConsoleRecorder | None:
        """Writes what this console does into the log; None without a data folder."""
        return self._parts.recorder

    @property
    def authority(self) -> Authority:
        """Whether this console may move the beamline, and how that changes."""
        self._parts.acquisition.need("control")
        assert self._parts.authority is not None
        return self._parts.authority

    @property
    def queue(self) -> Queue:
        """Commands that wait for their turn."""
        return self._parts.acquisition.need("queue").queue

    @property
    def folder(self) -> Path:
        """The data folder."""
        return self._parts.acquisition.need("data folder").folder

    @property
    def registry(self) -> Registry:
        """The beamline's devices."""
        return self._parts.devices.need("devices").registry

    @cached_property
    def devices(self) -> DeviceNamespace:
        """The devices that a word in a command can mean: the beamline's, and those made at the prompt."""
        return DeviceNamespace(self.registry, self.names.variables)

    @property
    def profile(self) -> Path | None:
        """The folder of the profile; None in a plain IPython."""
        return self._parts.profile

    @property
    def ioc(self) -> DemoIoc | None:
        """The IOC that this console has started: the demo beamline or the twin."""
        return self._parts.ioc

    @property
    def clock_jump_s(self) -> float:
        """Seconds by which the computer's clock was set since the console was opened; below 0 if it was set back."""
        return time.time() - time.monotonic() - self._parts.clock_offset_s

    @property
    def state(self) -> str:
        """The engine's state in words."""
        return str(self.RE.state) if self._parts.acquisition.done else "idle"

    @property
    def next_scan(self) -> int | None:
        """The number of the next run, unless another console starts one before; None without a data folder."""
        return self.md.last_scan_id + 1 if self._parts.acquisition.done else None

    @property
    def operator(self) -> str:
        """The operator's name: the setting `operator`, else the login name."""
        return self._parts.operator()

    @property
    def summary(self) -> str:
        """The devices and the data folder, in one line."""
        names = ", ".join(self.registry) if self._parts.devices.done else ""
        simulated = " (simulated)" if names and not self.config.devices_file and not self.ioc else ""
        folder = self.folder if self._parts.acquisition.done else "no folder"
        return f"{names or 'no devices'}{simulated}; data in {folder}; bhelp shows the commands"

    def detectors(self, tag: str = "") -> list[Any]:
        """The detectors that are read when a command names none; those with a tag, if any has it.

        Raises:
            UsageError: there are none.
        """
        return self._parts.devices.need("devices").default_detectors(tag)

    def device_files(self) -> list[Path]:
        """The device file and those that it includes, as far as devices were made of them."""
        if not self._parts.devices.done:
            return []
        places = (self.registry.entry(name).place for name in self.registry)
        return list(dict.fromkeys(Path(place.rsplit(":", 2)[0]).resolve() for place in places if place))

    def suspender_lines(self) -> list[str]:
        """A line for each suspender: what it watches, and whether it suspends plans now."""
        return suspender_lines(self.RE)

    def suspenders_off(self, seconds: float) -> None:
        """Let plans wait for no suspender for some time; it is said when that is over."""
        self.RE.suspenders_off(seconds, on_again=lambda: say("the suspenders count again"))

    def why_suspended(self) -> str:
        """Why plans wait now, and what to type not to wait."""
        return why_suspended(self.RE)

    def reload_devices(self) -> list[str]:
        """Read the device file again: a line for each device that has changed; the others stay the same objects.

        Raises:
            EngineError: a plan runs or is paused; end it first.
            ConfigError: this console has no device file.
        """
        if self.state != "idle":
            raise EngineError(f"a plan is {self.state}: end it first, because devices may be replaced")
        return self._parts.reload_devices()

    # ---- before each command, after each cell ------------------------------------------------

    @property
    def offline_word(self) -> str:
        """What a device is called that does not answer now: "connecting" just after the start, then "OFFLINE"."""
        return self._parts.devices.need("devices").offline_report.offline_word

    def close_open_runs(self) -> None:
        """Close the runs that other computers have left open; only if it is certain that no console runs there."""
        from beamshell.store import close_open_runs

        for path in close_open_runs(self.folder, any_host=True):
            say(f"closed now: {path}")

    def offline_devices(self) -> list[str]:
        """The names of the devices that do not answer now."""
        return self._parts.devices.need("devices").offline_report.names()

    def wait_for_devices(self, line: str = "") -> None:
        """Before a command: name the devices that do not answer; the first command gives them time to do so.

        A data folder that took nothing at the start is opened, once it can be, and what needs it is made.

        Args:
            line: what is typed after the command's name, so that no library is waited for that it does not need; "" if
                it may need any.
        """
        if self._parts.acquisition.has_failed:
            self._take_steps_again()
        self._parts.say_if_ioc_has_ended()
        devices = self._parts.devices.part
        if devices is None:
            return  # a command that needs a device says that there is none, and why
        devices.offline_report.show_new(devices.needed_by(line, self.names.variables) if line else None)
        if devices.offline_report.left_s and self._parts.acquisition.done:
            wait_until_good(self.RE.suspenders, lambda: devices.offline_report.left_s)

    def store_metadata(self) -> None:
        """After a cell: store what was changed inside a value, such as ``RE.md["a"]["b"] = 1``, and data that wait."""
        if self._parts.acquisition.done:
            if self.journal.waiting and self.state == "idle":
                self.journal.try_again()
            self.md.flush()

    def __repr__(self) -> str:
        number = len(self.registry) if self._parts.devices.done else 0
        scan = "no data folder" if self.next_scan is None else f"next scan {self.next_scan}, data in {self.folder}"
        return f"<session of {self.config.name}: {self.state}, {counted(number, 'device')}, {scan}>"

    # ---- running -----------------------------------------------------------------------------

    def show_at_once(self) -> AbstractContextManager[None]:
        """A context in which a plan is shown from its first moment, and not only if it lasts."""
        return self._parts.plan_display.at_once()

    def plan_note(self, note: Callable[[], str]) -> AbstractContextManager[None]:
        """A context for a part of a plan, in which the last line of the terminal says this too."""
        return self._parts.plan_display.noting(note)

    @cached_property
    def runner(self) -> PlanRunner:
        """Runs plans: checked before, labelled, and followed by what their command does at their end."""
        return PlanRunner(self._parts, self.config, self.shell, lambda: self.devices, lambda: self.operator)

    def run(self, plan: Plan, **options: Any) -> None:
        """Run a plan as a command does; see PlanRunner.run."""
        self.runner.run(plan, **options)

    def rehearse(self, plan: Any, command: str = "") -> SimulationResult:
        """The simulation of a plan on this beamline, with its duration learned from past runs; nothing moves.

        Args:
            plan: a plan, which is used up by it, or a function that makes one.
            command: the name of the command whose plan it is, if it is one's.

        Example:
            ``session.rehearse(bp.scan([det], th, -1, 1, 21))``
        """
        return self.runner.preflight.rehearse(plan, command)

    # ---- the end -----------------------------------------------------------------------------

    def end_soon(self, status: int) -> bool:
        """Abort the running plan, also one of a second engine, from a signal handler.

        Args:
            status: the exit status of the console.

        Returns:
            False if no plan runs, or if this was called before: the caller has to end the console itself.
        """
        if self.status:
            return False
        self.status = status  # first: a second signal leaves, if an engine does not answer
        reason = "the console was terminated"
        is_running = self.second_engines is not None and self.second_engines.end_soon(reason)
        if self.state not in ("idle", "paused"):
            self.RE.abort(reason)
            is_running = True
        self.status = status if is_running else DONE
        return is_running

    def close(self, *, keep_ioc: bool = False) -> None:
        """Close the session: abort a paused plan, write the data to disk, end the IOC; harmless the second time.

        Args:
            keep_ioc: whether the IOC goes on, for the next session of the application that has started it.
        """
        self._parts.close(keep_ioc=keep_ioc)
