"""The procedures of the field, ready-made: count, scan, rel_scan, list_scan, grid_scan.

Each checks every point against the motors' limits before anything moves, and says in the start document
what it is going to do. Detectors come first; `num` is a number of points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from beamshell.errors import PlanError
from beamshell.messages import Msg, Plan
from beamshell.plans import patterns, stubs
from beamshell.plans.preprocessors import finalize_wrapper, run_wrapper, stage_wrapper

Metadata = Mapping[str, Any] | None
PerStep = Callable[..., Plan] | None
PATTERNS = "beamshell.plans.patterns"


def count(
    detectors: Any,
    num: int | None = 1,
    delay: float | Iterable[float] | None = None,
    *,
    per_shot: Callable[[Sequence[Any]], Plan] | None = None,
    md: Metadata = None,
) -> Plan:
    """Take one or more readings of detectors; the run's uid.

    Args:
        detectors: a list of readable devices.
        num: how many readings; None goes on until it is stopped.
        delay: seconds from one reading's start to the next one's; a number, or an iterable with one for each gap.
        per_shot: ``f(detectors)``, a plan for one reading.
        md: metadata of the run.

    Example:
        ``RE(count([det], num=5, delay=1))``
    """
    detectors = as_devices(detectors)
    if num is not None:
        num = patterns.whole_number(num)
    start = {
        "detectors": names(detectors),
        "num_points": num,
        "num_intervals": None if num is None else num - 1,
        "plan_args": {"detectors": shown(detectors), "num": num, "delay": _plain(delay)},
        "plan_name": "count",
        "hints": {"dimensions": [(("time",), "primary")]},
        **(md or {}),
    }
    shot = per_shot or stubs.one_shot
    readings = stubs.repeat(lambda: shot(detectors), num, delay)
    return (yield from stage_wrapper(run_wrapper(readings, md=start), detectors))


def scan(detectors: Any, *args: Any, num: int | None = None, per_step: PerStep = None, md: Metadata = None) -> Plan:
    """Step one or more motors together from start to stop, reading at each point; the run's uid.

    Args:
        detectors: a list of readable devices.
        args: motor, start, stop, motor, start, stop ... and, if `num` is not given by name, the number of points.
        num: the number of points, both ends included.
        per_step: ``f(detectors, step, pos_cache)``, a plan for one point.
        md: metadata of the run.

    Example:
        ``RE(scan([det], th, -1, 1, 21))``
    """
    motors, num = _lines(args, num)
    axes = [(motor, patterns.positions(start, stop, num)) for motor, start, stop in motors]
    facts = _line_facts("scan", detectors, num, motors, per_step)
    return (yield from _visit(detectors, patterns.together(axes), per_step, {**facts, **(md or {})}))


def rel_scan(detectors: Any, *args: Any, num: int | None = None, per_step: PerStep = None, md: Metadata = None) -> Plan:
    """As `scan`, from where the motors are; they return there at the end, and also if it is interrupted.

    Example:
        ``RE(rel_scan([det], th, -1, 1, 21))``
    """
    motors, num = _lines(args, num)
    axes = [(motor, patterns.positions(start, stop, num)) for motor, start, stop in motors]
    facts = _line_facts("rel_scan", detectors, num, motors, per_step)
    return (yield from _visit_and_return(detectors, patterns.together(axes), per_step, {**facts, **(md or {})}))


def list_scan(detectors: Any, *args: Any, per_step: PerStep = None, md: Metadata = None) -> Plan:
    """Visit listed positions, several motors together; the run's uid.

    Args:
        detectors: a list of readable devices.
        args: motor, [positions], motor, [positions] ... all lists of one length.
        per_step: ``f(detectors, step, pos_cache)``, a plan for one point.
        md: metadata of the run.

    Example:
        ``RE(list_scan([det], th, [0, 0.1, 0.5, 1]))``
    """
    axes, facts = _listed("list_scan", detectors, args, per_step)
    return (yield from _visit(detectors, patterns.together(axes), per_step, {**facts, **(md or {})}))


def rel_list_scan(detectors: Any, *args: Any, per_step: PerStep = None, md: Metadata = None) -> Plan:
    """As `list_scan`, from where the motors are; they return there at the end."""
    axes, facts = _listed("rel_list_scan", detectors, args, per_step)
    return (yield from _visit_and_return(detectors, patterns.together(axes), per_step, {**facts, **(md or {})}))


def grid_scan(
    detectors: Any,
    *args: Any,
    snake_axes: bool | Iterable[Any] | None = None,
    per_step: PerStep = None,
    md: Metadata = None,
) -> Plan:
    """Visit every point of a grid; the first motor is the slowest. The run's uid.

    Args:
        detectors: a list of readable devices.
        args: motor, start, stop, num, motor, start, stop, num ...
        snake_axes: True lets all but the slowest go back and forth; or a list of those that do.
        per_step: ``f(detectors, step, pos_cache)``, a plan for one point.
        md: metadata of the run.

    Example:
        ``RE(grid_scan([det], samy, 0, 1, 5, samx, 0, 2, 11, snake_axes=True))``
    """
    points, facts = _grid("grid_scan", detectors, args, snake_axes, per_step)
    return (yield from _visit(detectors, points, per_step, {**facts, **(md or {})}))


def rel_grid_scan(
    detectors: Any,
    *args: Any,
    snake_axes: bool | Iterable[Any] | None = None,
    per_step: PerStep = None,
    md: Metadata = None,
) -> Plan:
    """As `grid_scan`, around where the motors are; they return there at the end."""
    points, facts = _grid("rel_grid_scan", detectors, args, snake_axes, per_step)
    return (yield from _visit_and_return(detectors, points, per_step, {**facts, **(md or {})}))


# ---- visiting points -----------------------------------------------------------------------------


def _visit(detectors: Any, points: list[patterns.Point], per_step: PerStep, md: dict[str, Any]) -> Plan:
    """Check all points, then visit and record each; the run's uid."""
    detectors = as_devices(detectors)
    patterns.check_points(points, stubs.check)
    step = per_step or stubs.one_nd_step
    md = {"extents": patterns.extents(points), **md}

    def visit() -> Plan:
        pos_cache: dict[Any, Any] = {}
        for point in points:
            yield from step(detectors, point, pos_cache)

    return (yield from stage_wrapper(run_wrapper(visit(), md=md), [*detectors, *points[0]]))


