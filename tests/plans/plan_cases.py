"""Every plan, called once at x = 10 and y = 20: the messages that it sends, in order, and what its start document says.

Messages are written as words, ``set x 3``. `stepped` is a scan over points, each written as what is moved to it:
``"x 0 y 5"``, then ``"y 6"`` where x stays. `returning` is around it where a plan brings its motors back, and
`counting` where SPEC's count time is set and put back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from virtual_world import VirtualDetector, VirtualMotor, VirtualSignal, VirtualWorld

from beamshell import plans as bp
from beamshell.engine.requests import EndRequest, PauseRequest
from beamshell.engine.state import State
from beamshell.errors import LimitError
from beamshell.plans import stubs as bps
from beamshell.plans.environment import use_clock


class LimitedMotor(VirtualMotor):
    """A virtual motor that knows its limits without moving."""

    limits = (-100.0, 100.0)

    def check_value(self, value):
        low, high = self.limits
        if value > high:
            raise LimitError(f"{self.name}: {value:g} mm is above the limit {high:g} mm")
        if value < low:
            raise LimitError(f"{self.name}: {value:g} mm is below the limit {low:g} mm")


class VirtualFlyer:
    """Two events, this many seconds after `complete`."""

    parent = None

    def __init__(self, world, name, seconds):
        self.world, self.name, self.seconds = world, name, seconds
        self._device = VirtualMotor(world, name)

    def kickoff(self):
        return self._device.status_in(0.0)

    def complete(self):
        return self._device.status_in(self.seconds)

    def describe_collect(self):
        return {f"{self.name}_s": {self.name: {"source": "virtual", "dtype": "number", "shape": []}}}

    def collect(self):
        for i in range(2):
            yield {"data": {self.name: i}, "timestamps": {self.name: i}, "time": float(i)}

    def __repr__(self):
        return f"<{self.name}>"


def beamline() -> SimpleNamespace:
    """Motors at 10 and 20, a detector that sees x, one whose count time can be set, a signal and two flyers."""
    world = VirtualWorld()
    x, y = LimitedMotor(world, "x"), LimitedMotor(world, "y")
    x.position = x.target = 10.0
    y.position = y.target = 20.0
    det, timed = VirtualDetector(world, "det", motor=x), VirtualDetector(world, "det", motor=x)
    timed.count_time = VirtualMotor(world, "time", speed=1e6)
    timed.count_time.position = timed.count_time.target = 1.0
    flyers = [VirtualFlyer(world, "a", 2.0), VirtualFlyer(world, "b", 3.0)]
    return SimpleNamespace(world=world, x=x, y=y, det=det, timed=timed, signal=VirtualSignal(world, "T"), flyers=flyers)


# ---- messages as words ---------------------------------------------------------------------------


def words(msg: Any) -> str:
    """A message as it is written here."""
    match msg.command:
        case "set":
            return f"set {msg.obj.name} {msg.args[0]:g}"
        case "wait":
            return f"wait {msg.kwargs['group']}"
        case "create":
            return f"create {msg.kwargs['name']}"
        case "sleep":
            return f"sleep {msg.args[0]:g}"
        case _:
            return " ".join(filter(None, (msg.command, getattr(msg.obj, "name", ""))))


def with_a_peak(here):
    """The detector, which sees 400 counts at x = 1 and none beside it."""
    here.det.read = lambda: {"det": {"value": 400 * (here.x.position == 1), "timestamp": here.world.time()}}
    return here.det


def reading(motors: str = "") -> list[str]:
    """One event of the detector and these motors."""
    return ["trigger det", "wait trigger", "create primary", *_each("read", f"det {motors}"), "save"]


def in_run(devices: str, *messages: str) -> list[str]:
    """A run, these devices staged around it."""
    backwards = " ".join(reversed(devices.split()))
    return [
        *_each("stage", devices),
        "open_run",
        *messages,
        "close_run",
        "begin_cleanup",
        *_each("unstage", backwards),
        "end_cleanup",
    ]


def stepped(motors: str, *points: str) -> list[str]:
    """A scan of these motors over points."""
    return in_run(f"det {motors}", *(message for point in points for message in at(point, motors)))


def at(point: str, motors: str) -> list[str]:
    """What is done at one point."""
    return ["checkpoint", *moving(point, "move"), *reading(motors)]


def moving(point: str, group: str) -> list[str]:
    """Motors are sent to a point, and waited for."""
    moves = point.split()
    sets = [f"set {motor} {position}" for motor, position in zip(moves[::2], moves[1::2], strict=True)]
    return [*sets, f"wait {group}"]


def returning(origins: str, messages: Sequence[str]) -> list[str]:
    """A plan that sends motors back to their origins."""
    motors = " ".join(origins.split()[::2])
    return [*_each("locate", motors), *messages, "begin_cleanup", *moving(origins, "return"), "end_cleanup"]


def staying_if_it_succeeds(motor: str, messages: Sequence[str]) -> list[str]:
    """A plan that sends a motor back only if it fails or is ended early."""
    unstaging = messages.index("close_run") + 1
    return [f"locate {motor}", *messages[:unstaging], "begin_cleanup", "end_cleanup", *messages[unstaging:]]


def counting(messages: Sequence[str], seconds: str = "0.1") -> list[str]:
    """A plan of SPEC's: the detector's time is set before it is staged, and put back at the end."""
    first = messages.index("stage det")
    setting = ["read time", *moving(f"time {seconds}", "count_time")]
    back = ["begin_cleanup", *moving("time 1", "count_time"), "end_cleanup"]
    return [*messages[:first], *setting, *messages[first:], *back]


def _each(command: str, devices: str) -> list[str]:
    return [f"{command} {device}" for device in devices.split()]


# ---- start documents -----------------------------------------------------------------------------


def start(
    num: int | None = None,
    args: dict[str, Any] | None = None,
    motors: str = "x y",
    extents: Sequence[Any] | None = None,
    dimensions: Sequence[str] | None = None,
    gridding: str | None = None,
    pattern: tuple[str, dict[str, Any]] | None = None,
    module: str = "beamshell.plans.patterns",
    **more: Any,
) -> dict[str, Any]:
    """What the start document of a scan says besides its plan's name.

    Args:
        num: points; None if they are not known.
        args: the plan's arguments besides its detectors.
        motors: their names.
        extents: the lowest and highest position of each.
        dimensions: of the hints, the names of what changes along each.
        gridding: of the hints.
        pattern: how the points were made, and what of.
        module: where that function is.
        more: other keys.
    """
    document: dict[str, Any] = {"plan_args": {"detectors": ["<det>"], **(args or {})}, "detectors": ["det"], **more}
    dimensions = [motors] if dimensions is None else dimensions
    document["motors"] = tuple(motors.split())
    document["hints"] = {"dimensions": [(fields.split(), "primary") for fields in dimensions]}
    if gridding is not None:
        document["hints"]["gridding"] = gridding
    if num is not None:
        document |= {"num_points": num, "num_intervals": num - 1}
    if extents is not None:
        document["extents"] = tuple(extents)
    if pattern is not None:
        name, made_of = pattern
        document |= {"plan_pattern": name, "plan_pattern_module": module, "plan_pattern_args": made_of}
    return document


@dataclass(frozen=True)
class Case:
    """One plan.

    Attributes:
        make: the plan on a beamline.
        messages: what it sends.
        start: its start document, less what the engine adds.
        name: the plan's name, if it is not its key in the table.
        answers: what an operator says when asked.
        stopped_after: the event after which it is stopped, since it has no end.
    """

    make: Callable[[Any], Any]
    messages: list[str]
    start: dict[str, Any]
    name: str | None = None
    answers: Sequence[str] = field(default_factory=list)
    stopped_after: int | None = None


def play(case: Case, here: SimpleNamespace, pause_at: int | None = None) -> tuple[Any, list[str]]:
    """Run a plan to its end; the interpreter, and the messages.

    Args:
        case: the plan.
        here: the beamline.
        pause_at: the message, by its number, with which a pause comes; it is resumed a second later.
    """
    messages: list[str] = []
    answers = iter(case.answers)
    here.world.ask = lambda prompt: next(answers)

    def on_msg(msg: Any) -> None:
        messages.append(words(msg))
        if len(messages) - 1 == pause_at:
            here.world.post(PauseRequest(False))

    def stop(_: str, doc: dict[str, Any]) -> None:
        if doc["seq_num"] == case.stopped_after:
            here.world.post(EndRequest(State.STOPPING, ""))

    here.world.subscribe(stop, "event")
    with use_clock(here.world.clock):  # delays pass in the virtual world, too
        core = here.world.run(case.make(here), on_msg=on_msg)
        while core.state is State.PAUSED:
            here.world.pass_time(1.0)
            core.resume()
    return core, messages


# ---- the plans -----------------------------------------------------------------------------------

X, Y = "<x>", "<y>"
LINES = [X, 0, 2, Y, 5, 7]
WAYS = [X, -1, 1, Y, 0, 4]
RINGS = {"x_range": 2, "y_range": 2, "dr": 1, "nth": 4, "dr_y": None, "tilt": 0.0}
SEEDS = {"x_range": 1.5, "y_range": 1.5, "dr": 0.5, "factor": 1, "dr_y": None, "tilt": 0.0}
STEPS = {"min_step": 0.5, "max_step": 1.5, "target_delta": 5, "backstep": False, "threshold": 0.8}

ALONG_LINES = {
    "scan": Case(
        lambda h: bp.scan([h.det], h.x, 0, 2, h.y, 5, 7, 3),
        stepped("x y", "x 0 y 5", "x 1 y 6", "x 2 y 7"),
        start(
            3,
            {"num": 3, "args": LINES, "per_step": None},
            extents=[[0, 2], [5, 7]],
            pattern=("together", {"num": 3, "args": LINES}),
        ),
    ),
    "rel_scan": Case(
        lambda h: bp.rel_scan([h.det], h.x, -1, 1, h.y, 0, 4, num=3),
        returning("x 10 y 20", stepped("x y", "x 9 y 20", "x 10 y 22", "x 11 y 24")),
        start(
            3,
            {"num": 3, "args": WAYS, "per_step": None},
            extents=[[9, 11], [20, 24]],
            pattern=("together", {"num": 3, "args": WAYS}),
        ),
    ),
    "inner_product_scan": Case(
        lambda h: bp.inner_product_scan([h.det], 2, h.x, 0, 2, h.y, 5, 7),
        stepped("x y", "x 0 y 5", "x 2 y 7"),
        start(
            2,
            {"num": 2, "args": LINES, "per_step": None},
            extents=[[0, 2], [5, 7]],
            pattern=("together", {"num": 2, "args": LINES}),
        ),
    ),
    "relative_inner_product_scan": Case(
        lambda h: bp.relative_inner_product_scan([h.det], 2, h.x, -1, 1, h.y, 0, 4),
        returning("x 10 y 20", stepped("x y", "x 9 y 20", "x 11 y 24")),
        start(
            2,
            {"num": 2, "args": WAYS, "per_step": None},
            extents=[[9, 11], [20, 24]],
            pattern=("together", {"num": 2, "args": WAYS}),
        ),
    ),
    "x2x_scan": Case(
        lambda h: bp.x2x_scan([h.det], h.x, h.y, -2, 2, 3),
        returning("x 10 y 20", stepped("x y", "x 8 y 19", "x 10 y 20", "x 12 y 21")),
        start(
            3,
            {"motor1": "x", "motor2": "y", "start": -2, "stop": 2, "num": 3, "per_step": None},
            extents=[[8, 12], [19, 21]],
            pattern=("together", {"num": 3, "args": [X, -2, 2, Y, -1, 1]}),
        ),
    ),
    "log_scan": Case(
        lambda h: bp.log_scan([h.det], h.x, -1, 1, 3),
        stepped("x", "x 0.1", "x 1", "x 10"),
        start(
            3,
            {"motor": X, "start": -1, "stop": 1, "num": 3, "per_step": None},
            motors="x",
            extents=[[0.1, 10]],
            pattern=("logspace", {"start": -1, "stop": 1, "num": 3}),
            module="numpy",
        ),
    ),
    "rel_log_scan": Case(
        lambda h: bp.rel_log_scan([h.det], h.x, -1, 1, 3),
        returning("x 10", stepped("x", "x 10.1", "x 11", "x 20")),
        start(
            3,
            {"motor": X, "start": -1, "stop": 1, "num": 3, "per_step": None},
            motors="x",
            extents=[[10.1, 20]],
            pattern=("logspace", {"start": -1, "stop": 1, "num": 3}),
            module="numpy",
        ),
    ),
    "list_scan": Case(
        lambda h: bp.list_scan([h.det], h.x, [3, 1, 2], h.y, [4, 4, 5]),
        stepped("x y", "x 3 y 4", "x 1", "x 2 y 5"),
        start(
            3,
            {"args": [X, [3, 1, 2], Y, [4, 4, 5]], "per_step": None},
            extents=[[1, 3], [4, 5]],
            pattern=("together", {"args": [X, [3, 1, 2], Y, [4, 4, 5]]}),
        ),
    ),
    "rel_list_scan": Case(
        lambda h: bp.rel_list_scan([h.det], h.x, [1, 2], h.y, [0, 5]),
        returning("x 10 y 20", stepped("x y", "x 11 y 20", "x 12 y 25")),
        start(
            2,
            {"args": [X, [1, 2], Y, [0, 5]], "per_step": None},
            extents=[[11, 12], [20, 25]],
            pattern=("together", {"args": [X, [1, 2], Y, [0, 5]]}),
        ),
    ),
    "scan_nd": Case(
        lambda h: bp.scan_nd([h.det], [{h.x: 1, h.y: 2}, {h.x: 1, h.y: 4}]),
        stepped("x y", "x 1 y 2", "y 4"),
        start(
            2,
            {"cycler": [{"x": 1, "y": 2}, {"x": 1, "y": 4}], "per_step": None},
            extents=[[1, 1], [2, 4]],
            dimensions=["x", "y"],
        ),
    ),
}

GRIDS = {
    "grid_scan": Case(
        lambda h: bp.grid_scan([h.det], h.x, 0, 1, 2, h.y, 0, 2, 3, snake_axes=True),
        stepped("x y", "x 0 y 0", "y 1", "y 2", "x 1", "y 1", "y 0"),
        start(
            6,
            {"args": [X, 0, 1, 2, Y, 0, 2, 3], "per_step": None},
            extents=[[0, 1], [0, 2]],
            dimensions=["x", "y"],
            gridding="rectilinear",
            pattern=("grid", {"args": [X, 0, 1, 2, Y, 0, 2, 3]}),
            shape=(2, 3),
            snaking=(False, True),
        ),
    ),
    "rel_grid_scan": Case(
        lambda h: bp.rel_grid_scan([h.det], h.x, 0, 1, 2, h.y, 0, 2, 2),
        returning("x 10 y 20", stepped("x y", "x 10 y 20", "y 22", "x 11 y 20", "y 22")),
        start(
            4,
            {"args": [X, 0, 1, 2, Y, 0, 2, 2], "per_step": None},
            extents=[[10, 11], [20, 22]],
            dimensions=["x", "y"],
            gridding="rectilinear",
            pattern=("grid", {"args": [X, 0, 1, 2, Y, 0, 2, 2]}),
            shape=(2, 2),
            snaking=(False, False),
        ),
    ),
    "list_grid_scan": Case(
        lambda h: bp.list_grid_scan([h.det], h.x, [0, 5], h.y, [1, 9]),
        stepped("x y", "x 0 y 1", "y 9", "x 5 y 1", "y 9"),
        start(
            4,
            {"args": [X, [0, 5], Y, [1, 9]], "per_step": None},
            extents=[[0, 5], [1, 9]],
            dimensions=["x", "y"],
            pattern=("grid", {"args": [X, [0, 5], Y, [1, 9]]}),
            shape=(2, 2),
            snaking=(False, False),
        ),
    ),
    "rel_list_grid_scan": Case(
        lambda h: bp.rel_list_grid_scan([h.det], h.x, [0, 5], h.y, [1, 9], snake_axes=[h.y]),
        returning("x 10 y 20", stepped("x y", "x 10 y 21", "y 29", "x 15", "y 21")),
        start(
            4,
            {"args": [X, [0, 5], Y, [1, 9]], "per_step": None},
            extents=[[10, 15], [21, 29]],
            dimensions=["x", "y"],
            pattern=("grid", {"args": [X, [0, 5], Y, [1, 9]]}),
            shape=(2, 2),
            snaking=(False, True),
        ),
    ),
}

SPIRALS = {
    "spiral": Case(
        lambda h: bp.spiral([h.det], h.x, h.y, 5, 5, 2, 2, 1, 4),
        stepped("x y", "x 6 y 5", "x 5 y 6", "x 4 y 5", "x 5 y 4"),
        start(
            4,
            {"x_motor": X, "y_motor": Y, "x_start": 5, "y_start": 5, **RINGS, "per_step": None},
            extents=[[4, 6], [4, 6]],
            dimensions=["x", "y"],
            pattern=("spiral", RINGS),
        ),
    ),
    "rel_spiral": Case(
        lambda h: bp.rel_spiral([h.det], h.x, h.y, 2, 2, 1, 4),
        returning("x 10 y 20", stepped("x y", "x 11 y 20", "x 10 y 21", "x 9 y 20", "x 10 y 19")),
        start(
            4,
            {"x_motor": X, "y_motor": Y, **RINGS, "per_step": None},
            extents=[[9, 11], [19, 21]],
            dimensions=["x", "y"],
            pattern=("spiral", RINGS),
        ),
    ),
    "spiral_fermat": Case(
        lambda h: bp.spiral_fermat([h.det], h.x, h.y, 0, 0, 1.5, 1.5, 0.5, 1),
        stepped("x y", "x -0.368686 y 0.337744", "x 0.0618251 y -0.704399", "x 0.526915 y 0.687285"),
        start(
            3,
            {"x_motor": X, "y_motor": Y, "x_start": 0, "y_start": 0, **SEEDS, "per_step": None},
            extents=[[-0.3686858299055769, 0.5269150193658285], [-0.7043987890365245, 0.6872849208055626]],
            dimensions=["x", "y"],
            pattern=("fermat_spiral", SEEDS),
        ),
    ),
    "rel_spiral_fermat": Case(
        lambda h: bp.rel_spiral_fermat([h.det], h.x, h.y, 1.5, 1.5, 0.5, 1),
        returning("x 10 y 20", stepped("x y", "x 9.63131 y 20.3377", "x 10.0618 y 19.2956", "x 10.5269 y 20.6873")),
        start(
            3,
            {"x_motor": X, "y_motor": Y, **SEEDS, "per_step": None},
            extents=[[9.631314170094424, 10.526915019365829], [19.295601210963476, 20.687284920805563]],
            dimensions=["x", "y"],
            pattern=("fermat_spiral", SEEDS),
        ),
    ),
    "spiral_square": Case(
        lambda h: bp.spiral_square([h.det], h.x, h.y, 0, 0, 2, 1, 3, 2),
        stepped("y x", "y 0.5 x 0", "x 1", "y -0.5", "x 0", "x -1", "y 0.5"),
        start(
            6,
            {
                **{"x_motor": X, "y_motor": Y, "x_center": 0, "y_center": 0},
                **{"x_range": 2, "y_range": 1, "x_num": 3, "y_num": 2, "per_step": None},
            },
            extents=[[-0.5, 0.5], [-1, 1]],
            dimensions=["y", "x"],
            gridding="rectilinear_nonsequential",
            pattern=("square_spiral", {"x_num": 3, "y_num": 2}),
            shape=(2, 3),
        )
        | {"motors": ("x", "y")},
    ),
    "rel_spiral_square": Case(
        lambda h: bp.rel_spiral_square([h.det], h.x, h.y, 2, 1, 2, 2),
        returning("x 10 y 20", stepped("y x", "y 20.5 x 9", "x 11", "y 19.5", "x 9")),
        start(
            4,
            {"x_motor": X, "y_motor": Y, "x_range": 2, "y_range": 1, "x_num": 2, "y_num": 2, "per_step": None},
            extents=[[19.5, 20.5], [9, 11]],
            dimensions=["y", "x"],
            gridding="rectilinear_nonsequential",
            pattern=("square_spiral", {"x_num": 2, "y_num": 2}),
            shape=(2, 2),
        )
        | {"motors": ("x", "y")},
    ),
}

ADAPTIVE = {
    "adaptive_scan": Case(
        lambda h: bp.adaptive_scan([h.det], "det", h.x, 0, 2, 0.5, 1.5, 5, False),
        stepped("x", "x 0", "x 0.5", "x 1", "x 1.5"),
        start(None, {"target_field": "det", "motor": X, "start": 0, "stop": 2, **STEPS}, motors="x"),
    ),
    "rel_adaptive_scan": Case(
        lambda h: bp.rel_adaptive_scan([h.det], "det", h.x, -1, 1, 0.5, 1.5, 5, False),
        returning("x 10", stepped("x", "x 9", "x 9.5", "x 10", "x 10.5")),
        start(None, {"target_field": "det", "motor": X, "start": -1, "stop": 1, **STEPS}, motors="x"),
    ),
    "tune_centroid": Case(
        lambda h: bp.tune_centroid([with_a_peak(h)], "det", h.x, 0, 2, 0.5, num=3),
        staying_if_it_succeeds("x", stepped("x", "x 0", "x 1", "x 2", "x 1")),
        start(
            None,
            {
                **{"signal": "det", "motor": X, "start": 0, "stop": 2},
                **{"min_step": 0.5, "num": 3, "step_factor": 3.0, "snake": False},
            },
            motors="x",
        ),
    ),
    "tweak": Case(
        lambda h: bp.tweak(h.det, "det", h.x, 1.0),
        in_run(
            "det x",
            *["checkpoint", *reading("x"), "input", *moving("x 11", "move")],
            *["checkpoint", *reading("x"), "input", *moving("x 11.5", "move")],
            *["checkpoint", *reading("x"), "input"],
        ),
        start(motors="x") | {"plan_args": {"detector": "<det>", "target_field": "det", "motor": X, "step": 1.0}},
        answers=["", "0.5", "q"],
    ),
}


def counted(num: int | None, args: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The start document of a count, less its name."""
    return {
        "plan_args": {"detectors": ["<det>"], **args},
        "detectors": ["det"],
        "num_points": num,
        "num_intervals": None if num is None else num - 1,
        "hints": {"dimensions": [(("time",), "primary")]},
        **more,
    }


