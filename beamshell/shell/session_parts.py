"""SessionParts: engine, devices, suspenders and callbacks of a session: made step by step, joined, and closed.

It knows nothing of commands. A step that was taken does nothing the second time; one that failed can be taken again.
"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from beamshell.documents.start_keys import without_wrong_types
from beamshell.errors import ConfigError
from beamshell.shell.acquisition import Acquisition
from beamshell.shell.authority import Authority, this_console
from beamshell.shell.beamline_devices import BeamlineDevices
from beamshell.shell.beamline_states import states_of
from beamshell.shell.console_recorder import ConsoleRecorder
from beamshell.shell.control_pv import ControlPv
from beamshell.shell.leaving import is_attended
from beamshell.shell.messages_shown import one_line, say, say_error
from beamshell.shell.metadata_file import MetadataFile
from beamshell.shell.plan_form import recorded_form
from beamshell.shell.positions import places_of
from beamshell.shell.profile import Beamshell, beside_profile, login_name
from beamshell.shell.profile_suspenders import ProfileSuspenders
from beamshell.shell.prompt_names import DeviceNamespace, PromptNames
from beamshell.shell.second_engines import SecondEngines
from beamshell.shell.simulated_iocs import hold_searches_until_ready, start_demo_ioc
from beamshell.store.control_folder import ControlFolder

if TYPE_CHECKING:
    from beamshell.callbacks import BestEffort
    from beamshell.documents import Document
    from beamshell.follow.supervisor import Supervisor
    from beamshell.ioc.process import DemoIoc
    from beamshell.shell.gui_loop import GuiLoop
    from beamshell.shell.plan_display import PlanDisplay

Part = TypeVar("Part")


class StepError(ConfigError, AttributeError):
    """A part of the session is missing: a start-up step failed or was left out.

    It is an AttributeError too, so that `hasattr` and completion with Tab see a session without that part.
    """


class StartupStep(Generic[Part]):
    """A step of the start-up files, and the part of the session that it makes once.

    Args:
        name: of the session's method, such as "open".

    Attributes:
        part: what the step has made; None before it succeeds.
    """

    def __init__(self, name: str) -> None:
        self.part: Part | None = None
        self._name = name
        self._problem = "was not taken"

    @property
    def done(self) -> bool:
        """True if the step has made its part."""
        return self.part is not None

    @property
    def has_failed(self) -> bool:
        """True if the step was taken and has not made its part."""
        return self.part is None and self._problem.startswith("failed")

    def take(self, make: Callable[[], Part]) -> bool:
        """Make the part, unless that succeeded before; True if it was made now."""
        if self.done:
            return False
        try:
            self.part = make()
        except Exception as exc:
            self._problem = f"failed: {one_line(exc)}"
            raise
        return True

    def need(self, part_name: str) -> Part:
        """The part that the step has made.

        Args:
            what: the word for the part in the error message, such as "devices".

        Raises:
            StepError: the step failed or was left out; mend what the message names, then open the console again.
        """
        if self.part is None:
            raise StepError(f"no {part_name}: the step session.{self._name}() {self._problem}")
        return self.part


class _RunDisplay:
    """Shows every run; what it shows them with is imported at the first document, not while the console opens.

    Args:
        config: the settings of the beamline.
    """

    def __init__(self, config: Beamshell) -> None:
        self._config = config

    def __call__(self, name: str, doc: Document) -> None:
        self.best_effort(name, without_wrong_types(doc) if name == "start" else doc)

    @cached_property
    def best_effort(self) -> BestEffort:
        """Shows the runs."""
        from beamshell.callbacks import BestEffort

        return BestEffort(fit=self._config.fit or None, peak_stats=self._config.peak_stats)

    def live_plot(self, columns: int, rows: int) -> Sequence[str]:
        """The lines of the plot of the run in progress, where it is made of characters."""
        has_begun = "best_effort" in vars(self)
        return self.best_effort.text_figure.live_lines(columns, rows) if has_begun else ()


class SessionParts:
    """The parts of one session.

    Args:
        shell: the IPython shell whose prompt gets the names.
        config: the settings of the beamline.
        report: called with each error that leaves the session usable.
        profile: the folder that file names in the settings are relative to.
        ioc: the IOC that this console has started already; it is stopped with the console.
        simulated: True if this console runs on the simulated twin: nothing real moves.

    Attributes:
        names: the names at the prompt.
        clock_offset_s: the computer's clock when the parts were made, less the seconds that only grow.
        recorder: writes what happens into the console log; None before `open`.
        second_engines: the engines beside the console's own; None before `open`.
        authority: the control of this console over the beamline; None before `open`.
        acquisition: the step that makes the engine and the data folder.
        devices: the step that makes the devices.
    """

    def __init__(
        self,
        shell: Any,
        config: Beamshell,
        report: Callable[[BaseException], None],
        *,
        profile: Path | None = None,
        ioc: DemoIoc | None = None,
        simulated: bool = False,
    ) -> None:
        self.profile = profile
        self.ioc = ioc
        self.clock_offset_s = time.time() - time.monotonic()
        self._ended_ioc: int | None = None
        self.names = PromptNames(shell.user_ns, shell.user_ns_hidden)
        self.acquisition: StartupStep[Acquisition] = StartupStep("open")
        self.devices: StartupStep[BeamlineDevices] = StartupStep("load_devices")
        self._suspenders: StartupStep[ProfileSuspenders] = StartupStep("install_suspenders")
        self._gui: StartupStep[GuiLoop] = StartupStep("subscribe_callbacks")
        self._followers: StartupStep[Supervisor] = StartupStep("start_followers")
        self._run_display = _RunDisplay(config)
        self.recorder: ConsoleRecorder | None = None
        self.authority: Authority | None = None
        self.second_engines: SecondEngines | None = None
        self._simulated = simulated
        self.metadata_file = MetadataFile(
            lambda: beside_profile(config.metadata_file, profile) if config.metadata_file else None
        )
        self._shell = shell
        self._config = config
        self._report = report
        if simulated:  # before any step, and for the whole process: devices made at the prompt are simulated too
            from beamshell.channels.factory import SimulatedFactory, set_default_factory

            set_default_factory(SimulatedFactory())

    def operator(self) -> str:
        """Who works here."""
        return self._config.operator or login_name()

    # ---- the steps ---------------------------------------------------------------------------

    def open(self) -> None:
        """Open the data folder and make the engine."""
        if self.acquisition.take(self._open):
            self._record_baseline()

    def _open(self) -> Acquisition:
        acquisition = Acquisition.open(self._config.data_folder)
        acquisition.engine.answer_wait_s = self._config.answer_wait
        acquisition.metadata.author = lambda: (self.operator(), acquisition.log.console)
        acquisition.engine.check_call_metadata = self._check_call_metadata
        acquisition.engine.check_run_metadata = lambda metadata: self.metadata_file.rules.refuse(metadata)
        for problem in self.metadata_file.rules.problems:
            self._report(problem)
        self.names.add(RE=acquisition.engine, runs=acquisition.runs)
        acquisition.engine.log_hook = self._record(acquisition).engine
        self.authority = self._stand_before_writes(acquisition)
        self.second_engines = SecondEngines(acquisition)
        self._close_at_exit()
        return acquisition

    def _check_call_metadata(self, metadata: Mapping[str, Any]) -> None:
        """Return if what a call of the engine hands over can be stored, and the beamline allows it.

        Raises:
            PlanError: it cannot, or does not; nothing has begun.
        """
        for key, value in metadata.items():
            self.metadata_file.rules.refuse_value(key, value)

    def _record(self, acquisition: Acquisition) -> ConsoleRecorder:
        self.recorder = ConsoleRecorder(
            acquisition.log,
            lambda: DeviceNamespace(self.devices.part.registry, self.names.variables) if self.devices.part else {},
            self.operator,
        )
        acquisition.engine.subscribe(self.recorder.document, "start")
        self.recorder.opened(simulated=self._simulated)
        return self.recorder

    def _stand_before_writes(self, acquisition: Acquisition) -> Authority:
        me = this_console(acquisition.log.console, self.operator())
        authority = Authority(
            ControlFolder(acquisition.folder, me),
            acquisition.log,
            unfinished=lambda: self._unfinished(acquisition),
            wait_s=lambda: self._config.control_wait,
            pv=ControlPv(self._config.control_pv, me) if self._config.control_pv else None,
        )
        acquisition.engine.permission = authority.claim_for_plan
        authority.open(at_prompt=is_attended(self._shell))
        return authority

    def _unfinished(self, acquisition: Acquisition) -> str:
        """What has not ended here: "a plan is paused", "th is moving"; "" if nothing. It asks no hardware."""
        if (state := str(acquisition.engine.state)) != "idle":
            return f"a plan is {state}"
        if self.devices.part is None:
            return ""
        at_prompt = DeviceNamespace(self.devices.part.registry, self.names.variables).distinct()
        moving = (name for name, device in at_prompt.items() if getattr(device, "is_under_way", False))
        return f"{name} is moving" if (name := next(moving, "")) else ""

    def load_devices(self) -> None:
        """Make the devices of the profile's device file, each with its name at the prompt; wait for no hardware."""
        if self.devices.take(self._load_devices):
            self._record_baseline()
            if self._config.devices_file:  # the file of states is that of these devices
                for problem in states_of(self._config, self.profile, self.devices.need("devices").registry).problems:
                    self._report(problem)

    def _load_devices(self) -> BeamlineDevices:
        if self._config.demo_ioc and self.ioc is None:
            self.ioc = start_demo_ioc(self._config)
        if self.ioc is not None:
            hold_searches_until_ready(self.ioc, self._report)
        acquisition = self.acquisition.part
        devices = BeamlineDevices(
            self._config,
            beside_profile(self._config.devices_file, self.profile) if self._config.devices_file else None,
            data_folder=acquisition.folder if acquisition else None,
            report=self._report,
            meaning=self.names.meaning,
        )
        self.names.set_devices(devices.registry)
        if acquisition is not None:
            at_prompt = DeviceNamespace(devices.registry, self.names.variables)
            acquisition.engine.look_around = lambda: places_of(at_prompt.distinct())
            acquisition.engine.describe_plan = lambda plan: {
                "operator": self.operator(),
                **recorded_form(plan, at_prompt),
            }
        self._close_at_exit()
        return devices

    def install_suspenders(self) -> None:
        """Install the suspenders that the profile names."""
        if self._config.suspenders:
            self._suspenders.take(self._install_suspenders)

    def _install_suspenders(self) -> ProfileSuspenders:
        suspenders = ProfileSuspenders(
            self.acquisition.need("engine").engine, self.devices.need("devices").registry, self._report
        )
        for setting in self._config.suspenders:
            suspenders.install(setting)
        return suspenders

    def subscribe_callbacks(self) -> None:
        """Show the table, the plots and the peak statistics of every run."""
        self._gui.take(self._subscribe_callbacks)

    def _subscribe_callbacks(self) -> GuiLoop:
        from beamshell.callbacks.painter import painter
        from beamshell.shell.gui_loop import GuiLoop

        engine = self.acquisition.need("engine").engine
        self._choose_where_plots_are()
        gui = GuiLoop(painter)
        engine.subscribe(self._run_display)
        engine.pump = gui.pump
        engine.subscribe(self.plan_display.progress)
        engine.while_running = self.plan_display.running
        gui.enable(self._shell)
        return gui

    def _choose_where_plots_are(self) -> None:
        """Note it in the environment; if plots are to be pictures in the terminal, ask which it shows."""
        from beamshell.callbacks.figures import INLINE, SWITCH

        if self._config.plots != "auto":
            os.environ[SWITCH] = self._config.plots
        if os.environ.get(SWITCH) == INLINE:
            from beamshell.shell.terminal_answers import ask, type_again

            os.environ[SWITCH] = ask(os.environ, partial(type_again, self._shell)) or "text"

    @cached_property
    def plan_display(self) -> PlanDisplay:
        """Shows the plan that runs, once the callbacks are subscribed."""
        from beamshell.callbacks.painter import painter
        from beamshell.shell.plan_display import PlanDisplay

        return PlanDisplay(painter, above=self._run_display.live_plot)

    @property
    def best_effort(self) -> BestEffort:
        """What shows the table, the plots, the peak statistics and the fit of each run."""
        return self._run_display.best_effort

    def start_followers(self) -> None:
        """Start the followers that the profile names, each in a process of its own."""
        if self._config.followers:
            self._followers.take(self._start_followers)

    def _start_followers(self) -> Supervisor:
        from beamshell.shell.followers import start_followers

        folder = self.acquisition.need("data folder").folder
        return start_followers(self._config.followers, folder, self.profile, say)

    def failed_steps(self) -> list[Callable[[], None]]:
        """The steps that have failed, in order."""
        steps: list[tuple[StartupStep[Any], Callable[[], None]]] = [
            (self.acquisition, self.open),
            (self.devices, self.load_devices),
            (self._suspenders, self.install_suspenders),
            (self._gui, self.subscribe_callbacks),
            (self._followers, self.start_followers),
        ]
        return [take for step, take in steps if step.has_failed]

    def say_if_ioc_has_ended(self) -> None:
        """Say that the IOC which this console has started is no more, once each time."""
        if self.ioc is None or self.ioc.pid == self._ended_ioc or self.ioc.is_alive():
            return
        self._ended_ioc = self.ioc.pid
        say("the IOC of this console has ended, so its devices are offline; to start it anew: session.ioc.restart()")

    # ---- afterwards --------------------------------------------------------------------------

    def reload_devices(self) -> list[str]:
        """Read the device file again: a line for each device that has changed; the others stay the same objects.

        Raises:
            ConfigError: this console has no device file.
        """
        devices = self.devices.need("devices")
        changes = devices.reload()
        self.names.set_devices(devices.registry)
        self._record_baseline()
        if self._suspenders.part is not None:
            self._suspenders.part.renew({*changes.replaced, *changes.removed})
        return changes.lines()

    def _record_baseline(self) -> None:
        if self.devices.part is not None and self.acquisition.part is not None:
            self.devices.part.record_baseline(self.acquisition.part.engine.preprocessors)

    def close(self, *, keep_ioc: bool = False) -> None:
        """Leave everything safe: no plan is paused, data are on disk, our IOC has ended; harmless the second time.

        Args:
            keep_ioc: whether the IOC goes on.
        """
        last_steps: list[Callable[[], None]] = []
        if self.second_engines is not None:
            last_steps.append(self.second_engines.end_plans)
        if self.acquisition.part is not None:
            last_steps.append(self.acquisition.part.end_plan)  # it may move motors, so the IOC must still be there
        if self._gui.part is not None:
            last_steps.append(self._gui.part.disable)
        if self.second_engines is not None:
            last_steps.append(self.second_engines.disconnect)
        if self.acquisition.part is not None:
            last_steps.append(self.acquisition.part.close)
        if self.authority is not None:
            last_steps.append(self.authority.close)
        if self.recorder is not None:
            last_steps.append(self.recorder.closed)
        if self._followers.part is not None:
            last_steps.append(self._followers.part.close)  # they send all that was written until here
        if self.ioc is not None and not keep_ioc:
            last_steps.append(self.ioc.close)
        for last_step in last_steps:
            try:
                last_step()
            except Exception as exc:  # noqa: BLE001  the later ones matter as much
                say_error(exc)

    def _close_at_exit(self) -> None:
        """Let Python close the session first of all: what is registered last is called first.

        Motors must be stopped before Channel Access ends itself, and the devices have just registered that.
        """
        atexit.unregister(self.close)
        atexit.register(self.close)