def _visit_and_return(detectors: Any, points: list[patterns.Point], per_step: PerStep, md: dict[str, Any]) -> Plan:
    """As `_visit`, from where the motors are; they go back there however it ends."""
    origins = {}
    for motor in points[0]:
        origins[motor] = yield from stubs.setpoint(motor)

    def put_back() -> Plan:
        for motor, origin in origins.items():
            yield Msg("set", motor, origin, group="return")
        yield Msg("wait", None, group="return")

    inner = _visit(detectors, patterns.moved(points, origins), per_step, md)
    return (yield from finalize_wrapper(inner, put_back))


# ---- arguments and what the start document says of them ----------------------------------------------


def as_devices(devices: Any) -> list[Any]:
    """Devices as a list; one alone is a list of one."""
    if hasattr(devices, "read") or hasattr(devices, "name"):
        return [devices]
    return list(devices)


def names(devices: Iterable[Any]) -> list[str]:
    """The devices' names."""
    return [str(device.name) for device in devices]


def shown(devices: Iterable[Any]) -> list[str]:
    """The devices as they show themselves."""
    return [repr(device) for device in devices]


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | list | tuple) else repr(value)


def _lines(args: tuple[Any, ...], num: int | None) -> tuple[list[tuple[Any, ...]], int]:
    if num is None:
        if len(args) % 3 != 1:
            raise PlanError("how many points? scan(detectors, motor, start, stop, num)")
        *args_, num = args
        args = tuple(args_)
    triples = patterns.chunked(args, 3, "motor, start, stop, ...")
    patterns.unique(motor for motor, _, _ in triples)
    return triples, patterns.whole_number(num)


