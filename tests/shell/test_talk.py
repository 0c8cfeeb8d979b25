"""What the talk behind this console types, at the prompt, with our imports and with those of bluesky and ophyd.

Each sample is typed on the demo IOC; the table says what it shows and which test types it. Where it waited for a real
beamline, the words are ours: the addresses are those of the demo beamline, and a plan that goes on for ever is paused
by one of its documents. `tests/plans/test_talk.py` has the plans in a script.
"""

from __future__ import annotations

from importlib.util import find_spec

import pytest
from bluesky.magics import BlueskyMagics  # its class has an engine of its own

DEVICES = "Component, Device, DeviceStatus, EpicsSignal, EpicsSignalRO, PVPositioner"
OURS = {
    "devices": f"from beamshell.devices import {DEVICES}",
    "det": "from beamshell.devices.sim import det, motor, motor1",
    "plans": "from beamshell.plans import count, scan",
    "mv": "from beamshell.plans.stubs import mv",
    "bps": "import beamshell.plans.stubs as bps",
    "suspenders": "from beamshell.engine.suspenders import SuspendFloor",
    "dict": "from beamshell.store import PersistentDict",
    "table": "from beamshell.callbacks import LiveTable",
}
THEIRS = {
    "devices": f"from ophyd import {DEVICES}",
    "det": "from ophyd.sim import det, motor, motor1",
    "plans": "from bluesky.plans import count, scan",
    "mv": "from bluesky.plan_stubs import mv",
    "bps": "import bluesky.plan_stubs as bps",
    "suspenders": "from bluesky.suspenders import SuspendFloor",
    "dict": "from bluesky.utils import PersistentDict",
    "table": "from bluesky.callbacks import LiveTable",
}

SAMPLES = {
    "a stage of two motors as a Device": "test_a_device_of_two_parts_is_made_twice",
    "a random walk: read, describe, set": "test_signals_are_read_described_and_set",
    "a decay with a set of its own": "test_a_device_says_when_it_is_done",
    "a decay as a PVPositioner": "test_a_pv_positioner_tells_its_callback",
    "count and scan": "test_counts_and_a_scan_of_the_simulated_devices",
    "a count for ever": "test_a_count_for_ever_is_paused_and_stopped",
    "a plan of plans: sweep the exposure": "test_an_exposure_is_swept",
    "a plan that pauses": "test_a_plan_that_pauses_goes_on_and_is_stopped",
    "RE.resume, abort, stop, halt, state": "test_each_word_for_a_paused_plan_does_what_its_table_says",
    "a suspender": "test_a_suspender_holds_a_scan_until_the_beam_is_back",
    "metadata of one plan, of a plan's runs, of all": "test_metadata_come_from_the_call_the_plan_and_the_engine",
    "metadata in a folder": "test_metadata_are_kept_in_a_folder",
    "callbacks for one run and for all": "test_documents_go_to_a_callback_of_one_run_and_to_one_of_all",
    "a LiveTable": "test_a_live_table_shows_the_points",
    "magics": "test_motors_are_moved_by_a_magic_by_its_bare_word_and_by_a_plan",
}
"""By sample of the talk, the test that types it."""


def test_each_sample_of_the_table_is_typed_by_a_test():
    assert set(SAMPLES.values()) <= set(globals())


@pytest.fixture(params=["ours", "theirs"])
def imports(request) -> dict[str, str]:
    return OURS if request.param == "ours" else THEIRS


@pytest.fixture
def type_in(prompt, typed, imports, demo_ioc):
    """Type the imports and a cell; what it shows. Names the imports by their keys."""

    def type_cell(cell: str, *names: str) -> str:
        for name in names:
            shown = typed(imports[name])
            assert "Error" not in shown, shown
        shown = typed(cell)
        assert "Error" not in shown, shown
        return shown

    yield type_cell
    prompt.session.RE.clear_suspenders()


def runs_of(prompt, number: int) -> list:
    return list(prompt.session.runs[-number:])


def points_of(prompt, number: int) -> list[int]:
    """How many points the last runs have."""
    return [run.stop["num_events"]["primary"] for run in runs_of(prompt, number)]


# ---- devices -----------------------------------------------------------------------------------