SHOT = ["checkpoint", "checkpoint", *reading()]
WITHOUT_MOTORS = {
    "count": Case(
        lambda h: bp.count([h.det], 3, delay=[0.5, 0.25]),
        in_run("det", *SHOT, "sleep 0.4", *SHOT, "sleep 0.15", *SHOT),
        counted(3, {"num": 3, "delay": [0.5, 0.25]}),
    ),
    "fly": Case(
        lambda h: bp.fly(h.flyers),
        [
            "open_run",
            *["kickoff a", "kickoff b", "wait kickoff"],
            *["complete a", "complete b", "wait complete"],
            *["collect a", "collect b"],
            "close_run",
        ],
        {"plan_args": {"flyers": ["a", "b"]}, "flyers": ["a", "b"]},
    ),
    "ramp_plan": Case(
        lambda h: bp.ramp_plan(bps.abs_set(h.y, 20.25), h.signal, lambda: bps.trigger_and_read([h.det])),
        [
            *["rewindable", "rewindable", "open_run", "monitor T", *reading(), "set y 20.25"],
            *["wait ramp", *reading(), "sleep 0"] * 3,
            *["wait ramp", *reading(), "begin_cleanup", "unmonitor T", "end_cleanup"],
            *["close_run", "begin_cleanup", "rewindable", "end_cleanup"],
        ],
        {},
    ),
    "loopscan": Case(
        lambda h: bp.loopscan(2, 0.1, detectors=[h.timed]),
        counting(in_run("det", *SHOT, *SHOT)),
        counted(2, {"npoints": 2, "time": 0.1}, count_time=0.1),
    ),
    "timescan": Case(
        lambda h: bp.timescan(0.1, 0.4, detectors=[h.timed]),
        counting(in_run("det", *SHOT, "sleep 0.4", *SHOT)),
        counted(None, {"time": 0.1, "sleep": 0.4}, count_time=0.1),
        stopped_after=2,
    ),
}