def _line_facts(
    name: str, detectors: Any, num: int, motors: list[tuple[Any, ...]], per_step: PerStep
) -> dict[str, Any]:
    devices = [motor for motor, _, _ in motors]
    flat = [repr(item) if item in devices else item for triple in motors for item in triple]
    return {
        "plan_name": name,
        "plan_args": {
            "detectors": shown(as_devices(detectors)),
            "num": num,
            "args": flat,
            "per_step": _plain(per_step),
        },
        "plan_pattern": "together",
        "plan_pattern_module": PATTERNS,
        "plan_pattern_args": {"num": num, "args": flat},
        **_common_facts(detectors, devices, num),
        "hints": _hints([fields for device in devices if (fields := _fields(device))], together=True),
    }


def _common_facts(detectors: Any, motors: list[Any], num: int) -> dict[str, Any]:
    return {
        "detectors": names(as_devices(detectors)),
        "motors": tuple(names(motors)),
        "num_points": num,
        "num_intervals": num - 1,
    }


def _fields(motor: Any) -> list[str]:
    """The keys under which a motor is recorded: its hinted ones."""
    return list((getattr(motor, "hints", None) or {}).get("fields", []))


def _hints(fields: list[list[str]], *, together: bool) -> dict[str, Any]:
    if not fields:
        return {}
    if together:  # one dimension, along which all of them change
        return {"dimensions": [([field for own in fields for field in own], "primary")]}
    return {"dimensions": [(names_, "primary") for names_ in fields], "gridding": "rectilinear"}


def _listed(
    name: str, detectors: Any, args: tuple[Any, ...], per_step: PerStep
) -> tuple[list[tuple[Any, list[Any]]], dict[str, Any]]:
    axes = [(motor, list(values)) for motor, values in patterns.chunked(args, 2, "motor, [positions], ...")]
    motors = patterns.unique(motor for motor, _ in axes)
    num = len(axes[0][1])
    if not num:
        raise PlanError(f"the list of positions of {motors[0].name} is empty")
    flat = [item for motor, values in axes for item in (repr(motor), values)]
    facts = {
        "plan_name": name,
        "plan_args": {"detectors": shown(as_devices(detectors)), "args": flat, "per_step": _plain(per_step)},
        "plan_pattern": "together",
        "plan_pattern_module": PATTERNS,
        "plan_pattern_args": {"args": flat},
        **_common_facts(detectors, motors, num),
        "hints": _hints([fields for motor in motors if (fields := _fields(motor))], together=True),
    }
    return axes, facts


def _grid(
    name: str, detectors: Any, args: tuple[Any, ...], snake_axes: Any, per_step: PerStep
) -> tuple[list[patterns.Point], dict[str, Any]]:
    quads = patterns.chunked(args, 4, "motor, start, stop, num, ...")
    motors = patterns.unique(motor for motor, *_ in quads)
    shape = tuple(patterns.whole_number(num, f"num of {motor.name}") for motor, _, _, num in quads)
    axes = [
        (motor, patterns.positions(start, stop, num)) for (motor, start, stop, _), num in zip(quads, shape, strict=True)
    ]
    snaking = patterns.snakes(motors, snake_axes)
    flat = [item for motor, *rest in quads for item in (repr(motor), *rest)]
    points = patterns.grid(axes, snaking)
    facts = {
        "plan_name": name,
        "plan_args": {"detectors": shown(as_devices(detectors)), "args": flat, "per_step": _plain(per_step)},
        "plan_pattern": "grid",
        "plan_pattern_module": PATTERNS,
        "plan_pattern_args": {"args": flat},
        **_common_facts(detectors, motors, len(points)),
        "shape": shape,
        "snaking": tuple(snaking),
        "hints": _hints([fields for motor in motors if (fields := _fields(motor))], together=False),
    }
    return points, facts
