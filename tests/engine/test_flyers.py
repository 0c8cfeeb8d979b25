"""Flyers, and data that are files: what `collect` emits and answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from document_rules import check
from virtual_world import VirtualDetector, VirtualWorld

from beamshell.engine.requests import EndRequest
from beamshell.engine.state import State
from beamshell.errors import IllegalMessageSequence, PlanError
from beamshell.messages import Msg
from beamshell.plans import stubs as bps
from beamshell.plans.preprocessors import run_wrapper, set_run_key_wrapper

X = {"source": "virtual://x", "dtype": "number", "shape": []}


def partial(**data: float) -> dict[str, Any]:
    return {"data": data, "timestamps": dict.fromkeys(data, 5.0), "time": 6.0}


class Flying:
    """Hands nothing over."""

    parent = None

    def __init__(self, world: VirtualWorld, name: str = "flyer", events: tuple[dict[str, Any], ...] = ()) -> None:
        self.world, self.name, self.log = world, name, []
        self.events = list(events)
        self.described: dict[str, Any] = {"flown": {f"{name}_x": X}}

    def _did(self, what: str, seconds: float = 1.0) -> Any:
        self.log.append(what)
        return VirtualDetector(self.world).status_in(seconds)

    def prepare(self, value: Any) -> Any:
        return self._did(f"prepare {value}")

    def kickoff(self) -> Any:
        return self._did("kickoff")

    def complete(self) -> Any:
        return self._did("complete", 5.0)

    def stop(self, success: bool = False) -> None:
        self.log.append("stop")

    def describe_collect(self) -> dict[str, Any]:
        return self.described

    def read_configuration(self) -> dict[str, Any]:
        return {"speed": {"value": 2.0, "timestamp": 1.0}}

    def describe_configuration(self) -> dict[str, Any]:
        return {"speed": X}


class Flyer(Flying):
    """Hands over events, of one stream or two."""

    def collect(self) -> Any:
        self.log.append("collect")
        events, self.events = self.events, []
        yield from events


class PageFlyer(Flyer):
    """Hands over pages, though it has events too."""

    def collect_pages(self) -> Any:
        self.log.append("collect_pages")
        yield {"data": {"flyer_x": [1.0, 2.0]}, "timestamps": {"flyer_x": [5.0, 6.0]}, "time": [5.0, 6.0]}
        yield {"data": {"flyer_x": [3.0]}, "timestamps": {"flyer_x": [7.0]}, "time": [7.0]}


class FileFlyer(Flying):
    """Writes a file, whose frames it announces by the index that it is asked for."""

    def __init__(self, world: VirtualWorld, name: str, frames: int) -> None:
        super().__init__(world, name)
        self.frames, self.delivered = frames, 0
        self.described = {f"{name}_image": {"source": "file", "dtype": "array", "shape": [1, 4], "external": "STREAM:"}}

    def get_index(self) -> int:
        return self.frames

    def collect_asset_docs(self, index: int | None = None) -> Any:
        uid = f"resource of {self.name}"
        if not self.delivered:
            doc = {
                "uid": uid,
                "data_key": f"{self.name}_image",
                "mimetype": "application/x-hdf5",
                "uri": "file://localhost/x.h5",
                "parameters": {},
            }
            yield "stream_resource", doc
        upto = self.frames if index is None else index
        if upto > self.delivered:
            indices = {"start": self.delivered, "stop": upto}
            yield "stream_datum", {"uid": f"{uid}/{upto}", "stream_resource": uid, "indices": indices}
            self.delivered = upto


@pytest.fixture
def world():
    world = VirtualWorld()
    yield world
    check(world.docs)


def docs(world: VirtualWorld, kind: str) -> list[dict[str, Any]]:
    return [doc for name, doc in world.docs if name == kind]


def num_events(world: VirtualWorld) -> dict[str, int]:
    return world.docs[-1][1]["num_events"]


def fly(flyer: Any, *, collects: int = 1, **kwargs: Any) -> Any:
    yield from bps.prepare(flyer, 7, wait=True)
    yield from bps.kickoff(flyer, wait=True)
    yield from bps.complete(flyer, wait=True)
    answers = []
    for _ in range(collects):
        answers.append((yield from bps.collect(flyer, **kwargs)))
    return answers


def in_run(world: VirtualWorld, plan: Any) -> Any:
    """Run a plan inside a run; what it returns."""
    result = []

    def inner() -> Any:
        result.append((yield from plan))

    core = world.run(run_wrapper(inner()))
    if core.error is not None:
        raise core.error
    return result[0]


def test_a_flight_is_prepared_begun_ended_and_its_events_are_pages(world):
    flyer = Flyer(world, events=(partial(flyer_x=1.0), partial(flyer_x=2.0)))
    in_run(world, fly(flyer))
    assert flyer.log == ["prepare 7", "kickoff", "complete", "collect"]
    assert world.now == pytest.approx(7)
    assert world.names() == ["start", "descriptor", "event_page", "stop"]
    (page,) = docs(world, "event_page")
    assert (page["seq_num"], page["data"], page["time"]) == ([1, 2], {"flyer_x": [1.0, 2.0]}, [6.0, 6.0])
    assert docs(world, "descriptor")[0]["configuration"]["flyer"]["data"] == {"speed": 2.0}
    assert num_events(world) == {"flown": 2}


def test_events_of_another_type_or_shape_than_described_are_pages_of_their_own_under_what_is_so(world):
    values = [1.0, 2.0, "lost", "lost", np.zeros(2), np.zeros(3)]
    in_run(world, fly(Flyer(world, events=tuple(partial(flyer_x=value) for value in values))))
    described = {d["uid"]: d["data_keys"]["flyer_x"] for d in docs(world, "descriptor")}
    pages = [(described[page["descriptor"]], page["seq_num"]) for page in docs(world, "event_page")]
    assert [(key["dtype"], key["shape"], numbers) for key, numbers in pages] == [
        ("number", [], [1, 2]),
        ("string", [], [3, 4]),
        ("array", [2], [5]),
        ("array", [3], [6]),
    ]


def test_a_flyer_over_two_runs_announces_its_file_in_both(world):
    flyer = FileFlyer(world, "cam", 3)

    def plan():
        for frames in (3, 5):
            flyer.frames = frames
            yield from run_wrapper(fly(flyer))

    assert world.run(plan()).error is None
    assert [doc["run_start"] for doc in docs(world, "stream_resource")] == [s["uid"] for s in docs(world, "start")]
    assert [doc["indices"] for doc in docs(world, "stream_datum")] == [{"start": 0, "stop": 3}, {"start": 3, "stop": 5}]


def test_collect_answers_with_the_events_as_they_were_handed_over(world):
    events = (partial(flyer_x=1.0), partial(flyer_x=2.0))
    assert in_run(world, fly(Flyer(world, events=events))) == [list(events)]


def test_collect_without_payload_answers_nothing(world):
    assert in_run(world, fly(Flyer(world, events=(partial(flyer_x=1.0),)), return_payload=False)) == [None]


def test_what_comes_with_a_second_collect_is_numbered_on_under_the_same_descriptor(world):
    flyer = Flyer(world, events=(partial(flyer_x=1.0),))

    def plan():
        yield from fly(flyer)
        flyer.events = [partial(flyer_x=2.0), partial(flyer_x=3.0)]
        yield from bps.collect(flyer)

    in_run(world, plan())
    assert [page["seq_num"] for page in docs(world, "event_page")] == [[1], [2, 3]]
    assert len(docs(world, "descriptor")) == 1


def test_an_empty_collect_leaves_a_descriptor_and_no_page(world):
    assert in_run(world, fly(Flyer(world))) == [[]]
    assert world.names() == ["start", "descriptor", "stop"]


def test_pages_are_emitted_as_pages(world):
    (pages,) = in_run(world, fly(PageFlyer(world)))
    assert [page["seq_num"] for page in docs(world, "event_page")] == [[1, 2], [3]]
    assert [page["data"] for page in pages] == [{"flyer_x": [1.0, 2.0]}, {"flyer_x": [3.0]}]


def test_a_flyer_of_two_streams_fills_both(world):
    flyer = Flyer(world, events=(partial(a=1.0), partial(b=2.0), partial(a=3.0)))
    flyer.described = {"one": {"a": X}, "two": {"b": X}}
    in_run(world, fly(flyer))
    assert num_events(world) == {"one": 2, "two": 1}


def test_a_flyer_whose_description_names_no_stream_is_a_stream_of_its_name(world):
    flyer = Flyer(world, events=(partial(flyer_x=1.0),))
    flyer.described = {"flyer_x": X}
    in_run(world, fly(flyer))
    assert num_events(world) == {"flyer": 1}


def test_what_no_stream_describes_is_refused_by_its_key(world):
    with pytest.raises(PlanError, match="flyer handed over y, which none of its streams describes"):
        in_run(world, fly(Flyer(world, events=(partial(y=1.0),))))


def test_a_declared_stream_has_its_descriptor_before_the_flight(world):
    flyer = Flyer(world, events=(partial(flyer_x=1.0),))
    flyer.described = {"flyer_x": X}

    def plan():
        yield from bps.declare_stream(flyer, name="main", collect=True)
        yield from fly(flyer, name="main")

    in_run(world, plan())
    assert num_events(world) == {"main": 1}
    assert len(docs(world, "descriptor")) == 1


def test_collect_into_a_stream_that_was_not_declared_is_refused(world):
    with pytest.raises(IllegalMessageSequence, match="declare_stream first"):
        in_run(world, fly(Flyer(world), name="main"))


def test_a_flight_needs_an_open_run(world):
    flyer = Flyer(world)
    core = world.run([Msg("kickoff", flyer)])
    assert isinstance(core.error, IllegalMessageSequence)
    assert flyer.log == []


def test_a_flyer_that_nobody_collected_is_stopped_and_collected_at_the_end(world):
    flyer = Flyer(world, events=(partial(flyer_x=1.0),))
    world.at(3, lambda: world.post(EndRequest(State.ABORTING)))

    def plan():
        yield from bps.kickoff(flyer, wait=True)
        yield from bps.sleep(100)

    world.run([Msg("open_run"), *plan()])
    assert flyer.log == ["kickoff", "stop", "collect"]
    assert num_events(world) == {"flown": 1}


def test_a_flyer_under_way_is_stopped_and_collected_before_an_aborted_plan_closes_its_run(world):
    flyer = Flyer(world, events=(partial(flyer_x=1.0),))
    world.at(3, lambda: world.post(EndRequest(State.ABORTING)))
    world.run(run_wrapper(fly(flyer)))
    assert flyer.log == ["prepare 7", "kickoff", "complete", "stop", "collect"]
    assert (docs(world, "stop")[0]["exit_status"], num_events(world)) == ("abort", {"flown": 1})


def test_a_flyer_that_was_collected_on_its_way_is_stopped_and_collected_once_more(world):
    flyer = Flyer(world, events=(partial(flyer_x=1.0),))

    def plan():
        yield from bps.kickoff(flyer, wait=True)
        yield from bps.complete(flyer)
        yield from bps.collect(flyer)
        flyer.events = [partial(flyer_x=2.0)]
        raise ValueError("the plan broke")

    world.run(run_wrapper(plan()))
    assert flyer.log == ["kickoff", "complete", "collect", "stop", "collect"]
    assert num_events(world) == {"flown": 2}


def test_the_plan_may_give_the_stream_of_a_flyer_another_name(world):
    flyer = Flyer(world, events=(partial(flyer_x=1.0),))

    def plan():
        yield from bps.declare_stream(flyer, name="primary", collect=True)
        yield from fly(flyer, name="primary")

    in_run(world, plan())
    assert num_events(world) == {"primary": 1}


def test_a_flyer_of_two_streams_cannot_be_declared_as_one(world):
    flyer = Flyer(world)
    flyer.described = {"one": {"a": X}, "two": {"b": X}}
    with pytest.raises(PlanError, match="flyer describes streams one, two; only 'main' was declared"):
        in_run(world, bps.declare_stream(flyer, name="main", collect=True))


def test_a_flyer_can_fly_in_one_of_two_runs(world):
    flyer = Flyer(world, events=(partial(flyer_x=1.0),))

    def plan():
        yield Msg("open_run", run="other")
        yield from set_run_key_wrapper(fly(flyer), "flight")
        yield Msg("close_run", run="other")

    world.run(set_run_key_wrapper(run_wrapper(plan()), "flight"))
    assert [doc["num_events"] for doc in docs(world, "stop")] == [{}, {"flown": 1}]


# ---- files -------------------------------------------------------------------------------------------


def test_files_of_a_flyer_are_announced_with_the_numbers_of_their_events(world):
    flyer = FileFlyer(world, "cam", frames=3)

    def plan():
        yield from bps.declare_stream(flyer, name="main", collect=True)
        yield from fly(flyer, name="main")
        flyer.frames = 5
        yield from bps.collect(flyer, name="main")

    in_run(world, plan())
    assert [doc["seq_nums"] for doc in docs(world, "stream_datum")] == [
        {"start": 1, "stop": 4},
        {"start": 4, "stop": 6},
    ]
    assert docs(world, "stream_resource")[0]["run_start"] == world.docs[0][1]["uid"]
    assert num_events(world) == {"main": 5}


def test_flyers_that_are_collected_together_hand_over_as_much_as_the_slowest_has(world):
    quick, slow = FileFlyer(world, "quick", frames=9), FileFlyer(world, "slow", frames=4)

    def plan():
        yield from bps.declare_stream(quick, slow, name="main", collect=True)
        for flyer in (quick, slow):
            yield from bps.kickoff(flyer, wait=True)
            yield from bps.complete(flyer, wait=True)
        yield from bps.collect(quick, slow, name="main")
        slow.frames = 9
        yield from bps.collect(quick, slow, name="main")

    in_run(world, plan())
    assert [doc["seq_nums"] for doc in docs(world, "stream_datum")] == [
        {"start": 1, "stop": 5},
        {"start": 1, "stop": 5},
        {"start": 5, "stop": 10},
        {"start": 5, "stop": 10},
    ]
    assert num_events(world) == {"main": 9}


def test_flyers_are_collected_together_only_into_a_declared_stream(world):
    def plan():
        yield from bps.collect(FileFlyer(world, "one", 1), FileFlyer(world, "two", 1))

    with pytest.raises(IllegalMessageSequence, match="declare_stream for them first"):
        in_run(world, plan())


class Camera(VirtualDetector):
    """Writes one file a frame (Resource and Datum) beside its number."""

    def __init__(self, world: VirtualWorld) -> None:
        super().__init__(world, "cam", time=0.0)
        self.frame = 0
        self._ready: list[Any] = []

    def trigger(self) -> Any:
        self.frame += 1
        resource = {"uid": "r", "spec": "TIFF", "root": "/", "resource_path": "x", "resource_kwargs": {}}
        datum = {"datum_id": f"r/{self.frame}", "resource": "r", "datum_kwargs": {"point": self.frame}}
        self._ready = ([("resource", resource)] if self.frame == 1 else []) + [("datum", datum)]
        return super().trigger()

    def read(self) -> dict[str, Any]:
        return {"cam_image": {"value": f"r/{self.frame}", "timestamp": 1.0}}

    def describe(self) -> dict[str, Any]:
        return {"cam_image": {"source": "file", "dtype": "array", "shape": [2, 2], "external": "FILESTORE:"}}

    def collect_asset_docs(self) -> Any:
        ready, self._ready = self._ready, []
        yield from ready


class StreamingCamera(FileFlyer):
    """One frame a trigger, in a file that grows; no value of its own in the event."""

    def __init__(self, world: VirtualWorld) -> None:
        super().__init__(world, "cam", frames=0)

    def trigger(self) -> Any:
        self.frames += 1
        return self._did("trigger", 0.0)

    def read(self) -> dict[str, Any]:
        return {}

    def describe(self) -> dict[str, Any]:
        return self.described


def test_files_of_a_detector_are_announced_before_the_event_that_needs_them(world):
    camera = Camera(world)
    in_run(world, _points(camera, 2))
    assert world.names() == ["start", "descriptor", "resource", "datum", "event", "datum", "event", "stop"]
    assert [event["data"] for event in docs(world, "event")] == [{"cam_image": "r/1"}, {"cam_image": "r/2"}]
    assert docs(world, "event")[0]["filled"] == {"cam_image": False}
    assert docs(world, "resource")[0]["run_start"] == world.docs[0][1]["uid"]


def _points(device: Any, number: int) -> Any:
    for _ in range(number):
        yield from bps.trigger_and_read([device])


def test_a_growing_file_of_a_detector_is_announced_with_the_number_of_each_event(world):
    camera, det = StreamingCamera(world), VirtualDetector(world)

    def plan():
        for _ in range(3):
            yield from bps.trigger_and_read([camera, det])

    in_run(world, plan())
    assert [doc["seq_nums"] for doc in docs(world, "stream_datum")] == [
        {"start": number, "stop": number + 1} for number in (1, 2, 3)
    ]
    assert [(event["seq_num"], list(event["data"])) for event in docs(world, "event")] == [
        (1, ["det"]),
        (2, ["det"]),
        (3, ["det"]),
    ]
    assert num_events(world) == {"primary": 3}
