"""Baselines, monitors and flyers that are recorded beside a plan, as far as their devices answer.

A device that does not answer never fails the plan: the start document names it, under `not_recorded`, and whoever runs
the plan is told once. They know nothing of the plan's own measurement, whose detectors must answer.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import Any

from beamshell.errors import DeviceError
from beamshell.messages import Msg, Plan
from beamshell.plans import stubs
from beamshell.plans.preprocessors.mutators import as_plan, plan_mutator, then
from beamshell.plans.preprocessors.runs import of_run
from beamshell.plans.unrun_plan_guard import wrapper
from beamshell.text.lists import listed

NOT_RECORDED = "not_recorded"
"""Key of the start document: the names of baseline and monitored devices that did not answer as the run began."""

_NO_ANSWER = (DeviceError, OSError)  # OSError: other libraries' time-outs and lost connections
_POLL_S, _POLLS = 0.1, 20

logger = logging.getLogger(__name__)


class SilentDevices:
    """The devices that do not answer, each reported once until it has been recorded again.

    Args:
        report: called with a line of text.
    """

    def __init__(self, report: Callable[[str], Any] = logger.warning) -> None:
        self._report = report
        self._reported: dict[int, Any] = {}  # by id, since a device need not be hashable
        self._polls_left = _POLLS

    def of(self, devices: Iterable[Any]) -> list[Any]:
        """Those of the devices that do not answer now."""
        return [device for device in devices if not _answers(device)]

    def wait(self, devices: Iterable[Any]) -> Plan:
        """Give devices that are only connecting the time to answer: once, and all of them together."""
        unheard = [device for device in devices if id(device) not in self._reported]
        while self._polls_left and self.of(unheard):
            self._polls_left -= 1
            yield Msg("sleep", None, _POLL_S)

    def split(self, devices: Iterable[Any]) -> tuple[list[Any], list[Any]]:
        """The devices that answer and those that do not; these are reported."""
        devices = list(devices)
        silent = self.of(devices)
        self.report(silent, "no answer")
        return [device for device in devices if not any(device is other for other in silent)], silent

    def report(self, devices: Iterable[Any], reason: Any) -> None:
        """Report devices that are not recorded, unless that is known."""
        new = [device for device in devices if id(device) not in self._reported]
        self._reported |= {id(device): device for device in new}
        if new:
            self._report(f"not recorded beside the plan: {listed(device.name for device in new)}: {reason}")

    def recorded(self, devices: Iterable[Any]) -> None:
        """Note devices that have been recorded: one that is lost later is reported again."""
        for device in devices:
            self._reported.pop(id(device), None)


def _answers(device: Any) -> bool:
    """Whether all that is recorded of a device answers, as far as it knows without asking."""
    return bool(getattr(device, "answers", getattr(device, "connected", True)))


def _opened(msg: Msg, devices: list[Any], silent: SilentDevices) -> Plan:
    """Open a run, whose start document names the devices that do not answer. Returns its uid."""
    yield from silent.wait(devices)
    missing = [*msg.kwargs.get(NOT_RECORDED, ()), *(device.name for device in silent.split(devices)[1])]
    return (yield msg._replace(kwargs={**msg.kwargs, NOT_RECORDED: missing}) if missing else msg)


# ---- baselines -----------------------------------------------------------------------------------


@wrapper
def baseline_wrapper(
    plan: Any, devices: Iterable[Any], name: str = "baseline", *, silent: SilentDevices | None = None
) -> Plan:
    """Read `devices` once at the beginning and once at the end of each run, as far as they answer.

    Args:
        plan: the plan.
        devices: what is read.
        name: the stream.
        silent: notes and reports those that do not answer; None logs a warning.
    """
    devices = list(devices)
    if not devices:
        return (yield from as_plan(plan))
    silent = silent or SilentDevices()
    described: dict[Any, list[Any]] = {}  # by run, the devices of the last descriptor

    def record(run: Any) -> Plan:
        """Read all that answer into one event."""
        answering, _ = silent.split(devices)
        try:
            yield from read(answering, run)
        except _NO_ANSWER:
            answering = yield from readable(answering)
            try:
                yield from read(answering, run)
            except _NO_ANSWER as exc:
                silent.report(answering, exc)

    def read(answering: list[Any], run: Any) -> Plan:
        if not answering:
            return
        if run in described and described[run] != answering:
            yield from stubs.declare_stream(*stubs.separate_devices(answering), name=name)
        described[run] = answering
        yield from stubs.trigger_and_read(answering, name)
        silent.recorded(answering)

    def readable(answering: list[Any]) -> Plan:
        """Those that can be read; found one by one, after a reading of all has failed."""
        able = []
        for device in answering:
            try:
                yield Msg("read", device)
            except _NO_ANSWER as exc:
                silent.report([device], exc)
            else:
                able.append(device)
        return able

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        if msg.command == "open_run":
            described.pop(msg.run, None)
            return _opened(msg, devices, silent), of_run(record(msg.run), msg.run)
        if msg.command == "close_run" and msg.kwargs.get("exit_status") in (None, "success"):
            return then(of_run(record(msg.run), msg.run), msg), None
        return None, None

    return (yield from plan_mutator(plan, insert))


# ---- monitors ------------------------------------------------------------------------------------


@wrapper
def monitor_during_wrapper(plan: Any, signals: Iterable[Any], *, silent: SilentDevices | None = None) -> Plan:
    """Record each change of `signals` during each run of `plan`, as far as they answer.

    Args:
        plan: the plan.
        signals: what is monitored.
        silent: notes and reports those that do not answer; None logs a warning.
    """
    signals = list(signals)
    silent = silent or SilentDevices()
    monitored: dict[Any, list[Any]] = {}  # by run

    def begin(run: Any) -> Plan:
        monitored[run] = []
        for signal in silent.split(signals)[0]:
            try:
                yield Msg("monitor", signal, name=f"{signal.name}_monitor", run=run)
            except _NO_ANSWER as exc:
                silent.report([signal], exc)
            else:
                monitored[run].append(signal)
        silent.recorded(monitored[run])

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        if msg.command == "open_run":
            return _opened(msg, signals, silent), begin(msg.run)
        if msg.command == "close_run":
            begun = monitored.pop(msg.run, ())
            return as_plan([*(Msg("unmonitor", signal, run=msg.run) for signal in begun), msg]), None
        return None, None

    return (yield from plan_mutator(plan, insert))


# ---- flyers --------------------------------------------------------------------------------------


@wrapper
def fly_during_wrapper(plan: Any, flyers: Iterable[Any], *, silent: SilentDevices | None = None) -> Plan:
    """Let `flyers` acquire during each run of `plan`, and record their data at its end, as far as they answer.

    Args:
        plan: the plan.
        flyers: what acquires.
        silent: notes and reports those that do not answer; None logs a warning.
    """
    flyers = list(flyers)
    if not flyers:
        return (yield from as_plan(plan))
    silent = silent or SilentDevices()
    flying: dict[Any, list[Any]] = {}  # by run

    def begin(run: Any) -> Plan:
        flying[run] = silent.split(flyers)[0]
        yield from stubs.kickoff_all(*flying[run], group="fly_during")
        silent.recorded(flying[run])

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        if msg.command == "open_run":
            return _opened(msg, flyers, silent), of_run(begin(msg.run), msg.run)
        if msg.command == "close_run":
            return then(of_run(_complete_and_collect(flying.pop(msg.run, [])), msg.run), msg), None
        return None, None

    return (yield from plan_mutator(plan, insert))


def _complete_and_collect(flyers: list[Any]) -> Plan:
    if not flyers:
        return
    yield from stubs.complete_all(*flyers, group="fly_during", wait=True)
    for flyer in flyers:
        yield from stubs.collect(flyer, return_payload=False)


class SupplementalData:
    """A preprocessor for the engine: baselines, monitors and flyers to record in every run.

    A device that does not answer is left out, and named in the start document under `not_recorded`.

    Args:
        baseline: devices read at the beginning and the end of each run.
        monitors: signals whose changes are recorded during each run.
        flyers: devices that acquire by themselves during each run.
        report: called with one line for each device that does not answer, once until it does.

    Example:
        ``RE.preprocessors.append(SupplementalData(baseline=[samx, samy]))``
    """

    def __init__(
        self,
        *,
        baseline: Iterable[Any] = (),
        monitors: Iterable[Any] = (),
        flyers: Iterable[Any] = (),
        report: Callable[[str], Any] = logger.warning,
    ) -> None:
        self.baseline = list(baseline)
        self.monitors = list(monitors)
        self.flyers = list(flyers)
        self._silent = SilentDevices(report)

    def __call__(self, plan: Any) -> Plan:
        """`plan` with these recordings in each of its runs."""
        if self.flyers:
            plan = fly_during_wrapper(plan, self.flyers, silent=self._silent)
        if self.monitors:
            plan = monitor_during_wrapper(plan, self.monitors, silent=self._silent)
        return (yield from baseline_wrapper(plan, self.baseline, silent=self._silent))

    def not_recorded(self) -> list[str]:
        """The names of the devices that do not answer now."""
        return [device.name for device in self._silent.of([*self.baseline, *self.monitors, *self.flyers])]

    def __repr__(self) -> str:
        groups = {"baseline": self.baseline, "monitors": self.monitors, "flyers": self.flyers}
        lists = (
            f"{group}={[str(getattr(device, 'name', device)) for device in devices]}"
            for group, devices in groups.items()
        )
        return f"SupplementalData({', '.join(lists)})"
