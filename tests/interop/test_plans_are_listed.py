"""Programs that list plans see ours, with typed parameters: bluesky-queueserver itself, and what blueapi looks at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from beamshell import plans


@pytest.fixture(scope="module")
def listed() -> dict[str, Any]:
    """What they see, in a process of its own: our plans look at bluesky when they are imported."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", Path(__file__).with_name("plan_lister.py")],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_queueserver_sees_each_plan(listed: dict[str, Any]) -> None:
    assert {"scan", "grid_scan", "rel_spiral", "xafs", "bps_mv", "bps_trigger_and_read"} <= set(listed["seen"])
    assert set(listed["seen"]) == set(listed["plans"])


def test_queueserver_knows_the_type_of_each_parameter_but_of_a_condition(listed: dict[str, Any]) -> None:
    assert sorted(listed["untyped"]) == ["count_until.until", "scan_until.until"]
    assert listed["motor of ascan"] == {"type": "__MOVABLE__"}


def test_queueserver_sees_what_our_devices_can(listed: dict[str, Any]) -> None:
    assert listed["devices"] == {"motor": ["is_readable", "is_movable"], "det": ["is_readable"]}


def test_queueserver_refuses_a_wrong_argument_and_runs_a_right_call(listed: dict[str, Any]) -> None:
    assert listed["valid"] == [True, False]
    assert listed["documents"] == ["start", "descriptor", "event", "event", "event", "stop"]


def test_blueapi_sees_what_can_be_called_by_keyword(listed: dict[str, Any]) -> None:
    assert {"count", "ascan", "mesh", "rel_spiral", "xafs", "region_scan"} <= set(listed["by keyword"])
    assert not {"scan", "grid_scan", "scan_until", "bps_mv"} & set(listed["by keyword"])


def test_without_bluesky_a_plan_is_marked_and_keeps_its_annotations() -> None:
    program = (
        "import inspect, sys, beamshell.plans as bp; motor = inspect.signature(bp.ascan).parameters['motor']; "
        "print(bp.ascan._is_plan_, motor.annotation, 'bluesky' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["True", "NamedMovable", "False"]


def test_what_is_no_plan_is_not_marked() -> None:
    assert not hasattr(plans.above, "_is_plan_")
