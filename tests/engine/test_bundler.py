"""Runs, events, descriptors and monitors: every message that makes a document, and what it answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from document_rules import check
from virtual_world import VirtualDetector, VirtualMotor, VirtualSignal, VirtualSuspender, VirtualWorld

from beamshell.documents.alarms import Alarms
from beamshell.engine.plan_cursor import as_generator
from beamshell.engine.requests import PauseRequest
from beamshell.engine.state import State
from beamshell.errors import CommandTimeout, IllegalMessageSequence, PlanError
from beamshell.messages import Msg
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import run_wrapper


class Tunable(VirtualDetector):
    """A detector with a setting."""

    gain = 1
    configured = 0

    def configure(self, gain: int) -> tuple[dict[str, Any], dict[str, Any]]:
        old = self.read_configuration()
        self.gain = gain
        return old, self.read_configuration()

    def read_configuration(self) -> dict[str, Any]:
        self.configured += 1
        return {"gain": {"value": self.gain, "timestamp": 1.0}}

    def describe_configuration(self) -> dict[str, Any]:
        return {"gain": {"source": "virtual://gain", "dtype": "integer", "shape": []}}


@pytest.fixture
def world():
    world = VirtualWorld()
    yield world
    check(world.docs)


@pytest.fixture
def det(world):
    return Tunable(world)


@pytest.fixture
def motor(world):
    return VirtualMotor(world)


def docs(world: VirtualWorld, kind: str) -> list[dict[str, Any]]:
    return [doc for name, doc in world.docs if name == kind]


def outcome(world: VirtualWorld, *messages: Msg) -> list[Any]:
    """The answers to messages; the exception that one raised stands last."""
    answers: list[Any] = []

    def plan() -> Any:
        for msg in messages:
            answers.append((yield msg))

    core = world.run(plan())
    return answers if core.error is None else [*answers, core.error]


OPEN, CLOSE = Msg("open_run"), Msg("close_run")
CREATE, SAVE, DROP = Msg("create", None, name="primary"), Msg("save"), Msg("drop")


# ---- runs --------------------------------------------------------------------------------------------


def test_open_and_close_answer_with_the_uid_of_the_run(world):
    opened, closed = outcome(world, Msg("open_run", None, sample="LaB6"), Msg("close_run", None, reason="enough"))
    (start,), (stop,) = docs(world, "start"), docs(world, "stop")
    assert opened == closed == start["uid"] == stop["run_start"]
    assert (start["sample"], stop["exit_status"], stop["reason"]) == ("LaB6", "success", "enough")


@pytest.mark.parametrize("status", ["success", "fail", "abort"])
def test_a_plan_may_say_how_its_run_ended(world, status):
    outcome(world, OPEN, Msg("close_run", None, exit_status=status))
    assert docs(world, "stop")[0]["exit_status"] == status


def test_runs_at_the_same_time_are_told_apart_by_their_keys(world, det, motor):
    def event(run, device):
        return [m._replace(run=run) for m in (CREATE, Msg("read", device), SAVE)]

    outcome(
        world,
        Msg("open_run", run="a"),
        Msg("open_run", run="b"),
        *event("a", det),
        *event("b", motor),
        *event("a", det),
        Msg("close_run", run="a"),
        *event("b", motor),
        Msg("close_run", run="b"),
    )
    assert [stop["num_events"] for stop in docs(world, "stop")] == [{"primary": 2}, {"primary": 2}]
    assert [sorted(doc["data_keys"]) for doc in docs(world, "descriptor")] == [["det"], ["motor"]]


def test_two_runs_with_one_key_are_refused(world):
    *_, error = outcome(world, OPEN, OPEN)
    assert isinstance(error, IllegalMessageSequence)
    assert "close it first" in str(error)


@pytest.mark.parametrize("msg", [CLOSE, CREATE, SAVE, DROP, Msg("monitor", None), Msg("declare_stream", name="x")])
def test_without_a_run_a_message_that_needs_one_is_refused(world, msg):
    (error,) = outcome(world, msg)
    assert isinstance(error, IllegalMessageSequence)
    assert "open_run comes first" in str(error)


# ---- events ------------------------------------------------------------------------------------------


def test_read_answers_with_the_reading_inside_an_event_and_outside(world, det):
    det.motor, det.value = None, 3.0
    answers = outcome(world, Msg("read", det), OPEN, CREATE, Msg("read", det), SAVE)
    assert answers[0]["det"]["value"] == answers[3]["det"]["value"] == 3.0
    assert len(docs(world, "event")) == 1


def test_an_event_without_a_reading_leaves_nothing(world):
    outcome(world, OPEN, CREATE, SAVE, CLOSE)
    assert world.names() == ["start", "stop"]


def test_a_dropped_event_leaves_nothing_and_uses_no_number(world, det):
    outcome(world, OPEN, CREATE, Msg("read", det), DROP, CREATE, Msg("read", det), SAVE, CLOSE)
    assert [event["seq_num"] for event in docs(world, "event")] == [1]


def test_one_key_twice_in_an_event_is_refused_by_its_name(world, det):
    *_, error = outcome(world, OPEN, CREATE, Msg("read", det), Msg("read", det))
    assert isinstance(error, ValueError)
    assert "'det'" in str(error)


def test_an_event_with_other_keys_than_its_stream_is_refused_and_says_which(world, det, motor):
    *_, error = outcome(world, OPEN, CREATE, Msg("read", det), SAVE, CREATE, Msg("read", motor), SAVE)
    assert isinstance(error, PlanError)
    assert "missing here: det; new here: motor" in str(error)


def test_streams_are_numbered_each_by_itself(world, det):
    def event(stream):
        return [Msg("create", None, name=stream), Msg("read", det), SAVE]

    outcome(world, OPEN, *event("one"), *event("two"), *event("one"), CLOSE)
    assert docs(world, "stop")[0]["num_events"] == {"one": 2, "two": 1}


# ---- descriptors -------------------------------------------------------------------------------------


def test_a_declared_stream_has_its_descriptor_before_its_first_event(world, det, motor):
    def plan():
        yield from bps.declare_stream(det, motor, name="primary")
        yield from bps.sleep(5)
        yield from bps.trigger_and_read([det, motor])

    world.run(run_wrapper(plan()))
    (descriptor,) = docs(world, "descriptor")
    assert descriptor["time"] == 1.7e9
    assert set(descriptor["object_keys"]) == {"det", "motor"}
    assert descriptor["hints"] == {"det": {"fields": ["det"]}, "motor": {"fields": ["motor"]}}


def gains(world: VirtualWorld) -> list[tuple[str, int]]:
    """For each descriptor, the stream and the setting of the detector in it."""
    return [(d["name"], d["configuration"]["det"]["data"]["gain"]) for d in docs(world, "descriptor")]


def test_settings_are_read_once_for_each_descriptor_and_not_at_each_point(world, det):
    def plan():
        for stream in ("one", "two", "one", "two"):
            yield from bps.trigger_and_read([det], stream)

    world.run(run_wrapper(plan()))
    assert gains(world) == [("one", 1), ("two", 1)]
    assert det.configured == 2


def test_a_setting_that_was_changed_between_two_streams_is_recorded_in_the_second(world, det):
    """However it was changed: by a message, by hand during a pause, by another client."""

    def plan():
        yield from bps.trigger_and_read([det], "one")
        det.gain = 5
        yield from bps.trigger_and_read([det], "two")

    world.run(run_wrapper(plan()))
    assert gains(world) == [("one", 1), ("two", 5)]


def test_a_setting_that_was_changed_between_two_runs_is_recorded_in_the_second(world, det):
    def plan():
        yield from run_wrapper(bps.trigger_and_read([det]))
        det.gain = 5
        yield from run_wrapper(bps.trigger_and_read([det]))

    world.run(plan())
    assert gains(world) == [("primary", 1), ("primary", 5)]


def test_a_setting_changed_by_hand_is_in_the_new_descriptor_that_another_device_brings(world, det):
    other = Tunable(world, "other")

    def plan():
        yield from bps.trigger_and_read([det, other])
        det.gain = 5
        yield from bps.configure(other, 2)

    world.run(run_wrapper(plan()))
    assert gains(world) == [("primary", 1), ("primary", 5)]


class AskedAhead(Tunable):
    """A detector whose settings can be asked for ahead."""

    def begin_read_configuration(self) -> Any:
        self.did("ask")

        def collect() -> dict[str, Any]:
            self.did("collect")
            return self.read_configuration()

        return collect


def test_the_settings_of_all_devices_are_asked_for_before_the_first_answer(world):
    one, other = AskedAhead(world, "one"), AskedAhead(world, "other")
    one.log = other.log = []
    world.run(run_wrapper(bps.trigger_and_read([one, other])))
    assert [word for word in one.log if word in ("ask", "collect")] == ["ask", "ask", "collect", "collect"]
    assert docs(world, "descriptor")[0]["configuration"]["other"]["data"] == {"gain": 1}


class Resizable(VirtualDetector):
    """A detector whose value is an array, of as many numbers as it is configured for."""

    size = 3

    def configure(self, size: int) -> tuple[dict[str, Any], dict[str, Any]]:
        self.size = size
        return {}, {}

    def describe(self) -> dict[str, Any]:
        self.did("describe")
        return {self.name: {"source": "virtual", "dtype": "array", "shape": [self.size], "dtype_numpy": "<f8"}}

    def read(self) -> dict[str, Any]:
        return {self.name: {"value": np.zeros(self.size), "timestamp": self.world.time()}}


def shapes(world: VirtualWorld, key: str = "det") -> list[Any]:
    """The shape of a key in each descriptor."""
    return [descriptor["data_keys"][key]["shape"] for descriptor in docs(world, "descriptor")]


def test_configure_that_changes_a_shape_describes_the_device_anew(world):
    det = Resizable(world)

    def plan():
        yield from bps.trigger_and_read([det])
        yield from bps.configure(det, 5)
        yield from bps.trigger_and_read([det])

    world.run(run_wrapper(plan()))
    assert shapes(world) == [[3], [5]]
    assert world.events()[1]["descriptor"] == docs(world, "descriptor")[1]["uid"]
    assert det.log.count("describe") == 2


# ---- what a descriptor says is so --------------------------------------------------------------------------


def measured(world: VirtualWorld, device: Any, *changes: Any) -> None:
    """Measure one point after each change of the device."""

    def plan():
        for change in changes:
            change()
            yield from bps.trigger_and_read([device])

    core = world.run(run_wrapper(plan()))
    assert core.error is None


def of_size(device: Any, size: int) -> Any:
    return lambda: setattr(device, "size", size)


def test_an_array_that_is_resized_in_a_run_gets_a_descriptor_that_says_so(world):
    det = Resizable(world)
    measured(world, det, of_size(det, 3), of_size(det, 3), of_size(det, 4), of_size(det, 4))
    assert shapes(world) == [[3], [4]]
    uids = [descriptor["uid"] for descriptor in docs(world, "descriptor")]
    assert [event["descriptor"] for event in world.events()] == [uids[0], uids[0], uids[1], uids[1]]


def test_an_array_that_is_resized_again_and_again_is_described_as_one_of_variable_length(world):
    det = Resizable(world)
    measured(world, det, *(of_size(det, size) for size in (3, 4, 5, 6, 7)))
    assert shapes(world) == [[3], [4], [None]]


@pytest.mark.parametrize(
    ("values", "dtypes"),
    [
        ([0, 2.75, 3], ["integer", "number"]),
        ([1.5, 2, 2.5], ["number"]),
        ([1.0, "off", "on"], ["number", "string"]),
        ([1.0, None, 2.0], ["number"]),
    ],
)
def test_a_value_of_another_type_gets_a_descriptor_that_says_so(world, values, dtypes):
    signal = VirtualSignal(world)
    kinds = {int: "integer", float: "number", str: "string"}

    def describe():
        return {"signal": {"source": "virtual", "dtype": kinds.get(type(signal.value), "number"), "shape": []}}

    signal.describe = describe
    measured(world, signal, *((lambda value=value: setattr(signal, "value", value)) for value in values))
    assert [d["data_keys"]["signal"]["dtype"] for d in docs(world, "descriptor")] == dtypes
    assert [event["data"]["signal"] for event in world.events()] == values


def test_a_text_longer_than_described_gets_a_descriptor_that_says_so(world):
    signal = VirtualSignal(world, value="ok")
    key = {"source": "virtual", "dtype": "string", "shape": [], "dtype_numpy": "<U8"}
    signal.describe = lambda: {"signal": key}
    measured(world, signal, lambda: None, lambda: setattr(signal, "value", "the beam is off"))
    assert [d["data_keys"]["signal"]["dtype_numpy"] for d in docs(world, "descriptor")] == ["<U8", "<U40"]


def test_a_value_that_no_data_key_can_describe_does_not_bring_a_descriptor_at_each_point(world):
    signal = VirtualSignal(world, value=[[1], [1, 2]])
    signal.describe = lambda: {"signal": {"source": "virtual", "dtype": "array", "shape": [7]}}
    measured(world, signal, *[lambda: None] * 3)
    assert len(docs(world, "descriptor")) == 1


def test_a_device_that_describes_itself_wrongly_is_described_by_its_first_value(world, motor):
    motor.describe = lambda: {"motor": {"source": "virtual", "dtype": "string", "shape": [], "units": "mm"}}
    measured(world, motor, lambda: None, lambda: None)
    (descriptor,) = docs(world, "descriptor")
    assert {key: descriptor["data_keys"]["motor"][key] for key in ("dtype", "units")} == {
        "dtype": "number",
        "units": "mm",
    }


def test_a_device_that_reads_what_it_does_not_describe_is_refused(world, motor):
    motor.describe = lambda: {"other": {"source": "virtual", "dtype": "number", "shape": []}}
    core = world.run(run_wrapper(bps.trigger_and_read([motor])))
    assert str(core.error).startswith("the events of stream 'primary' must all hold the same keys: missing here: other")


@pytest.mark.parametrize(
    "plan",
    [
        lambda device: bps.trigger_and_read([device]),
        lambda device: bps.declare_stream(device, name="primary"),
        lambda device: bps.monitor(device, name="primary"),
    ],
)
def test_a_device_without_a_name_cannot_be_recorded_and_its_class_is_named(world, plan):
    core = world.run(run_wrapper(plan(VirtualSignal(world, name=""))))
    assert str(core.error) == (
        "a VirtualSignal in stream 'primary' has no name: make it as VirtualSignal(..., name='my_name')"
    )


@pytest.mark.parametrize("name", ["a/b", "../x", "a.b", "two\nlines"])
def test_a_name_that_documents_cannot_hold_is_refused_before_a_point_is_taken(world, name):
    core = world.run(run_wrapper(bps.trigger_and_read([VirtualSignal(world, name=name)])))
    assert str(core.error) == (
        f"the VirtualSignal {name!r} cannot be recorded: its name has a '/', a '.' or a line break; "
        "make it as VirtualSignal(..., name='my_name')"
    )
    assert world.events() == []


def test_a_monitored_value_of_another_type_gets_a_descriptor_that_says_so(world):
    signal = VirtualSignal(world, value=1)
    signal.describe = lambda: {"signal": {"source": "virtual", "dtype": "integer", "shape": []}}
    world.at(1, lambda: signal.change(1.5))

    def plan():
        yield from bps.monitor(signal, name="watched")
        yield from bps.sleep(2)

    world.run(run_wrapper(plan()))
    assert [d["data_keys"]["signal"]["dtype"] for d in docs(world, "descriptor")] == ["integer", "number"]
    assert [event["data"]["signal"] for event in world.events("watched")] == [1, 1.5]


# ---- alarms --------------------------------------------------------------------------------------------------


class Alarming(VirtualDetector):
    """A detector with an alarm severity."""

    severity = 0

    def read(self) -> dict[str, Any]:
        reading = super().read()[self.name]
        return {self.name: {**reading, "alarm_severity": self.severity}}


def alarms_of_events(world: VirtualWorld) -> list[tuple[str, int, dict[str, str]]]:
    """For each event, its stream, its number, and the alarms of its values."""
    descriptors = {doc["uid"]: doc for name, doc in world.docs if name == "descriptor"}
    alarms, events = Alarms(), []
    for name, doc in world.docs:
        if name == "event":
            alarms.take(descriptors[doc["descriptor"]], doc)
            events.append((descriptors[doc["descriptor"]]["name"], doc["seq_num"], dict(alarms.of(doc))))
    return [each for each in events if each[0] != "alarms"]


def test_a_value_with_an_alarm_is_marked_before_its_event(world, motor):
    det = Alarming(world)
    severities = iter([0, 3, 2, 1, -1])

    def plan():
        for severity in severities:
            det.severity = severity
            yield from bps.trigger_and_read([det, motor])

    world.run(run_wrapper(plan()))
    of_events = [{}, {"det": "INVALID"}, {"det": "MAJOR"}, {"det": "MINOR"}, {}]
    assert alarms_of_events(world) == [("primary", point, of) for point, of in enumerate(of_events, start=1)]
    mark, *_ = world.events("alarms")
    event = world.events()[1]
    about = {"stream": "primary", "point": 2, "key": "det", "severity": "INVALID", "event": event["uid"]}
    assert mark["data"] == about
    assert world.docs.index(("event", mark)) < world.docs.index(("event", event))


def test_a_point_measured_again_after_a_pause_has_the_mark_of_its_own_value(world):
    det = Alarming(world)
    det.severity = 3

    def plan():
        yield from bps.checkpoint()
        yield from bps.trigger_and_read([det])
        yield from bps.pause()

    core = world.run(run_wrapper(plan()))
    det.severity = 0
    core.resume()
    assert alarms_of_events(world) == [("primary", 1, {"det": "INVALID"}), ("primary", 1, {})]


@pytest.mark.parametrize(("number", "severity"), [(1, "MINOR"), (2, "MAJOR"), (3, "INVALID")])
def test_a_value_of_a_monitor_with_an_alarm_is_marked(world, number, severity):
    signal = VirtualSignal(world)
    signal.subscribe = lambda callback: callback(value=1.0, timestamp=5.0, severity=number)
    signal.clear_sub = lambda callback: None

    def plan():
        yield from bps.monitor(signal, name="watched")
        yield from bps.sleep(1)

    world.run(run_wrapper(plan()))
    assert alarms_of_events(world) == [("watched", 1, {"signal": severity})]


def test_a_run_without_alarms_has_no_stream_of_them(world, det):
    world.run(run_wrapper(bps.trigger_and_read([det])))
    assert [descriptor["name"] for descriptor in docs(world, "descriptor")] == ["primary"]


def test_configure_answers_old_and_new_and_gives_its_streams_new_descriptors(world, det, motor):
    answers = []

    def plan():
        yield from bps.trigger_and_read([det])
        yield from bps.trigger_and_read([motor], "other")
        answers.append((yield from bps.configure(det, 9)))
        yield from bps.trigger_and_read([det])

    world.run(run_wrapper(plan()))
    ((old, new),) = answers
    assert (old["gain"]["value"], new["gain"]["value"]) == (1, 9)
    first, _, second = docs(world, "descriptor")
    assert (first["name"], second["name"]) == ("primary", "primary")
    assert second["configuration"]["det"]["data"] == {"gain": 9}
    events = [(event["seq_num"], event["descriptor"]) for event in world.events()]
    assert events == [(1, first["uid"]), (2, second["uid"])]


# ---- monitors ----------------------------------------------------------------------------------------


def test_a_monitor_has_a_stream_of_its_own_beside_the_points(world, det):
    signal = VirtualSignal(world)

    def plan():
        yield from bps.monitor(signal, name="watched")
        yield from bps.trigger_and_read([det])
        yield from bps.sleep(2)
        yield from bps.unmonitor(signal)
        yield from bps.sleep(2)

    for when in (1, 1.5, 3):
        world.at(when, lambda when=when: signal.change(when))
    world.run(run_wrapper(plan()))
    assert [event["data"]["signal"] for event in world.events("watched")] == [0, 1, 1.5]
    assert docs(world, "stop")[0]["num_events"] == {"watched": 3, "primary": 1}


def test_a_monitor_without_a_name_is_called_after_its_device(world):
    world.run(run_wrapper(bps.monitor(VirtualSignal(world))))
    assert [doc["name"] for doc in docs(world, "descriptor")] == ["signal_monitor"]


def test_a_device_is_monitored_once_a_run_and_unmonitored_only_then(world):
    signal = VirtualSignal(world)
    *_, twice = outcome(world, OPEN, Msg("monitor", signal), Msg("monitor", signal))
    *_, never = outcome(world, OPEN, Msg("unmonitor", signal))
    assert isinstance(twice, IllegalMessageSequence)
    assert isinstance(never, IllegalMessageSequence)
    assert signal.callbacks == []


def test_the_end_of_a_run_ends_its_monitors(world):
    signal = VirtualSignal(world)
    outcome(world, OPEN, Msg("monitor", signal), CLOSE)
    assert signal.callbacks == []


# ---- what is no document, but has an answer --------------------------------------------------------------


def test_locate_answers_one_location_or_a_list(world, motor):
    other = VirtualMotor(world, "other")
    here = {"setpoint": 0.0, "readback": 0.0}
    assert outcome(world, Msg("locate", motor)) == [here]
    assert outcome(world, Msg("locate", motor, squeeze=False)) == [[here]]
    assert outcome(world, Msg("locate", motor, other)) == [[here, here]]
    assert outcome(world, Msg("locate", None, motor, other)) == [[here, here]]


def test_wait_with_a_time_out_raises_and_names_what_is_late(world, motor):
    _, error = outcome(world, Msg("set", motor, 10, group="g"), Msg("wait", None, group="g", timeout=2))
    assert isinstance(error, TimeoutError)
    assert isinstance(error, CommandTimeout)
    assert str(error) == "not finished after 2 s: motor: set to 10"
    assert not motor.moving


def test_wait_with_a_time_out_may_answer_false_and_be_repeated(world, motor):
    wait = Msg("wait", None, group="g", timeout=6, error_on_timeout=False)
    _, first, second = outcome(world, Msg("set", motor, 10, group="g"), wait, wait)
    assert (first, second) == (False, True)
    assert world.now == 10


def test_input_answers_what_the_operator_says(world):
    assert outcome(world, Msg("input", None, prompt="which?")) == ["answer to which?"]


def test_re_class_answers_the_class_of_the_engine(world):
    core = world.interpreter(engine_class=dict)
    answers = []

    def plan():
        answers.append((yield Msg("RE_class")))

    core.start(plan())
    assert answers == [dict]


def test_rewindable_answers_and_what_is_not_rewindable_is_not_repeated(world, motor):
    def plan():
        yield Msg("rewindable", None, False)
        yield Msg("set", motor, 1, group="g")
        yield Msg("wait", None, group="g")
        yield Msg("pause")
        return (yield Msg("rewindable"))

    core = world.run(plan())
    assert core.state is State.PAUSED
    core.resume()
    assert core.result is False
    assert motor.log.count("set") == 1


def test_a_subscriber_of_a_plan_gets_documents_until_it_is_unsubscribed_or_the_call_ends(world):
    received = []

    def plan():
        token = yield Msg("subscribe", None, lambda name, doc: received.append(name), "start")
        yield from run_wrapper(bps.null())
        yield Msg("unsubscribe", None, token=token)
        yield from run_wrapper(bps.null())
        yield Msg("subscribe", None, lambda name, doc: received.append(f"second {name}"), "stop")
        yield from run_wrapper(bps.null())

    world.run(plan())
    assert received == ["start", "second stop"]
    assert world.dispatcher.listing() == ()


def test_a_plan_installs_and_removes_a_suspender(world, motor):
    beam = VirtualSuspender(world)
    beam.tripped = True
    world.at(5, lambda: beam.trip(False))
    outcome(world, Msg("install_suspender", None, beam), Msg("null"), Msg("remove_suspender", None, beam))
    assert world.now == 5
    assert world.suspenders == []


def test_stage_and_unstage_answer_what_they_did_and_nothing_for_what_has_no_stage(world, det):
    answers = outcome(world, Msg("stage", det), Msg("unstage", det), Msg("stage", object()), Msg("unstage", object()))
    assert answers == [[det], [det], [], []]


def test_stop_stops_a_device_on_its_way(world, motor):
    core = world.run([Msg("set", motor, 10, group="g"), Msg("sleep", None, 1), Msg("stop", motor), Msg("null")])
    assert motor.position == pytest.approx(1)
    assert "motor: set to 10 failed: motor: stopped" in str(core.error)


def test_trigger_of_what_cannot_be_triggered_answers_nothing(world, motor):
    assert outcome(world, Msg("trigger", motor, group="t"), Msg("wait", None, group="t")) == [None, True]


def test_after_a_cleanup_its_failures_are_raised_if_nothing_else_was(world, motor):
    motor.failing_statuses = 1
    messages = [Msg("set", motor, 1, group="g"), Msg("wait", None, group="g"), Msg("null")]
    *answers, error = outcome(world, Msg("begin_cleanup"), *messages, Msg("end_cleanup", None, raise_failures=True))
    assert len(answers) == 4
    assert isinstance(error, PlanError)
    assert "motor: set to 1 failed" in str(error)


def test_a_repeated_event_has_its_number_again_in_each_of_two_runs(world, det):
    def event(run):
        return [m._replace(run=run) for m in (CREATE, Msg("read", det), SAVE)]

    def plan():
        yield Msg("open_run", run="a")
        yield Msg("open_run", run="b")
        yield from as_generator(event("a"))
        yield Msg("checkpoint")
        yield from as_generator(event("a") + event("b"))
        yield Msg("sleep", None, 5)
        yield from as_generator(event("b"))

    world.at(1, lambda: world.post(PauseRequest(False)))
    core = world.run(plan())
    assert core.state is State.PAUSED
    core.resume()
    streams = {doc["uid"]: doc["run_start"] for doc in docs(world, "descriptor")}
    by_run: dict[str, list[int]] = {}
    for event_doc in docs(world, "event"):
        by_run.setdefault(streams[event_doc["descriptor"]], []).append(event_doc["seq_num"])
    assert list(by_run.values()) == [[1, 2, 2], [1, 1, 2]]
    assert [stop["num_events"] for stop in docs(world, "stop")] == [{"primary": 2}, {"primary": 2}]
