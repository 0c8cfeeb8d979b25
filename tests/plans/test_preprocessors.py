import inspect
from types import SimpleNamespace

import document_rules
import pytest
from virtual_world import VirtualDetector, VirtualMotor, VirtualSignal, VirtualSuspender, VirtualWorld

from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import EndRequest
from beamshell.engine.state import State
from beamshell.errors import InvalidCommand, NotConnected, PlanError, RequestAbort
from beamshell.messages import Msg
from beamshell.plans import preprocessors as bpp
from beamshell.plans import scans
from beamshell.plans import stubs as bps


@pytest.fixture
def here():
    world = VirtualWorld()
    x = VirtualMotor(world, "x")
    return SimpleNamespace(world=world, x=x, y=VirtualMotor(world, "y"), det=VirtualDetector(world, "det", motor=x))


class VirtualFlyer:
    """Three events in half a second."""

    parent = None

    def __init__(self, world, name="flyer"):
        self.world, self.name, self.log = world, name, []
        self._device = VirtualMotor(world, name)

    def kickoff(self):
        self.log.append("kickoff")
        return self._device.status_in(0.1)

    def complete(self):
        self.log.append("complete")
        return self._device.status_in(0.5)

    def describe_collect(self):
        return {f"{self.name}_s": {f"{self.name}_x": {"source": "virtual", "dtype": "number", "shape": []}}}

    def collect(self):
        self.log.append("collect")
        for i in range(3):
            yield {"data": {f"{self.name}_x": i}, "timestamps": {f"{self.name}_x": i}, "time": float(i)}


def summary(plan, *commands):
    """The messages of a plan that nobody answers, as words."""
    return [
        " ".join(str(word) for word in (msg.command, getattr(msg.obj, "name", ""), *msg.args)).strip()
        for msg in plan
        if not commands or msg.command in commands
    ]


# ---- mutators ------------------------------------------------------------------------------------


def echo(log):
    log.append((yield Msg("one")))
    log.append((yield Msg("two")))
    return "end"


def drive(plan, answers):
    """Send answers to a plan; its messages and what it returned."""
    messages, answer = [], None
    try:
        while True:
            msg = plan.send(answer)
            messages.append(msg.command)
            answer = answers[msg.command]
    except StopIteration as end:
        return messages, end.value


UNCHANGED = [
    lambda plan: bpp.msg_mutator(plan, lambda msg: msg),
    lambda plan: bpp.plan_mutator(plan, lambda msg: (None, None)),
]


def test_a_msg_mutator_changes_messages_and_hands_on_answers():
    log = []
    plan = bpp.msg_mutator(echo(log), lambda msg: msg._replace(command=msg.command.upper()))
    assert drive(plan, {"ONE": 1, "TWO": 2}) == (["ONE", "TWO"], "end")
    assert log == [1, 2]


def test_a_msg_mutator_can_leave_messages_out():
    log = []
    plan = bpp.msg_mutator(echo(log), lambda msg: None if msg.command == "one" else msg)
    assert drive(plan, {"two": 2}) == (["two"], "end")
    assert log == [None, 2]


def test_a_head_runs_in_place_of_a_message_and_its_last_answer_is_the_plans():
    log = []

    def insert(msg):
        return ([Msg("before"), msg], [Msg("after")]) if msg.command == "one" else (None, None)

    plan = bpp.plan_mutator(echo(log), insert)
    answers = {"before": "b", "one": 1, "after": "a", "two": 2}
    assert drive(plan, answers) == (["before", "one", "after", "two"], "end")
    assert log == [1, 2]


def test_messages_that_were_put_in_are_not_looked_at_again():
    plan = bpp.plan_mutator([Msg("one")], lambda msg: ([Msg("one"), Msg("one")], None))
    assert summary(plan) == ["one", "one"]


@pytest.mark.parametrize(
    "wrap", [lambda p: bpp.msg_mutator(p, lambda m: m), lambda p: bpp.plan_mutator(p, lambda m: (None, None))]
)
def test_an_exception_reaches_the_plan_within(wrap):
    record = []

    def inner():
        try:
            yield Msg("one")
        except ValueError as exc:
            record.append(str(exc))
        yield Msg("two")

    plan = wrap(inner())
    next(plan)
    assert plan.throw(ValueError("oh")).command == "two"
    assert record == ["oh"]