ONE = {"motor": X, "start": -1, "finish": 1, "intervals": 2, "time": 0.1}
TWO = {"motor1": X, "start1": -1, "finish1": 1, "motor2": Y, "start2": 0, "finish2": 4, "intervals": 2, "time": 0.1}
MESH = {
    **{"motor1": Y, "start1": 0, "finish1": 2, "intervals1": 2},
    **{"motor2": X, "start2": 0, "finish2": 1, "intervals2": 1, "time": 0.1},
}


def spec_line(args: dict[str, Any], extents: Sequence[Any], lines: Sequence[Any], motors: str = "x") -> dict[str, Any]:
    """The start document of a scan of SPEC's along lines, of two intervals."""
    pattern = ("together", {"num": 3, "args": lines})
    return start(3, args, motors=motors, extents=extents, pattern=pattern, intervals=2, count_time=0.1)


def spec_mesh(extents: Sequence[Any]) -> dict[str, Any]:
    """The start document of a mesh of SPEC's."""
    return start(
        6,
        MESH,
        extents=extents,
        dimensions=["x", "y"],
        gridding="rectilinear",
        pattern=("grid", {"args": [X, 0, 1, 2, Y, 0, 2, 3]}),
        shape=(2, 3),
        snaking=(False, False),
        count_time=0.1,
    )


