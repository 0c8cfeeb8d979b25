"""Property 10: random programs do the same on bluesky's engine and on ours, but for what `deviations` lists.

By hand, more of them: ``pytest -n 0 --hypothesis-profile=long -s tests/interop/test_differential.py``.
"""

from __future__ import annotations

import itertools
import warnings
from collections import Counter
from collections.abc import Iterator
from typing import Any

import bluesky
import bluesky.utils
import pytest
from document_rules import check
from hypothesis import HealthCheck, assume, given, settings
from interop.deviations import DEVIATIONS, Deviation, apply
from interop.legal_programs import Devices, Done, Program, plan, programs

from beamshell import Msg, RunEngine

CASES = 3 * settings.default.max_examples
tried: Counter[str] = Counter()


class Side:
    """One engine, and what it makes of programs."""

    def __init__(self, engine: Any, make_msg: Any) -> None:
        self.engine, self.make_msg = engine, make_msg
        self.docs: list[tuple[str, dict[str, Any]]] = []
        engine.subscribe(lambda name, doc: self.docs.append((name, doc)))

    def play(self, program: Program) -> dict[str, Any]:
        """Run it, decide at each pause, and tell all that came of it."""
        self.docs.clear()
        self.engine.md.clear()
        if hasattr(self.engine, "rewindable"):
            self.engine.rewindable = True  # theirs keeps it from call to call, see `deviations`
        devices, answers, ends = Devices(), [], []
        decisions = list(program.decisions)
        call = lambda: self.engine(plan(program, devices, answers, self.make_msg))  # noqa: E731
        while True:
            try:
                ends.append(("returned", call().exit_status))
            except BaseException as exc:
                ends.append(("raised", exc))
            devices.log.append(f"the engine is {self.engine.state}")
            if self.engine.state != "paused":
                break
            call = getattr(self.engine, decisions.pop(0) if decisions else "resume")
        assert self.engine.state == "idle"
        return {
            "docs": list(self.docs),
            "answers": answers,
            "ends": ends,
            "log": devices.log,
            "md": dict(self.engine.md),
        }


@pytest.fixture(scope="module")
def theirs() -> Iterator[Side]:
    engine = bluesky.RunEngine({}, context_managers=[], call_returns_result=True)
    yield Side(engine, bluesky.utils.Msg)
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    engine._th.join(5)
    engine.loop.close()


@pytest.fixture(scope="module")
def ours() -> Side:
    engine = RunEngine({}, call_returns_result=True)
    engine.say = lambda text: None
    return Side(engine, Msg)


@pytest.fixture(scope="module", autouse=True)
def print_how_many() -> Iterator[None]:
    yield
    print("\nprograms compared:", dict(tried))


# ---- to the same form --------------------------------------------------------------------------------


class Names:
    """Identifiers, each by the order in which it came."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def __call__(self, uid: str) -> str:
        return self._known.setdefault(uid, f"#{len(self._known)}")


REFERENCES = ("run_start", "descriptor")


def normal(story: dict[str, Any]) -> dict[str, Any]:
    """A story without identifiers and times."""
    names = Names()
    return {
        "docs": [(name, _normal_doc(doc, names)) for name, doc in story["docs"]],
        "answers": [(command, _normal_answer(answer, names)) for command, answer in story["answers"]],
        "ends": [(how, _normal_answer(what, names)) for how, what in story["ends"]],
        "log": _sorted_stops(story["log"]),
        "md": story["md"],
    }


def _sorted_stops(log: list[str]) -> list[str]:
    """Devices that are stopped together are stopped in no certain order."""
    together = itertools.groupby(log, key=lambda entry: entry.endswith(".stop"))
    return [entry for stops, entries in together for entry in (sorted(entries) if stops else entries)]


def _normal_doc(doc: dict[str, Any], names: Names) -> dict[str, Any]:
    kept = {key: value for key, value in doc.items() if key not in ("uid", "time", "timestamps", "versions")}
    names(str(doc.get("uid")))
    for key in REFERENCES:
        if key in kept:
            kept[key] = names(kept[key])
    if "configuration" in kept:
        kept["configuration"] = {
            device: {key: value for key, value in entry.items() if key != "timestamps"}
            for device, entry in kept["configuration"].items()
        }
    return kept


def _normal_answer(answer: Any, names: Names) -> Any:
    if isinstance(answer, BaseException):
        return type(answer).__name__
    if isinstance(answer, Done):
        return "status"
    if isinstance(answer, dict):
        return {
            key: _normal_answer(value, names)
            for key, value in answer.items()
            if key not in ("time", "timestamps", "uid")
        }
    if isinstance(answer, list | tuple):
        return [_normal_answer(value, names) for value in answer]
    if isinstance(answer, str) and len(answer) == 36:
        return names(answer)
    return getattr(answer, "name", answer)


# ---- the property ------------------------------------------------------------------------------------


def both(program: Program, theirs: Side, ours: Side) -> tuple[dict[str, Any], dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of bluesky on programs that make no sense, and ours on a wait for nothing
        their_story, our_story = theirs.play(program), ours.play(program)
    check(our_story["docs"])
    return normal(their_story), normal(our_story)


@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(program=programs())
def test_10_random_programs_do_the_same_on_both_engines(program: Program, theirs: Side, ours: Side) -> None:
    assume(not any(deviation.shows_in(program) for deviation in DEVIATIONS))
    tried["programs"] += 1
    tried["messages"] += len(program.steps)
    left, right = apply(*both(program, theirs, ours))
    for part in ("ends", "answers", "log", "docs", "md"):
        assert right[part] == left[part], part


@pytest.mark.parametrize("deviation", DEVIATIONS, ids=lambda deviation: deviation.subject)
def test_each_deviation_is_still_one(deviation: Deviation, theirs: Side, ours: Side) -> None:
    left, right = both(deviation.example, theirs, ours)
    assert left != right
    if not deviation.shows_in(deviation.example):
        left, right = apply(left, right)
        assert left == right