@pytest.mark.parametrize(
    "wrap", [lambda p: bpp.msg_mutator(p, lambda m: m), lambda p: bpp.plan_mutator(p, lambda m: (None, None))]
)
def test_closing_closes_the_plan_within(wrap):
    closed = []

    def inner():
        try:
            yield Msg("one")
        finally:
            closed.append(True)

    plan = wrap(inner())
    next(plan)
    plan.close()
    assert closed == [True]


def test_pchain_runs_plans_one_after_the_other_and_returns_all(here):
    core = here.world.run(bpp.pchain(bps.rd(here.x), lambda: bps.rd(here.y), [Msg("null")]))
    assert core.result == (0.0, 0.0, None)


# ---- around a plan -------------------------------------------------------------------------------


def failing():
    yield Msg("null")
    raise RuntimeError("broken")


def test_a_final_plan_runs_after_success_and_after_failure(here):
    here.world.run(bpp.finalize_wrapper([Msg("null")], lambda: bps.mv(here.x, 1)))
    core = here.world.run(bpp.finalize_wrapper(failing(), bps.mv(here.y, 2)))
    assert (here.x.position, here.y.position) == (1, 2)
    assert "broken" in str(core.error)


def test_a_failing_plan_can_pause_before_it_is_cleaned_up_and_does_not_fail_twice(here):
    def breaks():
        yield Msg("checkpoint")
        yield from bps.mv(here.x, 3)
        raise RuntimeError("broken")

    core = here.world.interpreter()
    plan = bpp.finalize_wrapper(breaks(), bps.mv(here.x, 1), pause_for_debug=True)
    assert not core.start(as_generator(plan))
    assert (core.state, here.x.position) == (State.PAUSED, 3)
    assert core.resume()
    assert str(core.error) == "broken"
    assert (here.x.log.count("set"), here.x.position) == (2, 1)


def test_a_contingency_pauses_before_its_clauses(here):
    record = []

    def handle(exc):
        record.append(str(exc))
        yield Msg("null")

    core = here.world.interpreter()
    core.start(as_generator(bpp.contingency_wrapper(failing(), except_plan=handle, pause_for_debug=True)))
    assert (core.state, record) == (State.PAUSED, [])
    core.resume()
    assert record == ["broken"]


def test_who_ends_a_plan_need_not_end_its_debugging_too(here):
    core = here.world.interpreter()
    here.world.at(0.5, lambda: here.world.post(EndRequest(State.ABORTING, "enough")))
    assert core.start(as_generator(bpp.finalize_wrapper(bps.sleep(1), bps.mv(here.x, 1), pause_for_debug=True)))
    assert here.x.position == 1


def test_an_engine_that_knows_no_cleanup_gets_the_steps_all_the_same(here):
    plan = bpp.finalize_wrapper(failing(), [Msg("set", here.x, 1)])
    next(plan)
    assert next(plan).command == "begin_cleanup"
    assert plan.throw(InvalidCommand("begin_cleanup")).command == "set"
    with pytest.raises(RuntimeError, match="broken"):
        next(plan)


def test_a_halted_plan_leaves_its_final_plan_out(here):
    core = here.world.interpreter()
    here.world.at(0.5, lambda: here.world.post(_halt()))
    core.start(as_generator(bpp.finalize_wrapper(bps.sleep(1), bps.mv(here.x, 1))))
    assert core.exit_status == "abort"
    assert here.x.log == []


def _halt():
    return EndRequest(State.HALTING, "")


def test_the_clauses_of_a_contingency_run_as_those_of_try():
    def clause(word):
        return lambda *_: bps.open_run({"clause": word})

    def run(plan, **kwargs):
        clauses = {"except_plan": clause("except"), "else_plan": clause("else"), "final_plan": clause("final")}
        words = []
        try:
            for msg in bpp.contingency_wrapper(plan, **clauses, **kwargs):
                if msg.command == "open_run":
                    words.append(msg.kwargs["clause"])
        except RuntimeError:
            words.append("raised")
        return words

    assert run([Msg("null")]) == ["else", "final"]
    assert run(failing()) == ["except", "final", "raised"]
    assert run(failing(), auto_raise=False) == ["except", "final"]


