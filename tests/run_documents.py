"""Runs as documents: what the engine would send, without an engine."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

Documents = list[tuple[str, dict[str, Any]]]


def data_key(units: str = "", precision: int | None = 3, dtype: str = "number", **more: Any) -> dict[str, Any]:
    key = {"source": "sim", "dtype": dtype, "shape": [], "units": units, **more}
    return key if precision is None else {**key, "precision": precision}


@pytest.fixture
def make_run() -> Callable[..., Documents]:
    """A factory: ``make_run(["th"], ["det"], [(0.0, 5.0), ...], **start)`` gives the documents of one run."""
    scan_ids = itertools.count(1)

    def make(
        motors: Sequence[str],
        dets: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        keys: dict[str, Any] | None = None,
        numbers: Sequence[int] | None = None,
        status: str = "success",
        **start: Any,
    ) -> Documents:
        return list(_run(next(scan_ids), motors, dets, rows, keys or {}, numbers, status, start))

    return make


def _run(
    scan_id: int,
    motors: Sequence[str],
    dets: Sequence[str],
    rows: Sequence[Sequence[Any]],
    keys: dict[str, Any],
    numbers: Sequence[int] | None,
    status: str,
    start: dict[str, Any],
) -> Iterator[tuple[str, dict[str, Any]]]:
    names = [*motors, *(f"{motor}_setpoint" for motor in motors), *dets]
    uid = f"{scan_id:08d}-run"
    plan = {"plan_name": "scan" if motors else "count", "plan_type": "generator", "num_points": len(rows)}
    dimensions = [([motor], "primary") for motor in motors] or [(["time"], "primary")]
    yield (
        "start",
        {
            "uid": uid,
            "time": 1000.0,
            "scan_id": scan_id,
            "detectors": list(dets),
            "motors": list(motors),
            "hints": {"dimensions": dimensions},
            **plan,
            **start,
        },
    )
    yield (
        "descriptor",
        {
            "uid": f"{uid}-primary",
            "run_start": uid,
            "name": "primary",
            "time": 1000.0,
            "data_keys": {name: keys.get(name, data_key()) for name in names},
            "object_keys": {
                **{motor: [motor, f"{motor}_setpoint"] for motor in motors},
                **{det: [det] for det in dets},
            },
            "hints": {name: {"fields": [name]} for name in [*motors, *dets]},
            "configuration": {},
        },
    )
    for index, row in enumerate(rows):
        values = [*row[: len(motors)], *row[: len(motors)], *row[len(motors) :]]
        yield (
            "event",
            {
                "uid": f"{uid}-{index}",
                "descriptor": f"{uid}-primary",
                "time": 1000.0 + index,
                "seq_num": numbers[index] if numbers else index + 1,
                "data": dict(zip(names, values, strict=True)),
                "timestamps": dict.fromkeys(names, 1000.0),
            },
        )
    yield (
        "stop",
        {
            "uid": f"{uid}-stop",
            "run_start": uid,
            "time": 1002.1,
            "exit_status": status,
            "reason": "",
            "num_events": {"primary": len(rows)},
        },
    )
