"""The documents of a run with all that a journal may hold, and of a short one; the same each time."""

from __future__ import annotations

from typing import Any

Documents = list[tuple[str, dict[str, Any]]]
TIME = 1.7e9


def _descriptor(run: str, stream: str, keys: tuple[str, ...], **more: Any) -> dict[str, Any]:
    return {
        "uid": f"{run}-{stream}",
        "time": TIME,
        "run_start": run,
        "name": stream,
        "data_keys": {key: {"source": "sim", "dtype": "number", "shape": []} for key in keys},
        "object_keys": {key: [key] for key in keys},
        "configuration": {},
        "hints": {key: {"fields": [key]} for key in keys},
        **more,
    }


def _event(descriptor: dict[str, Any], number: int, **data: float) -> tuple[str, dict[str, Any]]:
    return "event", {
        "uid": f"{descriptor['uid']}-{number}",
        "time": TIME + number,
        "descriptor": descriptor["uid"],
        "seq_num": number,
        "data": data,
        "timestamps": dict.fromkeys(data, TIME + number),
        "filled": {},
    }


def _stop(run: str, **num_events: int) -> tuple[str, dict[str, Any]]:
    stop = {"uid": f"{run}-stop", "time": TIME + 60, "run_start": run, "exit_status": "success", "reason": ""}
    return "stop", {**stop, "num_events": num_events}


def short_run(scan_id: int = 1, time: float = TIME) -> Documents:
    """Three points of `det`, whose values are 0, 1 and 2."""
    uid = f"{scan_id:08d}-short"
    primary = _descriptor(uid, "primary", ("det",))
    events = [_event(primary, number, det=number - 1.0) for number in (1, 2, 3)]
    start = {"uid": uid, "time": time, "scan_id": scan_id, "plan_name": "scan"}
    return [("start", start), ("descriptor", primary), *events, _stop(uid, primary=3)]


def whole_run(scan_id: int = 7) -> Documents:
    """A scan of three points, the second measured twice, with a baseline, a page of events and frames in a file."""
    uid = f"{scan_id:08d}-whole"
    start = {
        "uid": uid,
        "time": TIME,
        "scan_id": scan_id,
        "plan_name": "scan",
        "command": "scan det th -1 1 3",
        "plan_form": "scan([det], th, -1, 1, 3)",
        "plan_args": {"args": ["th", -1, 1]},
        "motors": ["th"],
        "detectors": ["det"],
        "num_points": 3,
        "shape": [3],
        "extents": [[-1, 1]],
        "hints": {"dimensions": [[["th"], "primary"]]},
        "sample": "LaB6",
    }
    settings = {"det": {"data": {"det_count_time": 1.0}, "timestamps": {"det_count_time": TIME}, "data_keys": {}}}
    primary = _descriptor(uid, "primary", ("det", "th"), configuration=settings)
    baseline, flown = _descriptor(uid, "baseline", ("th",)), _descriptor(uid, "flown", ("det",))
    camera = _descriptor(uid, "cam", ("cam",))
    camera["data_keys"]["cam"] |= {"external": "STREAM:", "shape": [1, 4, 4], "dtype": "array"}
    page = {
        "uid": ["page-1", "page-2", "page-3"],
        "time": [TIME + 1, TIME + 2, TIME + 3],
        "descriptor": flown["uid"],
        "seq_num": [1, 2, 3],
        "data": {"det": [0.5, 1.0, 1.5]},
        "timestamps": {"det": [TIME, TIME, TIME]},
        "filled": {},
    }
    file = {
        "uid": "file",
        "run_start": uid,
        "data_key": "cam",
        "mimetype": "application/x-hdf5",
        "uri": "file://localhost/nowhere/cam.h5",
        "parameters": {"dataset": "/entry/data"},
    }
    frames = {
        "uid": "file/0",
        "descriptor": camera["uid"],
        "stream_resource": "file",
        "indices": {"start": 0, "stop": 3},
        "seq_nums": {"start": 1, "stop": 4},
    }
    return [
        ("start", start),
        ("descriptor", baseline),
        _event(baseline, 1, th=0.0),
        ("descriptor", primary),
        *(_event(primary, number, det=number * 1.5, th=number - 2.0) for number in (1, 2, 2, 3)),
        ("descriptor", flown),
        ("event_page", page),
        ("descriptor", camera),
        ("stream_resource", file),
        ("stream_datum", frames),
        _stop(uid, baseline=1, primary=3, flown=3, cam=3),
    ]