def test_devices_are_staged_as_they_come_and_unstaged_in_reverse(here):
    plan = bpp.stage_wrapper([Msg("null")], [here.x, here.det, here.x])
    assert summary(plan, "stage", "unstage") == ["stage x", "stage det", "unstage det", "unstage x"]


def test_a_part_is_staged_with_its_whole(here):
    part = SimpleNamespace(name="part", parent=here.det)
    assert summary(bpp.stage_wrapper([], [part]), "stage") == ["stage det"]


def test_lazily_staged_devices_are_staged_at_their_first_use(here):
    part = SimpleNamespace(name="part", parent=here.det)
    plan = bpp.lazily_stage_wrapper([Msg("set", here.x, 1), Msg("null"), Msg("read", part), Msg("read", here.det)])
    assert summary(plan) == [
        "stage x",
        "set x 1",
        "null",
        "stage det",
        "read part",
        "read det",
        "begin_cleanup",
        "unstage det",
        "unstage x",
        "end_cleanup",
    ]


def test_the_runs_of_a_stub_are_left_out(here):
    assert summary(bpp.stub_wrapper(scans.count([here.det])), "open_run", "close_run", "stage", "unstage") == []


def test_a_scan_can_be_a_part_of_another_run(here):
    core = here.world.run(bpp.run_wrapper(bpp.stub_wrapper(scans.count([here.det], 3))))
    assert core.error is None
    assert here.world.names().count("start") == 1
    assert len(here.world.events()) == 3


def test_metadata_are_added_to_each_run_and_the_runs_own_come_first(here):
    plan = bpp.pchain(scans.count([here.det]), scans.count([here.det], md={"purpose": "own"}))
    here.world.run(bpp.inject_md_wrapper(plan, {"purpose": "all", "sample": "A"}))
    starts = [doc for name, doc in here.world.docs if name == "start"]
    assert [(doc["purpose"], doc["sample"]) for doc in starts] == [("all", "A"), ("own", "A")]


def test_runs_with_keys_can_be_open_at_the_same_time(here):
    inner = bpp.set_run_key_wrapper(scans.count([here.det]), "inner")
    here.world.run(bpp.set_run_key_wrapper(bpp.run_wrapper(inner), "outer"))
    document_rules.check(here.world.docs)
    assert here.world.names()[:2] == ["start", "start"]


def test_no_key_is_no_run_key():
    with pytest.raises(PlanError, match="cannot be None"):
        bpp.set_run_key_wrapper([], None)


def test_documents_go_to_subscribers_for_as_long_as_the_plan_runs(here):
    record = []
    here.world.run(bpp.subs_wrapper(scans.count([here.det]), {"event": lambda name, doc: record.append(name)}))
    here.world.run(scans.count([here.det]))
    assert record == ["event"]


def test_a_summary_tells_how_long_a_sleep_is_as_people_say_it():
    lines = []
    list(bpp.print_summary_wrapper([Msg("sleep", None, 60.0), Msg("sleep", None, 0.25)], lines.append))
    assert lines == ["sleep 1 min 0 s", "sleep 0.25 s"]


def test_a_summary_tells_each_step(here):
    lines = []
    plan = bpp.print_summary_wrapper(scans.scan([here.det], here.x, 0, 1, 2), lines.append)
    assert here.world.run(plan).exit_status == "success"
    assert [line.strip(" =") for line in lines] == [
        "stage det",
        "stage x",
        "open run",
        *["x -> 0.0", "read into primary", "det", "x"],
        *["x -> 1.0", "read into primary", "det", "x"],
        "close run",
        "unstage x",
        "unstage det",
    ]


# ---- around the runs -----------------------------------------------------------------------------