SPEC = {
    "ascan": Case(
        lambda h: bp.ascan(h.x, -1, 1, 2, 0.1, detectors=[h.timed]),
        counting(stepped("x", "x -1", "x 0", "x 1")),
        spec_line(ONE, [[-1, 1]], [X, -1, 1]),
    ),
    "dscan": Case(
        lambda h: bp.dscan(h.x, -1, 1, 2, 0.1, detectors=[h.timed]),
        counting(returning("x 10", stepped("x", "x 9", "x 10", "x 11"))),
        spec_line(ONE, [[9, 11]], [X, -1, 1]),
    ),
    "lup": Case(
        lambda h: bp.lup(h.x, -1, 1, 2, 0.1, detectors=[h.timed]),
        counting(returning("x 10", stepped("x", "x 9", "x 10", "x 11"))),
        spec_line(ONE, [[9, 11]], [X, -1, 1]),
        name="dscan",
    ),
    "a2scan": Case(
        lambda h: bp.a2scan(h.x, -1, 1, h.y, 0, 4, 2, 0.1, detectors=[h.timed]),
        counting(stepped("x y", "x -1 y 0", "x 0 y 2", "x 1 y 4")),
        spec_line(TWO, [[-1, 1], [0, 4]], WAYS, motors="x y"),
    ),
    "d2scan": Case(
        lambda h: bp.d2scan(h.x, -1, 1, h.y, 0, 4, 2, 0.1, detectors=[h.timed]),
        counting(returning("x 10 y 20", stepped("x y", "x 9 y 20", "x 10 y 22", "x 11 y 24"))),
        spec_line(TWO, [[9, 11], [20, 24]], WAYS, motors="x y"),
    ),
    "th2th": Case(
        lambda h: bp.th2th(h.x, h.y, -2, 2, 2, 0.1, detectors=[h.timed]),
        counting(returning("x 10 y 20", stepped("x y", "x 8 y 19", "x 10 y 20", "x 12 y 21"))),
        spec_line(
            {"tth": X, "th": Y, "start": -2, "finish": 2, "intervals": 2, "time": 0.1},
            [[8, 12], [19, 21]],
            [X, -2, 2, Y, -1, 1],
            motors="x y",
        ),
    ),
    "mesh": Case(
        lambda h: bp.mesh(h.y, 0, 2, 2, h.x, 0, 1, 1, 0.1, detectors=[h.timed]),
        counting(stepped("x y", "x 0 y 0", "y 1", "y 2", "x 1 y 0", "y 1", "y 2")),
        spec_mesh([[0, 1], [0, 2]]),
    ),
    "dmesh": Case(
        lambda h: bp.dmesh(h.y, 0, 2, 2, h.x, 0, 1, 1, 0.1, detectors=[h.timed]),
        counting(returning("x 10 y 20", stepped("x y", "x 10 y 20", "y 21", "y 22", "x 11 y 20", "y 21", "y 22"))),
        spec_mesh([[10, 11], [20, 22]]),
    ),
    "lineup": Case(
        lambda h: bp.lineup(h.x, -1, 1, 2, 0.1, detectors=[h.timed], anyway=True),
        ["locate x", *counting(returning("x 10", stepped("x", "x 9", "x 10", "x 11"))), *moving("x 11", "move")],
        spec_line(ONE, [[9, 11]], [X, -1, 1]),
    ),
}

CASES = {**ALONG_LINES, **GRIDS, **SPIRALS, **ADAPTIVE, **WITHOUT_MOTORS, **SPEC}
RELATIVE = {
    name: case
    for name, case in CASES.items()
    if any(m.startswith("locate") for m in case.messages) and name != "tune_centroid"  # stays on the peak
}