def test_a_device_of_two_parts_is_made_twice(prompt, type_in):
    type_in(
        """
class XYStage(Device):
    x = Component(EpicsSignal, "x")
    y = Component(EpicsSignal, "y")

left_stage = XYStage("BL:sam", name="left_stage")
right_stage = XYStage("BL:sam", name="right_stage")
left_stage.wait_for_connection()
""",
        "devices",
    )
    assert set(prompt("left_stage.read()")) == {"left_stage_x", "left_stage_y"}
    assert prompt("right_stage.y.name") == "right_stage_y"


def test_signals_are_read_described_and_set(prompt, type_in):
    type_in(
        """
class RandomWalk(Device):
    x = Component(EpicsSignalRO, "x")
    dt = Component(EpicsSignal, "dt")

random_walk = RandomWalk("random_walk:", name="random_walk")
random_walk.wait_for_connection()
""",
        "devices",
    )
    assert isinstance(prompt("random_walk.x.read()")["random_walk_x"]["value"], float)
    assert prompt("random_walk.describe()")["random_walk_dt"]["dtype"] == "number"
    type_in("status = random_walk.dt.set(2)\nstatus.wait(10)")
    assert prompt("random_walk.dt.get()") == 2


def test_a_device_says_when_it_is_done(prompt, type_in):
    type_in(
        """
class Decay(Device):
    readback = Component(EpicsSignalRO, ":I")
    setpoint = Component(EpicsSignal, ":SP")
    done = Component(EpicsSignalRO, ":done")

    def set(self, setpoint):
        status = DeviceStatus(self.done)

        def callback(old_value, value, **kwargs):
            if old_value == 0 and value == 1:
                status.set_finished()
                self.done.clear_sub(callback)

        self.done.subscribe(callback)
        self.setpoint.put(setpoint)
        return status

decay = Decay("decay", name="my_decay")
decay.wait_for_connection()
status = decay.set(135)
status.wait(60)
""",
        "devices",
    )
    assert prompt("status.success")
    assert prompt("decay.readback.get()") == pytest.approx(135, rel=0.05)


def test_a_pv_positioner_tells_its_callback(prompt, type_in):
    type_in(
        """
class Decay(PVPositioner):
    readback = Component(EpicsSignalRO, ":I")
    setpoint = Component(EpicsSignal, ":SP")
    done = Component(EpicsSignalRO, ":done")

seen = []
def callback(status):
    seen.append(status)
    print("DONE:", status)

decay = Decay("decay", name="my_decay")
decay.wait_for_connection()
status = decay.set(140)
status.add_callback(callback)
status.wait(60)
""",
        "devices",
    )
    assert prompt("status.success")


# ---- plans -------------------------------------------------------------------------------------


def test_counts_and_a_scan_of_the_simulated_devices(prompt, type_in):
    type_in(
        """
RE(count([det]))
RE(count([det], num=5))
RE(count([det], num=5, delay=0.01))
RE(count([det], num=5, delay=[0.01, 0.02, 0.03, 0.04]))
RE(scan([det], motor, -10, 10, 15))
""",
        *("det", "plans"),
    )
    assert points_of(prompt, 5) == [1, 5, 5, 5, 15]


def test_a_count_for_ever_is_paused_and_stopped(prompt, type_in):
    type_in(
        """
def enough(name, doc):
    if doc["seq_num"] == 5:
        RE.request_pause()

RE(count([det], num=None), {"event": enough})
""",
        *("det", "plans"),
    )
    assert prompt("RE.state") == "paused"
    type_in("RE.stop()")
    (run,) = runs_of(prompt, 1)
    assert run.stop["exit_status"] == "success"


def test_an_exposure_is_swept(prompt, type_in, imports):
    setting = "exp" if imports is OURS else "noise_multiplier"  # the `det` of ophyd has no `exp`
    type_in(
        f"""
def sweep_exposure_time(times):
    "Multiple scans: one per exposure time setting."
    for t in times:
        yield from mv(det.{setting}, t)
        yield from scan([det], motor, -10, 10, 5)

motor.delay = 0
RE(sweep_exposure_time([0.01, 0.02, 0.03]))
""",
        *("det", "plans", "mv"),
    )
    assert points_of(prompt, 3) == [5, 5, 5]


PAUSING = """
def pausing_plan():
    while True:
        yield from count([det])
        print("Type RE.resume() to go again or RE.stop() to stop.")
        yield from bps.checkpoint()
        yield from bps.pause()

RE(pausing_plan())
"""


def test_a_plan_that_pauses_goes_on_and_is_stopped(prompt, type_in):
    shown = type_in(PAUSING, "det", "plans", "bps")
    assert "Type RE.resume() to go again" in shown
    assert "Type RE.resume() to go again" in type_in("RE.resume()")
    type_in("RE.stop()")
    assert prompt("RE.state") == "idle"