def test_a_baseline_is_read_at_both_ends_of_a_run(here):
    here.world.run(bpp.baseline_wrapper(scans.scan([here.det], here.x, 0, 3, 2), [here.y, here.x]))
    document_rules.check(here.world.docs)
    assert [event["data"]["x"] for event in here.world.events("baseline")] == [0, 3]


def test_signals_are_monitored_during_a_run_only(here):
    signal = VirtualSignal(here.world, "ring")
    here.world.at(0.05, lambda: signal.change(7.0))
    here.world.run(bpp.monitor_during_wrapper(scans.count([here.det]), [signal]))
    document_rules.check(here.world.docs)
    assert [event["data"]["ring"] for event in here.world.events("ring_monitor")] == [0.0, 7.0]
    assert signal.callbacks == []


def test_flyers_fly_during_each_run_and_are_collected_at_its_end(here):
    flyer = VirtualFlyer(here.world)
    core = here.world.run(bpp.fly_during_wrapper(scans.count([here.det], 2), [flyer]))
    assert core.exit_status == "success", core.error
    document_rules.check(here.world.docs)
    assert flyer.log == ["kickoff", "complete", "collect"]
    assert here.world.docs[-1][1]["num_events"] == {"primary": 2, "flyer_s": 3}


def test_supplemental_data_do_all_of_it_for_every_plan(here):
    signal = VirtualSignal(here.world, "ring")
    sd = bpp.SupplementalData(baseline=[here.y], monitors=[signal], flyers=[VirtualFlyer(here.world)])
    here.world.run(sd(bpp.pchain(scans.count([here.det]), scans.count([here.det]))))
    document_rules.check(here.world.docs)
    assert [doc["num_events"] for name, doc in here.world.docs if name == "stop"] == [
        {"baseline": 2, "ring_monitor": 1, "flyer_s": 3, "primary": 1}
    ] * 2


# ---- beside the runs, of devices that do not answer --------------------------------------------------


class Losable(VirtualDetector):
    """A detector that can be off line; a read of it then fails."""

    connected = True
    answers_reads = True

    def read(self):
        if not (self.connected and self.answers_reads):
            raise NotConnected(f"{self.name}: no answer")
        return super().read()


def streams_of(world, name):
    """For each event of a stream, the keys in it."""
    return [sorted(event["data"]) for event in world.events(name)]


def supplemental(here, *baseline, monitors=(), flyers=()):
    """Supplemental data, and the lines that they report."""
    lines = []
    return bpp.SupplementalData(baseline=baseline, monitors=monitors, flyers=flyers, report=lines.append), lines


def test_a_baseline_device_that_is_offline_is_left_out_named_in_the_start_and_reported_once(here):
    temp = Losable(here.world, "temp")
    temp.connected = False
    sd, lines = supplemental(here, here.y, temp)
    core = here.world.run(sd(bpp.pchain(scans.count([here.det]), scans.count([here.det]))))
    document_rules.check(here.world.docs)
    assert core.exit_status == "success"
    starts = [doc for name, doc in here.world.docs if name == "start"]
    assert [start["not_recorded"] for start in starts] == [["temp"], ["temp"]]
    assert streams_of(here.world, "baseline") == [["y"]] * 4
    assert len(here.world.events()) == 2
    assert lines == ["not recorded beside the plan: temp: no answer"]
    assert sd.not_recorded() == ["temp"]


def test_a_baseline_device_that_is_offline_fails_no_scan_though_nobody_hears_of_it(here):
    temp = Losable(here.world, "temp")
    temp.connected = False
    core = here.world.run(bpp.SupplementalData(baseline=[here.y, temp])(scans.count([here.det])))
    assert core.exit_status == "success"
    assert len(here.world.events()) == 1


def test_a_device_that_is_still_connecting_is_waited_for(here):
    temp = Losable(here.world, "temp")
    temp.connected = False
    here.world.at(0.5, lambda: setattr(temp, "connected", True))
    sd, lines = supplemental(here, temp)
    here.world.run(sd(scans.count([here.det])))
    assert streams_of(here.world, "baseline") == [["temp"], ["temp"]]
    assert "not_recorded" not in here.world.docs[0][1]
    assert lines == []


