"""The session: the one place that knows all the rooms, and joins them for one console.

It knows nothing of how a command is typed or an error shown. Each public step is one line of a start-up file; a step
taken twice does nothing the second time.
"""

from __future__ import annotations

import atexit
import getpass
import os
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beamshell.errors import ConfigError, EngineError, UsageError
from beamshell.shell.config import Beamshell
from beamshell.shell.device_namespace import DeviceNamespace, is_device_like
from beamshell.shell.messages_shown import DONE, LastError, one_line, say, say_error, where
from beamshell.shell.offline_report import OfflineReport
from beamshell.shell.preflight import Preflight
from beamshell.shell.profile_suspenders import ProfileSuspenders, in_words, is_good

if TYPE_CHECKING:
    from beamshell.devices.registry import Registry
    from beamshell.engine import RunEngine
    from beamshell.ioc.process import DemoIoc
    from beamshell.messages import Plan
    from beamshell.shell.gui_loop import GuiLoop
    from beamshell.simulate.simulator import SimulationResult
    from beamshell.store import Journal, PersistentDict, Queue, Runs


_MADE_BY = {
    "RE": "session.open()",
    "md": "session.open()",
    "journal": "session.open()",
    "runs": "session.open()",
    "queue": "session.open()",
    "folder": "session.open()",
    "registry": "session.load_devices()",
    "devices": "session.load_devices()",
}


_WANTED_SOON = (
    "beamshell.devices.loader",
    "beamshell.devices.epics.motor",
    "beamshell.channels.ca.channel",
    "beamshell.callbacks",
    "beamshell.plans.preprocessors",
    "ruamel.yaml",
)
"""Imported while the demo IOC starts."""


_LIBRARIES_AFTER_S = 0.7
"""When the libraries of control systems other than Channel Access are loaded, unless a command waits for them."""


class StepError(ConfigError, AttributeError):
    """A part of the session that a start-up step should have made."""