@pytest.mark.parametrize(("word", "status"), [("stop", "success"), ("abort", "abort"), ("halt", "abort")])
def test_each_word_for_a_paused_plan_does_what_its_table_says(prompt, type_in, word, status):
    type_in(
        """
def plan():
    yield from bps.open_run()
    yield from bps.checkpoint()
    yield from bps.pause()
    yield from bps.close_run()

RE(plan())
""",
        "bps",
    )
    assert prompt("RE.state") == "paused"
    type_in(f"RE.{word}()")
    assert prompt("RE.state") == "idle"
    assert runs_of(prompt, 1)[0].stop["exit_status"] == status


def test_a_suspender_holds_a_scan_until_the_beam_is_back(prompt, type_in):
    shown = type_in(
        """
beam_current = EpicsSignal("decay:SP", name="beam_current")
beam_current.wait_for_connection()
beam_current.put(1, wait=True)
sus = SuspendFloor(beam_current, 2, resume_thresh=3)
RE.install_suspender(sus)
RE.state_hook = lambda new, old: beam_current.put(10) if new == "suspending" else None
RE(scan([det], motor, 1, 5, 5))
RE.state_hook = None
""",
        *("devices", "det", "plans", "suspenders"),
    )
    assert "The conditions are good again: going on." in shown
    assert points_of(prompt, 1) == [5]


# ---- metadata, callbacks, magics ---------------------------------------------------------------


def test_metadata_come_from_the_call_the_plan_and_the_engine(prompt, type_in):
    type_in(
        """
def my_plan():
    yield from count([det], md={"purpose": "calibration"})  # one
    yield from scan([det], motor, 1, 5, 5, md={"purpose": "good data"})  # two
    yield from count([det], md={"purpose": "sanity check"})  # three

RE.md["proposal_id"] = 123456
RE.md["project"] = "fusion reactor"
RE.md["dimensions"] = (5, 3, 10)
RE(my_plan(), sample_id="A", operator="Luca")
""",
        *("det", "plans"),
    )
    starts = [run.start for run in runs_of(prompt, 3)]
    assert [start["purpose"] for start in starts] == ["calibration", "good data", "sanity check"]
    assert {(start["sample_id"], start["operator"], start["proposal_id"], start["project"]) for start in starts} == {
        ("A", "Luca", 123456, "fusion reactor")
    }
    assert list(starts[0]["dimensions"]) == [5, 3, 10]


def test_metadata_are_kept_in_a_folder(prompt, type_in, imports, tmp_path):
    if imports is THEIRS and find_spec("zict") is None:  # bluesky's own needs a package that ours does not
        imports = OURS
    prompt.names["path"] = str(tmp_path / "md")
    prompt(imports["dict"])
    type_in('RE.md = PersistentDict(path)\nRE.md["proposal_id"] = 77')
    last = prompt.session.runs[-1].scan_id
    type_in("RE(count([det]))", "det", "plans")
    (run,) = runs_of(prompt, 1)
    assert (run.start["proposal_id"], run.scan_id) == (77, last + 1)


def test_documents_go_to_a_callback_of_one_run_and_to_one_of_all(prompt, type_in):
    shown = type_in(
        """
names = []
def cb(name, doc):
    names.append(name)

RE(count([det]), print)
token = RE.subscribe(cb)
RE(count([det]))
RE(count([det]))
RE.unsubscribe(token)
""",
        *("det", "plans"),
    )
    assert shown.count("'plan_name': 'count'") == 1
    assert prompt("names") == ["start", "descriptor", "event", "stop"] * 2


def test_a_live_table_shows_the_points(type_in):
    shown = type_in("dets = [det]\nRE(scan(dets, motor, 1, 5, 5), LiveTable(dets))", "det", "plans", "table")
    for value in ("0.607", "0.135", "0.011"):
        assert value in shown


def test_motors_are_moved_by_a_magic_by_its_bare_word_and_by_a_plan(prompt, type_in):
    prompt.names["BlueskyMagics"] = BlueskyMagics
    type_in("get_ipython().register_magics(BlueskyMagics)", "det", "mv")
    for position, line in ((42, "%mov motor1 42"), (43, "mov motor1 43"), (44, "RE(mv(motor1, 44))")):
        type_in(line)
        assert prompt("motor1.position") == position