def test_a_device_that_is_known_to_be_offline_is_not_waited_for_again(here):
    temp = Losable(here.world, "temp")
    temp.connected = False
    sd, _ = supplemental(here, temp)
    here.world.run(sd(scans.count([here.det])))
    before = here.world.now
    here.world.run(sd(scans.count([here.det])))
    assert here.world.now - before == pytest.approx(here.det.time)


def test_a_device_that_answers_again_is_recorded_and_reported_anew_when_it_is_lost(here):
    temp = Losable(here.world, "temp")
    sd, lines = supplemental(here, temp)
    for connected in (False, True, False):
        temp.connected = connected
        here.world.run(sd(scans.count([here.det])))
    assert streams_of(here.world, "baseline") == [["temp"], ["temp"]]
    assert len(lines) == 2


@pytest.mark.parametrize("loses", [True, False])
def test_a_baseline_device_that_is_lost_or_comes_back_in_the_run_changes_the_last_reading_alone(here, loses):
    temp = Losable(here.world, "temp")
    temp.connected = loses
    here.world.at(2.5, lambda: setattr(temp, "connected", not loses))
    sd, _ = supplemental(here, here.y, temp)
    core = here.world.run(sd(scans.count([here.det], 4, delay=1)))
    assert core.exit_status == "success"
    document_rules.check(here.world.docs)
    assert streams_of(here.world, "baseline") == [["temp", "y"], ["y"]][:: 1 if loses else -1]
    assert len(here.world.events()) == 4


def test_a_baseline_device_that_is_connected_and_does_not_answer_is_left_out(here):
    temp = Losable(here.world, "temp")
    temp.answers_reads = False
    sd, lines = supplemental(here, here.y, temp)
    core = here.world.run(sd(scans.count([here.det])))
    assert core.exit_status == "success"
    document_rules.check(here.world.docs)
    assert streams_of(here.world, "baseline") == [["y"], ["y"]]
    assert lines == ["not recorded beside the plan: temp: temp: no answer"]


def test_a_baseline_device_whose_settings_do_not_answer_does_not_fail_the_scan(here):
    temp = Losable(here.world, "temp")
    temp.faults["settings"] = [NotConnected("temp_gain: no answer")] * 9
    temp.read_configuration = lambda: temp.did("settings")
    sd, lines = supplemental(here, temp)
    assert here.world.run(sd(scans.count([here.det]))).exit_status == "success"
    document_rules.check(here.world.docs)
    assert streams_of(here.world, "baseline") == []
    assert lines == ["not recorded beside the plan: temp: temp_gain: no answer"]


def test_a_baseline_is_not_recorded_at_all_if_nothing_answers(here):
    temp = Losable(here.world, "temp")
    temp.connected = False
    sd, _ = supplemental(here, temp)
    here.world.run(sd(scans.count([here.det])))
    assert here.world.docs[-1][1]["num_events"] == {"primary": 1}


def test_a_monitored_signal_that_is_offline_is_left_out_and_named(here):
    ring, gas = VirtualSignal(here.world, "ring"), VirtualSignal(here.world, "gas")
    gas.connected = False
    sd, lines = supplemental(here, monitors=[ring, gas])
    core = here.world.run(sd(scans.count([here.det])))
    assert core.exit_status == "success"
    assert here.world.docs[0][1]["not_recorded"] == ["gas"]
    assert here.world.docs[-1][1]["num_events"] == {"ring_monitor": 1, "primary": 1}
    assert lines == ["not recorded beside the plan: gas: no answer"]


def test_a_flyer_beside_a_plan_that_is_offline_is_left_out_and_named(here):
    flyer = VirtualFlyer(here.world)
    flyer.connected = False
    sd, _ = supplemental(here, flyers=[flyer])
    assert here.world.run(sd(scans.count([here.det]))).exit_status == "success"
    assert here.world.docs[0][1]["not_recorded"] == ["flyer"]
    assert flyer.log == []


def test_a_detector_of_the_scan_that_is_offline_is_an_error(here):
    det = Losable(here.world, "temp")
    det.connected = False
    core = here.world.run(supplemental(here, here.y)[0](scans.count([det])))
    assert str(core.error) == "temp: no answer"