class Session:
    """One console's beamline: devices, engine, data.

    Args:
        shell: the IPython shell whose namespace gets the names.
        config: the beamline's facts.
        profile: the folder that file names in the facts are relative to.
        ioc: the demo beamline, if it was started before.
    """

    RE: RunEngine
    md: PersistentDict
    journal: Journal
    runs: Runs
    queue: Queue
    folder: Path
    registry: Registry
    devices: DeviceNamespace

    def __init__(
        self, shell: Any, config: Beamshell, *, profile: Path | None = None, ioc: DemoIoc | None = None
    ) -> None:
        self.shell = shell
        self.config = config
        self.profile = profile
        self.ioc = ioc
        self.last_error = LastError()
        self.typed = ""
        self.status = DONE
        """The exit status that a signal has settled."""
        self.wiring: Any = None
        self._taken: set[str] = set()
        self._hidden: set[str] = set()
        self._then: Callable[[], None] | None = None
        self._gui: GuiLoop | None = None
        self._closed = False
        self._rehearsing = Preflight(self)
        self._alongside: Any = None
        self._roll_call: OfflineReport | None = None
        self._suspenders: ProfileSuspenders | None = None
        self._named_devices: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        if name in _MADE_BY:
            raise StepError(f"this console has no {name}: the start-up step {_MADE_BY[name]} failed or was left out")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # ---- the steps of the start-up files -----------------------------------------------------

    def open(self) -> None:
        """Data folder, metadata, journal and engine; names RE and runs."""
        if not self._first_time("open"):
            return
        from beamshell.engine import RunEngine
        from beamshell.store import Journal, PersistentDict, Queue, Runs, close_open_runs, data_folder

        self.folder = data_folder(self.config.data_folder or None)
        self.md = PersistentDict(self.folder / "metadata.sqlite")
        for path in close_open_runs(self.folder):
            say(f"a console ended in the middle of this run, which is closed now: {path}")
        self.journal = Journal(self.folder)
        self.runs = Runs(self.folder)
        self.queue = Queue(self.folder)
        if self.md.last_scan_id < self.runs.last_scan_id:  # the metadata were damaged and set aside
            self.md["scan_id"] = self.runs.last_scan_id
        self.RE = RunEngine(self.md)  # its next_scan_id numbers the runs
        self.RE.subscribe(self.journal, writer=True)
        self._name(RE=self.RE, runs=self.runs, session=self)
        atexit.register(self.close)

    def load_devices(self) -> None:
        """The devices of the profile's device file, each by its name at the prompt; nothing waits for hardware."""
        if not self._first_time("load_devices"):
            return
        from beamshell.devices.registry import Registry

        self._start_demo_ioc()
        self.registry = Registry(data_folder=getattr(self, "folder", None))  # it may be missing: open() has failed
        if self.config.devices_file:
            self._load_device_file(self._beside_profile(self.config.devices_file))
        elif not self.config.demo_ioc:
            self._add_simulated_devices()
        self._roll_call = OfflineReport(self.registry, self.config.connect_wait)
        self.devices = DeviceNamespace(self.registry, self.shell.user_ns)
        self._name(**self.registry.namespace())
        self._read_alongside()
        self._named_devices = set(self.registry.namespace())
        # Leaving must stop motors before Channel Access is gone: what is registered last is called first.
        atexit.unregister(self.close)
        atexit.register(self.close)

    def install_suspenders(self) -> None:
        """The suspenders that the profile names."""
        if not (self.config.suspenders and self._first_time("install_suspenders")):
            return
        self._suspenders = ProfileSuspenders(self.RE, self.registry, self.report)
        for fact in self.config.suspenders:
            self._suspenders.install(fact)

    def subscribe_callbacks(self) -> None:
        """The table, the plots and the peak statistics of every run."""
        if not self._first_time("subscribe_callbacks"):
            return
        from beamshell.callbacks import BestEffort
        from beamshell.callbacks.painter import Painter
        from beamshell.shell.gui_loop import GuiLoop

        if self.config.plots != "auto":
            os.environ["BEAMSHELL_PLOTS"] = self.config.plots
        painter = Painter()
        self.best_effort = BestEffort(painter=painter)
        self.RE.subscribe(self.best_effort)
        self._gui = GuiLoop(painter)
        self.RE.pump = self._gui.pump
        self._gui.enable(self.shell)

    def load_plans(self) -> None:
        """The names bp, bps and bpp: plans, their stubs, and what wraps them."""
        from beamshell import plans
        from beamshell.plans import preprocessors, stubs

        self._name(bp=plans, bps=stubs, bpp=preprocessors)

    def run_user_files(self) -> None:
        """The user's own start-up files: *.py in the folder `startup` of the data folder, in alphabetical order."""
        if self.config.user_startup and self._first_time("run_user_files"):
            for path in sorted((self.folder / "startup").glob("*.py")):
                self.run_file(path)

    def take_all_steps(self) -> None:
        """Every step in order; one that fails is reported, and the later ones are taken all the same."""
        steps = (
            self.open,
            self.load_devices,
            self.install_suspenders,
            self.subscribe_callbacks,
            self.load_plans,
            self.run_user_files,
        )
        for step in steps:
            try:
                step()
            except Exception as exc:  # noqa: BLE001  a step that fails must not keep the console from opening
                self.report(exc)

    @property
    def summary(self) -> str:
        """Which devices there are, and where data go."""
        devices = ", ".join(getattr(self, "registry", {})) or "no devices"
        simulated = "" if self.config.devices_file or self.ioc else " (simulated)"
        return f"{devices}{simulated}; data in {getattr(self, 'folder', 'no folder')}; bhelp shows the commands"

    def run_file(self, path: Path) -> None:
        """Run a Python file in the prompt's namespace; an error is reported in one line with file and line."""
        try:
            code = compile(path.read_text(encoding="utf-8"), str(path), "exec")
            exec(code, self.shell.user_ns)  # noqa: S102  a start-up file is there to be run
        except Exception as exc:  # noqa: BLE001  it must not cancel the later files
            self.report(exc, where(exc, path))

    def report(self, exc: BaseException, place: str = "") -> None:
        """Say an error in one line and keep it for `last_error`."""
        self.last_error.keep(exc)
        if place and place not in str(exc):
            exc = ConfigError(f"{place}: {one_line(exc)}")
        say_error(exc)

    def _first_time(self, step: str) -> bool:
        first = step not in self._taken
        self._taken.add(step)
        return first

    def _name(self, **names: Any) -> None:
        self.shell.user_ns.update(names)
        self.shell.user_ns_hidden.update(names)

    # ---- devices -----------------------------------------------------------------------------

    def _start_demo_ioc(self) -> None:
        if self.config.demo_ioc and self.ioc is None:
            self.ioc = start_demo_ioc(self.config)
        if self.ioc is not None:
            for module in _WANTED_SOON:
                import_module(module)
            self.ioc.wait_ready()  # a search that is sent before it listens is repeated late

    def _load_device_file(self, path: Path) -> None:
        from beamshell.channels.deferred import defer_libraries
        from beamshell.devices.loader import load_devices

        defer_libraries(_LIBRARIES_AFTER_S)
        _, problems = load_devices(path, self.registry)
        for problem in problems:
            self.report(problem)

    def _add_simulated_devices(self) -> None:
        from beamshell.devices import sim

        self.registry.add(sim.motor, tags=["motor"])
        self.registry.add(sim.det, tags=["detector"], readout="point")

    def reload_devices(self) -> list[str]:
        """What has changed in the device file, a line each; what has not stays the same objects.

        Raises:
            EngineError: a plan is under way.
            ConfigError: this console has no device file.
        """
        if self.state != "idle":
            raise EngineError(f"a plan is {self.state}: end it first, for devices may be replaced")
        if not self.config.devices_file:
            raise ConfigError("this console has no device file to reload")
        from beamshell.devices.loader import reload_devices

        changes, problems = reload_devices(self._beside_profile(self.config.devices_file), self.registry)
        for problem in problems:
            self.report(problem)
        self._rename_devices()
        self._read_alongside()
        if self._suspenders is not None:
            self._suspenders.renew({*changes.replaced, *changes.removed})
        return changes.lines()

    def _rename_devices(self) -> None:
        """Give the prompt the names that the registry has now, and take away those it has no more."""
        names = self.registry.namespace()
        for name in self._named_devices - set(names):
            self.shell.user_ns.pop(name, None)
        self._name(**names)
        self._named_devices = set(names)

    def _read_alongside(self) -> None:
        """What is recorded in every run besides what its plan reads."""
        from beamshell.plans.preprocessors import SupplementalData

        if self._alongside is not None:
            self.RE.preprocessors.remove(self._alongside)
            self._alongside = None
        baseline = self.registry.select(readout="baseline") if self.config.baseline else {}
        monitors = self.registry.select(readout="monitored")
        if baseline or monitors:
            self._alongside = SupplementalData(baseline=baseline.values(), monitors=monitors.values())
            self.RE.preprocessors.append(self._alongside)

    def _beside_profile(self, name: str) -> Path:
        path = Path(name).expanduser()
        return path if path.is_absolute() or self.profile is None else self.profile / path

    def detectors(self) -> list[Any]:
        """What is read when a command names no detector.

        Raises:
            UsageError: nobody has said which.
        """
        if self.config.detectors:
            return [self.registry.find(name) for name in self.config.detectors]
        found = list(self.registry.select(readout="point").values())
        if not found:
            raise UsageError("no detector is read by default: name one, or give it `readout: point` in the device file")
        return found

    def store_metadata(self) -> None:
        """Store what was changed inside a value, such as ``RE.md["a"]["b"] = 1``."""
        if hasattr(self, "md"):
            self.md.flush()

    def warn_of_hidden_devices(self) -> None:
        """Say once when Python's name of a device has become something else; commands still mean the device."""
        if not hasattr(self, "registry"):
            return
        self.restore_names()
        for name in self.registry:
            hidden = not is_device_like(self.shell.user_ns.get(name))
            if hidden and name not in self._hidden:
                say(f"{name} is your own now; commands still mean the device (del {name} gives it back)")
            (self._hidden.add if hidden else self._hidden.discard)(name)

    def restore_names(self) -> None:
        """Give devices back the names that were deleted at the prompt."""
        for name, device in self.registry.items():
            self.shell.user_ns.setdefault(name, device)

    def wait_for_devices(self) -> None:
        """Before each command: name the devices that do not answer, once; the first gives them a moment to do so."""
        if self._roll_call is None:
            return
        self._roll_call.call()
        if self._first_time("wait_for_devices"):
            while not all(map(is_good, self.RE.suspenders)) and self._roll_call.left_s:
                time.sleep(0.01)  # one that hears its first good value late would hold up the first plan for nothing

    # ---- running -----------------------------------------------------------------------------

    def run(
        self,
        plan: Plan | Callable[[], Plan],
        *,
        then: Callable[[], None] | None = None,
        plan_form: str = "",
        labelled: bool = True,
    ) -> None:
        """Run a plan of a command; `then` is called when it has ended, also after a pause and `resume`.

        Args:
            plan: a plan, or a function that makes it: it is then rehearsed first, and what cannot be done is refused.
            then: what is to be done after it.
            plan_form: the same, as one types it in Python.
            labelled: False for a plan whose runs know themselves which command they are, such as a queue's.
        """
        if str(self.RE.state) != "idle":
            raise EngineError(f"a plan is {self.RE.state}: type resume, stop, abort or halt first")
        if callable(plan):
            self._rehearsing.before(plan)
            plan = plan()
        metadata = {"operator": self.operator}
        if labelled:
            metadata["command"] = self.typed
        if plan_form:
            metadata["plan_form"] = plan_form
        self._then = then
        self._finish(lambda: self.RE(plan, **metadata))

    def rehearse(self, plan: Any) -> SimulationResult:
        """What a plan would do on this beamline, and how long that takes by its past runs; nothing moves.

        Args:
            plan: a plan, which is used up by it, or a function that makes one.

        Example:
            ``session.rehearse(bp.scan([det], th, -1, 1, 21))``
        """
        return self._rehearsing.rehearse(plan)

    def check(self, make: Callable[[], Plan]) -> None:
        """Rehearse a plan that is the next part of one that runs already; nobody is asked anything.

        Raises:
            BeamshellError: it cannot be done.
        """
        self._rehearsing.before(make, ask=False)

    def go_on(self, how: str, reason: str = "") -> None:
        """Resume, stop, abort or halt the paused plan.

        Raises:
            EngineError: nothing is paused.
        """
        if str(self.RE.state) == "idle":
            raise EngineError(f"nothing to {how}: no plan is paused")
        if how == "resume":
            self.journal.flush()  # a disk that still refuses is said at once, not at the next point
        act = getattr(self.RE, how)
        self._finish(lambda: act(reason) if reason else act())
        if how != "resume":
            print({"stop": "stopped", "abort": "aborted", "halt": "halted"}[how])

    def _finish(self, act: Callable[[], Any]) -> None:
        act()
        then, self._then = self._then, None
        if then is not None:
            then()

    @property
    def operator(self) -> str:
        """Who works here."""
        if self.config.operator:
            return self.config.operator
        try:
            return getpass.getuser()
        except (OSError, KeyError):  # no login name, as in some containers
            return str(os.getuid()) if hasattr(os, "getuid") else "unknown"

    @property
    def state(self) -> str:
        """The engine's state in words."""
        return str(self.RE.state) if hasattr(self, "RE") else "idle"

    @property
    def next_scan(self) -> int | None:
        """The number that the next run gets, unless another console is quicker."""
        return self.md.last_scan_id + 1 if hasattr(self, "md") else None

    def suspender_lines(self) -> list[str]:
        """A line for each suspender: what it watches, and whether it holds runs up."""
        return [in_words(suspender) for suspender in self.RE.suspenders]

    # ---- the end -----------------------------------------------------------------------------

    def end_soon(self, status: int) -> bool:
        """Ask the running plan to end, from a signal handler; False if none runs, or it was asked before."""
        if self.status or self.state in ("idle", "paused"):
            return False
        self.status = status
        self.RE.abort("the console was terminated")
        return True

    def show_last_error(self) -> None:
        """Print the traceback of the last error."""
        print(self.last_error.story or "no error so far")

    def close(self) -> None:
        """Leave everything safe: no plan runs or is paused, data are on disk, the demo IOC is gone."""
        if self._closed:
            return
        self._closed = True
        for last_step in (self._end_plan, self._close_gui, self._close_store, self._stop_ioc):
            try:
                last_step()
            except Exception as exc:  # noqa: BLE001  the later ones matter as much
                say_error(exc)

    def _end_plan(self) -> None:
        if self.state != "idle":
            say(f"a plan is {self.state}: aborting it")
            self.RE.abort("the console was closed")

    def _close_gui(self) -> None:
        if self._gui is not None:
            self._gui.disable()

    def _close_store(self) -> None:
        for room in ("journal", "md"):
            close = getattr(getattr(self, room, None), "close", None)
            if close is not None:
                close()

    def _stop_ioc(self) -> None:
        if self.ioc is not None:
            self.ioc.stop()


def start_demo_ioc(config: Beamshell) -> DemoIoc:
    """The demo beamline, starting; this process talks to no other from now on."""
    from beamshell.ioc.process import DemoIoc

    ioc = DemoIoc.start(seed=config.demo_ioc_seed, speed=config.demo_ioc_speed)
    os.environ.update(ioc.client_environment)
    return ioc
