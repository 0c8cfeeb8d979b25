"""Where the devices of a run stood, from its documents."""

from __future__ import annotations

from beamshell.views.recorded_places import RecordedPlaces


def places(documents, point=1):
    recorded = RecordedPlaces(point)
    recorded.take(documents)
    return recorded


def with_baseline(documents, **values):
    """The documents of a run with a baseline, read at its beginning and, all one further, at its end."""
    uid = documents[0][1]["uid"]
    descriptor = {
        "uid": f"{uid}-baseline",
        "run_start": uid,
        "name": "baseline",
        "data_keys": {name: {"units": "mm"} for name in values},
        "object_keys": {name: [name] for name in values},
        "configuration": {name: {"data": {f"{name}_offset": 0.5}} for name in values},
    }
    events = [
        {
            "uid": f"{uid}-{number}",
            "descriptor": descriptor["uid"],
            "seq_num": number,
            "time": 0.0,
            "data": {name: value + number - 1 for name, value in values.items()},
        }
        for number in (1, 2)
    ]
    return [documents[0], ("descriptor", descriptor), ("event", events[0]), *documents[1:], ("event", events[1])]


def test_a_scanned_motor_stood_at_the_point(make_run):
    documents = make_run(["th"], ["det"], [(0.0, 5.0), (0.5, 6.0)])
    assert places(documents).places["th"].values["th"] == 0.0
    assert places(documents, 2).places["th"].values["th"] == 0.5
    assert places(documents, 2).time is not None


def test_a_point_that_the_run_does_not_have_has_no_time(make_run):
    assert places(make_run(["th"], ["det"], [(0.0, 5.0)]), 2).time is None


def test_a_point_measured_again_counts_as_it_was_measured_last(make_run):
    documents = make_run(["th"], ["det"], [(0.0, 5.0), (0.5, 6.0), (0.75, 6.0)], numbers=[1, 2, 2])
    assert places(documents, 2).places["th"].values["th"] == 0.75


def test_what_was_read_beside_the_plan_stood_where_it_was_read_at_the_beginning(make_run):
    recorded = places(with_baseline(make_run(["th"], ["det"], [(0.0, 5.0)]), samx=3.0))
    assert recorded.places["samx"] == ({"samx": 3.0}, {"samx": "mm"}, {"samx_offset": 0.5})


def test_a_scanned_motor_stood_at_its_point_also_if_it_was_read_beside_the_plan(make_run):
    recorded = places(with_baseline(make_run(["th"], ["det"], [(0.0, 5.0)]), th=3.0))
    assert recorded.places["th"].values["th"] == 0.0
    assert next(iter(recorded.places)) == "th"


def test_an_invalid_value_is_no_place(make_run):
    documents = make_run(["th"], ["det"], [(0.0, 5.0)])
    at = next(index for index, (name, _) in enumerate(documents) if name == "event")
    uid = documents[0][1]["uid"]
    marks = {"uid": "marks", "run_start": uid, "name": "invalid_values", "data_keys": {}, "object_keys": {}}
    mark = {"stream": "primary", "point": 1, "key": "th", "event": documents[at][1]["uid"]}
    event = {"uid": "mark", "descriptor": "marks", "seq_num": 1, "time": 0.0, "data": mark}
    documents[at:at] = [("descriptor", marks), ("event", event)]
    assert "th" not in places(documents).places["th"].values
