"""The plan examples of the talk that this console was built for, as they were shown."""

import pytest
from document_rules import check

from beamshell import RunEngine
from beamshell.callbacks import LiveTable
from beamshell.devices.sim import SynAxis, SynGauss
from beamshell.engine.suspenders import SuspendFloor
from beamshell.errors import RunEngineInterrupted
from beamshell.plans import count, scan
from beamshell.plans import stubs as bps
from beamshell.plans.environment import use_clock
from beamshell.plans.stubs import mv


@pytest.fixture
def motor():
    return SynAxis(name="motor")


@pytest.fixture
def det(motor):
    return SynGauss(name="det", motor=motor)


@pytest.fixture
def docs():
    return []


@pytest.fixture
def RE(docs):
    engine = RunEngine()
    engine.subscribe(lambda name, doc: docs.append((name, doc)))
    yield engine
    check(docs)


def starts(docs):
    return [doc for name, doc in docs if name == "start"]


def counts(docs):
    return [doc["num_events"].get("primary", 0) for name, doc in docs if name == "stop"]


def test_counts_once_five_times_and_with_delays(RE, docs, det):
    RE(count([det]))
    RE(count([det], num=5))
    RE(count([det], num=5, delay=0.01))
    assert counts(docs) == [1, 5, 5]


def test_delays_of_their_own_lie_between_the_points_of_a_count(RE, docs, det):
    elapsed, slept = [0.0], []

    def sleep(msg):
        if msg.command == "sleep":
            slept.append(msg.args[0])
            elapsed[0] += msg.args[0]

    RE.msg_hook = sleep
    with use_clock(lambda: elapsed[0]):  # no time passes but that of the delays
        RE(count([det], num=5, delay=[0.01, 0.02, 0.03, 0.04]))
    assert counts(docs) == [5]
    assert slept == pytest.approx([0.01, 0.02, 0.03, 0.04])


def test_a_count_for_ever_goes_on_until_it_is_interrupted(RE, docs, det):
    def interrupt(name, doc):
        if doc["seq_num"] == 20:
            RE.request_pause()

    with pytest.raises(RunEngineInterrupted):
        RE(count([det], num=None), {"event": interrupt})
    assert RE.state == "paused"
    RE.stop()
    assert counts(docs)[0] >= 20
    assert docs[-1][1]["exit_status"] == "success"


def test_a_scan_at_15_points_from_minus_10_to_10(RE, docs, det, motor):
    RE(scan([det], motor, -10, 10, 15))
    positions = [doc["data"]["motor"] for name, doc in docs if name == "event"]
    assert positions == pytest.approx([-10 + 20 * i / 14 for i in range(15)])


def test_sweep_exposure_time(RE, docs, det, motor):
    exposures = []

    def sweep_exposure_time(times):
        "Multiple scans: one per exposure time setting."
        for t in times:
            yield from mv(det.exp, t)
            exposures.append(det.exp.get())
            yield from scan([det], motor, -10, 10, 5)

    motor.delay = 0
    RE(sweep_exposure_time([0.01, 0.02, 0.03]))
    assert exposures == [0.01, 0.02, 0.03]
    assert counts(docs) == [5, 5, 5]


def test_pausing_plan_pauses_goes_again_and_stops(RE, docs, det):
    def pausing_plan():
        while True:
            yield from count([det])
            # marking where to resume from
            yield from bps.checkpoint()
            yield from bps.pause()

    with pytest.raises(RunEngineInterrupted):
        RE(pausing_plan())
    with pytest.raises(RunEngineInterrupted):
        RE.resume()
    assert RE.state == "paused"
    RE.stop()
    assert RE.state == "idle"
    assert counts(docs) == [1, 1]


def test_a_suspender_of_the_talk_lets_a_scan_pass_while_the_beam_is_there(RE, docs, det, motor):
    from beamshell.devices import Signal

    beam_current = Signal(name="beam_current", value=5.0)
    RE.install_suspender(SuspendFloor(beam_current, 2, resume_thresh=3))
    RE(scan([det], motor, 1, 5, 5))
    RE.clear_suspenders()
    assert counts(docs) == [5]


def test_my_plan_has_three_runs_with_metadata_of_their_own(RE, docs, det, motor):
    def my_plan():
        yield from count([det], md={"purpose": "calibration"})  # one
        yield from scan([det], motor, 1, 5, 5, md={"purpose": "good data"})  # two
        yield from count([det], md={"purpose": "sanity check"})  # three

    RE.md["proposal_id"] = 123456
    RE(my_plan(), sample_id="A", operator="Luca")
    assert [start["purpose"] for start in starts(docs)] == ["calibration", "good data", "sanity check"]
    assert {(start["sample_id"], start["operator"], start["proposal_id"]) for start in starts(docs)} == {
        ("A", "Luca", 123456)
    }


def test_documents_go_to_print_and_to_a_table(RE, det, motor, capsys):
    RE(count([det]), print)
    RE(scan([det], motor, 1, 5, 5), LiveTable([det]))
    output = capsys.readouterr().out
    assert output.count("'seq_num': 1") == 1
    for value in ("0.607", "0.135", "0.011"):
        assert value in output