def test_an_abort_during_the_baseline_ends_the_run(here):
    temp = Losable(here.world, "temp")
    temp.faults["read"] = [RequestAbort("enough")]
    sd, _ = supplemental(here, temp)
    core = here.world.run(sd(scans.count([here.det])))
    assert (core.exit_status, core.reason) == ("abort", "enough")


# ---- around moves --------------------------------------------------------------------------------


def test_positions_are_taken_as_distances_from_where_each_device_was_first(here):
    here.x.position = here.x.target = 5.0
    plan = bpp.pchain(bps.mv(here.x, 1), bps.mv(here.x, 2), bps.mv(here.y, 3))
    here.world.run(bpp.relative_set_wrapper(plan, [here.x]))
    assert (here.x.position, here.y.position) == (7, 3)


def test_a_state_is_no_place_to_take_distances_from(here):
    here.x.locate = lambda: {"setpoint": "Open", "readback": "Open"}
    for plan in (bpp.relative_set_wrapper(bps.mv(here.x, 1)), scans.rel_scan([here.det], here.x, 0, 1, 2)):
        core = here.world.run(plan)
        assert "x is 'Open', which is no number" in str(core.error)
        assert "set" not in here.x.log


def test_devices_return_however_the_plan_ends(here):
    here.x.position = here.x.target = 5.0
    here.world.run(bpp.reset_positions_wrapper(bpp.pchain(bps.mv(here.x, 1), bps.mv(here.y, 2), failing())))
    assert (here.x.position, here.y.position) == (5, 0)


def test_a_count_time_holds_for_the_plan_and_is_put_back(here):
    signal = VirtualMotor(here.world, "det_time", speed=1e6)
    signal.position = signal.target = 1.0
    here.det.count_time = signal
    record = []
    here.det.trigger = lambda: (record.append(signal.position), here.det.status_in(0.0))[1]
    here.world.run(bpp.configure_count_time_wrapper(scans.count([here.det], 2), 0.25))
    assert record == [0.25, 0.25]
    assert signal.position == 1.0


def test_suspenders_hold_for_the_plan_only(here):
    suspender = VirtualSuspender(here.world)
    record = []

    def look():
        record.append(list(here.world.suspenders))
        yield Msg("null")

    here.world.run(bpp.suspend_wrapper(look(), suspender))
    assert (record, here.world.suspenders) == ([[suspender]], [])


def test_rewinding_is_put_back_as_it_was(here):
    def look():
        return (yield Msg("rewindable", None, None))

    core = here.world.run(bpp.pchain(bpp.rewindable_wrapper(look(), False), look()))
    assert core.result == (False, True)


def test_each_wrapper_has_a_decorator():
    wrappers = {name for name in vars(bpp) if name.endswith("_wrapper")}
    assert {name.removesuffix("_wrapper") for name in wrappers} == {
        name.removesuffix("_decorator")
        for name in vars(bpp)
        if name.endswith("_decorator") and name != "make_decorator"
    }


def test_a_decorated_plan_is_wrapped_at_each_call(here):
    @bpp.run_decorator(md={"purpose": "mine"})
    def mine(num):
        """Docstring."""
        for _ in range(num):
            yield from bps.trigger_and_read([here.det])

    assert mine.__doc__ == "Docstring."
    here.world.run(bpp.pchain(mine(1), mine(2)))
    assert [doc["num_events"]["primary"] for name, doc in here.world.docs if name == "stop"] == [1, 2]


def test_a_decorator_shows_the_arguments_that_it_takes():
    assert list(inspect.signature(bpp.run_decorator).parameters) == ["md"]
    assert list(inspect.signature(bpp.finalize_decorator).parameters) == ["final_plan", "pause_for_debug"]
    assert bpp.run_decorator.__name__ == "run_decorator"


def test_a_decorator_refuses_a_plan_which_would_clean_up_only_the_first_time(here):
    with pytest.raises(PlanError, match="finalize_decorator takes a function that makes a plan"):
        bpp.finalize_decorator(msg for msg in [Msg("null")])
