"""Plans made of plans: what is done before, after and around another plan.

Each is a wrapper ``wrapper(plan, ...)`` and a decorator of functions that make plans. A wrapper never holds on
to a GeneratorExit: a plan that is halted or thrown away must not yield, so there its cleanup is left out.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from beamshell.errors import PlanError, RequestAbort, RequestStop
from beamshell.messages import Msg, Plan
from beamshell.plans import stubs
from beamshell.plans.planned import wrapper

MakePlan = Callable[..., Plan]
Mutator = Callable[[Msg], tuple["Plan | None", "Plan | None"]]


def as_plan(plan: Any) -> Plan:
    """A plan from a plan, a function that makes one, or a list of messages."""
    made = plan() if callable(plan) else plan
    if hasattr(made, "send"):
        return made  # type: ignore[no-any-return]  # it has what a generator has
    return _from_list(made)


def _from_list(messages: Iterable[Msg]) -> Plan:
    answer = None
    for msg in messages:
        answer = yield msg
    return answer


# ---- what happens whatever else does -------------------------------------------------------------


@wrapper
def finalize_wrapper(plan: Any, final_plan: Any) -> Plan:
    """Run `plan`, then `final_plan` whether it succeeded, failed, or was stopped; what `plan` returned.

    In `final_plan` a step that fails does not keep the next from being done: all failures are reported at its end.

    Example:
        ``finalize_wrapper(scan(...), mv(shutter, "Close"))``
    """
    failing = True
    try:
        result = yield from as_plan(plan)
        failing = False
    except GeneratorExit:
        raise
    except BaseException:
        yield from _clean_up(final_plan, raise_failures=False)
        raise
    if not failing:
        yield from _clean_up(final_plan, raise_failures=True)
    return result


def _clean_up(final_plan: Any, *, raise_failures: bool) -> Plan:
    yield Msg("begin_cleanup")
    try:
        yield from as_plan(final_plan)
    except GeneratorExit:
        raise
    except BaseException:
        yield Msg("end_cleanup", None, raise_failures=False)
        raise
    yield Msg("end_cleanup", None, raise_failures=raise_failures)


@wrapper
def contingency_wrapper(
    plan: Any,
    *,
    except_plan: Callable[[Exception], Plan] | None = None,
    else_plan: MakePlan | None = None,
    final_plan: MakePlan | None = None,
    auto_raise: bool = True,
) -> Plan:
    """Run `plan` with the clauses of a ``try`` statement as plans; what `plan` returned.

    Args:
        except_plan: ``f(exception)``, run if `plan` raises.
        else_plan: run if it does not.
        final_plan: run in any case, last.
        auto_raise: raise the exception again after `except_plan`; False lets `except_plan` decide.
    """

    def guarded() -> Plan:
        try:
            result = yield from as_plan(plan)
        except GeneratorExit:
            raise
        except Exception as exc:
            if except_plan is None:
                raise
            result = yield from except_plan(exc)
            if auto_raise:
                raise
            return result
        if else_plan is not None:
            yield from else_plan()
        return result

    if final_plan is None:
        return (yield from guarded())
    return (yield from finalize_wrapper(guarded(), final_plan))


# ---- runs ----------------------------------------------------------------------------------------


@wrapper
def run_wrapper(plan: Any, *, md: Mapping[str, Any] | None = None) -> Plan:
    """Run `plan` inside a run; the run's uid.

    The run is closed with "success", "fail" or "abort", according to how the plan ends.
    """
    uid = yield Msg("open_run", None, **(md or {}))
    try:
        yield from as_plan(plan)
    except GeneratorExit:
        raise
    except RequestStop:
        yield Msg("close_run", None, exit_status="success", reason="")
        raise
    except RequestAbort as exc:
        yield Msg("close_run", None, exit_status="abort", reason=str(exc))
        raise
    except Exception as exc:
        yield Msg("close_run", None, exit_status="fail", reason=str(exc))
        raise
    yield Msg("close_run", None, exit_status=None, reason=None)
    return uid


@wrapper
def stage_wrapper(plan: Any, devices: Iterable[Any]) -> Plan:
    """Stage `devices`, run `plan`, unstage them in reverse; what `plan` returned."""
    roots: list[Any] = []
    for device in devices:
        root = root_of(device)
        if not any(root is other for other in roots):
            roots.append(root)

    staged: list[Any] = []

    def inner() -> Plan:
        for root in roots:
            yield from stubs.stage(root)
            staged.append(root)  # one that fails half-way is the engine's to put back
        return (yield from as_plan(plan))

    return (yield from finalize_wrapper(inner(), lambda: stubs.unstage_all(*staged)))


@wrapper
def lazily_stage_wrapper(plan: Any) -> Plan:
    """Stage each device when `plan` first uses it, unstage all in reverse at the end; what `plan` returned."""
    staged: list[Any] = []

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        if msg.command not in ("read", "trigger", "set", "monitor", "kickoff", "prepare"):
            return None, None
        root = root_of(msg.obj)
        if any(root is other for other in staged):
            return None, None
        staged.append(root)
        return _then(stubs.stage(root), msg), None

    return (yield from finalize_wrapper(plan_mutator(plan, insert), lambda: stubs.unstage_all(*staged)))


def root_of(device: Any) -> Any:
    """The whole device of which this is a part."""
    while getattr(device, "parent", None) is not None:
        device = device.parent
    return device


@wrapper
def set_run_key_wrapper(plan: Any, run: Any) -> Plan:
    """Let all messages of `plan` belong to the run with key `run`, unless they say otherwise."""
    if run is None:
        raise PlanError("a run key cannot be None: None stands for the plan's only run")
    return msg_mutator(plan, lambda msg: msg._replace(run=run) if msg.run is None else msg)


@wrapper
def inject_md_wrapper(plan: Any, md: Mapping[str, Any]) -> Plan:
    """Add metadata to each run that `plan` opens; its own come first."""

    def add(msg: Msg) -> Msg:
        return msg._replace(kwargs={**md, **msg.kwargs}) if msg.command == "open_run" else msg

    return msg_mutator(plan, add)


# ---- changing messages ---------------------------------------------------------------------------


@wrapper
def msg_mutator(plan: Any, change: Callable[[Msg], Msg | None]) -> Plan:
    """Send ``change(msg)`` in place of each message; None leaves it out, and the plan is answered None."""
    inner = as_plan(plan)
    answer: Any = None
    error: BaseException | None = None
    while True:
        try:
            msg = inner.send(answer) if error is None else inner.throw(error)
        except StopIteration as end:
            return end.value
        answer = error = None
        changed = change(msg)
        if changed is None:
            continue
        try:
            answer = yield changed
        except GeneratorExit:
            inner.close()
            raise
        except BaseException as exc:
            error = exc


@wrapper
def plan_mutator(plan: Any, insert: Mutator) -> Plan:
    """Put plans in place of and after messages.

    Args:
        insert: ``f(msg) -> (head, tail)``. The plan `head` runs in place of the message, and what its last message
            is answered goes to the plan; `tail` runs after it; None for either leaves that out.
            Messages of head and tail are not looked at again.
    """
    inner = as_plan(plan)
    answer: Any = None
    error: BaseException | None = None
    while True:
        try:
            msg = inner.send(answer) if error is None else inner.throw(error)
        except StopIteration as end:
            return end.value
        answer = error = None
        head, tail = insert(msg)
        try:
            answer = (yield msg) if head is None else (yield from _last_answer(head))
            if tail is not None:
                yield from as_plan(tail)
        except GeneratorExit:
            inner.close()
            raise
        except BaseException as exc:
            error = exc


def _last_answer(plan: Any) -> Plan:
    """Run a plan; the answer to its last message."""
    inner = as_plan(plan)
    answer: Any = None
    error: BaseException | None = None
    while True:
        try:
            msg = inner.send(answer) if error is None else inner.throw(error)
        except StopIteration:
            return answer
        error = None
        try:
            answer = yield msg
        except GeneratorExit:
            inner.close()
            raise
        except BaseException as exc:
            error = exc


@wrapper
def stub_wrapper(plan: Any) -> Plan:
    """Run `plan` without its runs and its staging, so that it can be a part of another run; what `plan` returned."""
    left_out = {"open_run", "close_run", "stage", "unstage"}
    return msg_mutator(plan, lambda msg: None if msg.command in left_out else msg)


@wrapper
def pchain(*plans: Any) -> Plan:
    """Run plans one after the other; a tuple of what they returned."""
    results = []
    for plan in plans:
        results.append((yield from as_plan(plan)))  # noqa: PERF401  # no comprehension can yield
    return tuple(results)


@wrapper
def print_summary_wrapper(plan: Any, show: Callable[[str], object] = print) -> Plan:
    """Tell what `plan` does while it does it, a line a step; what `plan` returned.

    Args:
        plan: the plan.
        show: where the lines go.
    """

    def told(msg: Msg) -> Msg:
        if (line := summary_line(msg)) is not None:
            show(line)
        return msg

    return (yield from msg_mutator(plan, told))


def summary_line(msg: Msg) -> str | None:
    """What a message does, in a few words; None if it is of no interest to a person."""
    name = getattr(msg.obj, "name", msg.obj)
    match msg.command:
        case "open_run":
            return f"{' open run ':=^60}"
        case "close_run":
            return f"{' close run ':=^60}"
        case "set":
            return f"{name} -> {msg.args[0]}" if msg.args else f"{name} is set"
        case "stage" | "unstage" | "kickoff" | "complete" | "monitor" | "unmonitor" | "configure":
            return f"{msg.command} {name}"
        case "create":
            return f"  read into {msg.kwargs.get('name', 'primary')}"
        case "read":
            return f"    {name}"
        case "sleep":
            return f"sleep {msg.args[0]} s" if msg.args else "sleep"
        case _:
            return None


# ---- around the events ---------------------------------------------------------------------------


@wrapper
def subs_wrapper(plan: Any, subs: Any) -> Plan:
    """Send documents to `subs` while `plan` runs: a function, a list of them, or ``{name: [functions]}``."""
    tokens: list[int] = []

    def inner() -> Plan:
        for name, function in _subscriptions(subs):
            tokens.append((yield Msg("subscribe", None, function, name)))
        return (yield from as_plan(plan))

    def unsubscribe() -> Plan:
        for token in tokens:
            yield Msg("unsubscribe", None, token=token)

    return (yield from finalize_wrapper(inner(), unsubscribe))


def _subscriptions(subs: Any) -> list[tuple[str, Any]]:
    if isinstance(subs, Mapping):
        return [(name, f) for name, fs in subs.items() for f in (fs if isinstance(fs, list | tuple) else [fs])]
    return [("all", function) for function in (subs if isinstance(subs, list | tuple) else [subs])]


@wrapper
def baseline_wrapper(plan: Any, devices: Iterable[Any], name: str = "baseline") -> Plan:
    """Read `devices` once at the beginning and once at the end of each run."""
    devices = list(devices)
    if not devices:
        return (yield from as_plan(plan))

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        if msg.command == "open_run":
            return None, _one_reading(devices, name, msg.run)
        if msg.command == "close_run" and msg.kwargs.get("exit_status") in (None, "success"):
            return _then(_one_reading(devices, name, msg.run), msg), None
        return None, None

    return (yield from plan_mutator(plan, insert))


def _one_reading(devices: list[Any], name: str, run: Any) -> Plan:
    return _of_run(stubs.trigger_and_read(devices, name), run)


def _of_run(plan: Plan, run: Any) -> Plan:
    return plan if run is None else set_run_key_wrapper(plan, run)


def _then(plan: Plan, msg: Msg) -> Plan:
    yield from plan
    return (yield msg)


@wrapper
def monitor_during_wrapper(plan: Any, signals: Iterable[Any]) -> Plan:
    """Record each change of `signals` during each run of `plan`."""
    signals = list(signals)

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        if msg.command == "open_run":
            return None, _from_list(
                [Msg("monitor", signal, name=f"{signal.name}_monitor", run=msg.run) for signal in signals]
            )
        if msg.command == "close_run":
            return _from_list([*(Msg("unmonitor", signal, run=msg.run) for signal in signals), msg]), None
        return None, None

    return (yield from plan_mutator(plan, insert))


@wrapper
def fly_during_wrapper(plan: Any, flyers: Iterable[Any]) -> Plan:
    """Let `flyers` acquire during each run of `plan`, and record what they hand over at its end."""
    flyers = list(flyers)
    if not flyers:
        return (yield from as_plan(plan))

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        if msg.command == "open_run":
            return None, _of_run(stubs.kickoff_all(*flyers, group="fly_during"), msg.run)
        if msg.command == "close_run":
            return _then(_of_run(_landing(flyers), msg.run), msg), None
        return None, None

    return (yield from plan_mutator(plan, insert))


def _landing(flyers: list[Any]) -> Plan:
    yield from stubs.complete_all(*flyers, group="fly_during", wait=True)
    for flyer in flyers:
        yield from stubs.collect(flyer, return_payload=False)


# ---- around moves --------------------------------------------------------------------------------


@wrapper
def relative_set_wrapper(plan: Any, devices: Iterable[Any] | None = None) -> Plan:
    """Take the positions that `plan` sets as distances from where each device is before its first move."""
    origins: dict[int, Any] = {}
    wanted = None if devices is None else list(devices)

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        if msg.command != "set" or (wanted is not None and not any(msg.obj is device for device in wanted)):
            return None, None
        return _shifted(msg, origins), None

    return (yield from plan_mutator(plan, insert))


def _shifted(msg: Msg, origins: dict[int, Any]) -> Plan:
    if id(msg.obj) not in origins:
        origins[id(msg.obj)] = yield from stubs.setpoint(msg.obj)
    return (yield msg._replace(args=(origins[id(msg.obj)] + msg.args[0], *msg.args[1:])))


@wrapper
def reset_positions_wrapper(plan: Any, devices: Iterable[Any] | None = None) -> Plan:
    """Return the devices that `plan` moved to where they were, however it ends."""
    origins: dict[int, tuple[Any, Any]] = {}
    wanted = None if devices is None else list(devices)

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        seen = id(msg.obj) in origins
        if msg.command != "set" or seen or (wanted is not None and not any(msg.obj is device for device in wanted)):
            return None, None
        return _remembered(msg, origins), None

    def put_back() -> Plan:
        for device, origin in origins.values():
            yield Msg("set", device, origin, group="reset")
        if origins:
            yield Msg("wait", None, group="reset")

    return (yield from finalize_wrapper(plan_mutator(plan, insert), put_back))


def _remembered(msg: Msg, origins: dict[int, tuple[Any, Any]]) -> Plan:
    origins[id(msg.obj)] = (msg.obj, (yield from stubs.setpoint(msg.obj)))
    return (yield msg)


@wrapper
def configure_count_time_wrapper(plan: Any, time: float | None) -> Plan:
    """Let all detectors that `plan` triggers and that have a `count_time` count so many seconds; put it back after."""
    originals: dict[int, tuple[Any, Any]] = {}
    if time is None:
        return (yield from as_plan(plan))

    def insert(msg: Msg) -> tuple[Plan | None, Plan | None]:
        detector = msg.obj
        if msg.command not in ("trigger", "stage") or not hasattr(detector, "count_time") or id(detector) in originals:
            return None, None
        return _with_time(msg), None

    def _with_time(msg: Msg) -> Plan:
        signal = msg.obj.count_time
        originals[id(msg.obj)] = (signal, (yield from stubs.rd(signal)))
        if originals[id(msg.obj)][1] != time:
            yield Msg("set", signal, time, group="count_time")
            yield Msg("wait", None, group="count_time")
        return (yield msg)

    def put_back() -> Plan:
        for signal, original in originals.values():
            if original != time:
                yield Msg("set", signal, original, group="count_time")
        if any(original != time for _, original in originals.values()):
            yield Msg("wait", None, group="count_time")

    return (yield from finalize_wrapper(plan_mutator(plan, insert), put_back))


@wrapper
def suspend_wrapper(plan: Any, suspenders: Any) -> Plan:
    """Let `plan` wait while one of `suspenders` is tripped."""
    listed = list(suspenders) if isinstance(suspenders, Iterable) else [suspenders]

    def inner() -> Plan:
        for suspender in listed:
            yield Msg("install_suspender", None, suspender)
        return (yield from as_plan(plan))

    def remove() -> Plan:
        for suspender in listed:
            yield Msg("remove_suspender", None, suspender)

    return (yield from finalize_wrapper(inner(), remove))


@wrapper
def rewindable_wrapper(plan: Any, rewindable: bool) -> Plan:
    """Run `plan` with or without sending messages again after an interruption; put the old answer back."""
    before = yield Msg("rewindable", None, None)
    if before == rewindable:
        return (yield from as_plan(plan))

    def inner() -> Plan:
        yield Msg("rewindable", None, rewindable)
        return (yield from as_plan(plan))

    return (yield from finalize_wrapper(inner(), [Msg("rewindable", None, before)]))


# ---- all runs of a beamline ----------------------------------------------------------------------


class SupplementalData:
    """A preprocessor for the engine: what to record in every run besides what its plan reads.

    Args:
        baseline: devices read at the beginning and the end of each run.
        monitors: signals whose changes are recorded during it.
        flyers: devices that acquire by themselves during it.

    Example:
        ``RE.preprocessors.append(SupplementalData(baseline=[samx, samy]))``
    """

    def __init__(
        self, *, baseline: Iterable[Any] = (), monitors: Iterable[Any] = (), flyers: Iterable[Any] = ()
    ) -> None:
        self.baseline = list(baseline)
        self.monitors = list(monitors)
        self.flyers = list(flyers)

    def __call__(self, plan: Any) -> Plan:
        """`plan`, with these readings in each of its runs."""
        if self.flyers:
            plan = fly_during_wrapper(plan, self.flyers)
        if self.monitors:
            plan = monitor_during_wrapper(plan, self.monitors)
        return (yield from baseline_wrapper(plan, self.baseline))

    def __repr__(self) -> str:
        named = {"baseline": self.baseline, "monitors": self.monitors, "flyers": self.flyers}
        return f"SupplementalData({', '.join(f'{word}={_names(devices)}' for word, devices in named.items())})"


def _names(devices: Iterable[Any]) -> list[str]:
    return [str(getattr(device, "name", device)) for device in devices]


# ---- decorators ----------------------------------------------------------------------------------


def make_decorator(wrapped: Callable[..., Plan]) -> Callable[..., Callable[[MakePlan], MakePlan]]:
    """A decorator of functions that make plans, from a wrapper of plans."""

    @functools.wraps(wrapped)
    def with_arguments(*args: Any, **kwargs: Any) -> Callable[[MakePlan], MakePlan]:
        def decorate(function: MakePlan) -> MakePlan:
            @functools.wraps(function)
            def decorated(*inner_args: Any, **inner_kwargs: Any) -> Plan:
                return (yield from wrapped(function(*inner_args, **inner_kwargs), *args, **kwargs))

            return decorated

        return decorate

    return with_arguments


finalize_decorator = make_decorator(finalize_wrapper)
contingency_decorator = make_decorator(contingency_wrapper)
run_decorator = make_decorator(run_wrapper)
stage_decorator = make_decorator(stage_wrapper)
lazily_stage_decorator = make_decorator(lazily_stage_wrapper)
stub_decorator = make_decorator(stub_wrapper)
print_summary_decorator = make_decorator(print_summary_wrapper)
fly_during_decorator = make_decorator(fly_during_wrapper)
set_run_key_decorator = make_decorator(set_run_key_wrapper)
inject_md_decorator = make_decorator(inject_md_wrapper)
subs_decorator = make_decorator(subs_wrapper)
baseline_decorator = make_decorator(baseline_wrapper)
monitor_during_decorator = make_decorator(monitor_during_wrapper)
relative_set_decorator = make_decorator(relative_set_wrapper)
reset_positions_decorator = make_decorator(reset_positions_wrapper)
configure_count_time_decorator = make_decorator(configure_count_time_wrapper)
suspend_decorator = make_decorator(suspend_wrapper)
rewindable_decorator = make_decorator(rewindable_wrapper)
