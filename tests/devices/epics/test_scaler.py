"""The channels of a scaler record are called by the names that they have there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import document_rules
import pytest
from motor_bench import until

from beamshell import plans as bp
from beamshell.devices.epics.scaler import EpicsScaler, channel_names
from beamshell.devices.epics_signal import EpicsSignal
from beamshell.engine.run_engine import RunEngine
from beamshell.errors import UnknownName
from beamshell.ioc.process import DemoIoc
from beamshell.shell.tokens import find_device

NAMES = {2: "I0", 3: "It", 4: "foil"}


# ---- which names can be used


@pytest.mark.parametrize(
    ("title", "name"), [("I0", "I0"), ("Ion chamber 1", "Ion_chamber_1"), ("I0 (up)", "I0_up"), ("µ", "µ")]
)
def test_a_name_becomes_a_python_name(title: str, name: str) -> None:
    assert channel_names({2: title}, []) == ({2: name}, [])


@pytest.mark.parametrize(
    ("title", "problem"),
    [
        ("2nd", "s2 ('2nd' cannot be typed)"),
        ("in", "s2 ('in' cannot be typed)"),
        ("!", "s2 ('!' cannot be typed)"),
        ("stop", "s2 ('stop' has another meaning)"),
        ("s3", "s2 ('s3' has another meaning)"),
    ],
)
def test_a_name_that_cannot_be_used_is_named(title: str, problem: str) -> None:
    assert channel_names({2: title}, dir(EpicsScaler)) == ({}, [problem])


def test_two_channels_of_one_name_are_both_called_by_number() -> None:
    names, problems = channel_names({2: "I0", 3: "mon", 4: "mon "}, [])
    assert names == {2: "I0"}
    assert problems == ["s3 ('mon' is also s4)", "s4 ('mon ' is also s3)"]


def test_a_channel_without_a_name_is_no_problem() -> None:
    assert channel_names({2: "", 3: "It"}, []) == ({3: "It"}, [])


# ---- the record


class Bench:
    def __init__(self) -> None:
        self.scaler = EpicsScaler("BL:scaler", name="scaler", channels=[1, 2, 3, 4])
        self.names = {n: EpicsSignal(f"BL:scaler.NM{n}", name=f"nm{n}") for n in NAMES}
        for device in (self.scaler, *self.names.values()):
            device.wait_for_connection(timeout=10)

    def rename(self, number: int, name: str) -> None:
        self.names[number].set(name).wait(5)
        until(lambda: self.scaler.channel(number).title == name)


@pytest.fixture(scope="module")
def shared(demo_ioc: DemoIoc) -> Bench:
    return Bench()


@pytest.fixture
def bench(shared: Bench) -> Iterator[Bench]:
    shared.scaler.match_names()
    yield shared
    for number, name in NAMES.items():
        shared.rename(number, name)


def count(scaler: EpicsScaler) -> list[str]:
    """The keys of an event."""
    docs: list[tuple[str, dict[str, Any]]] = []
    RunEngine()(bp.count([scaler], 2), lambda name, doc: docs.append((name, doc)))
    document_rules.check(docs)
    return next(list(doc["data"]) for name, doc in docs if name == "event")


def test_the_counts_are_recorded_under_the_names_of_the_record(bench: Bench) -> None:
    assert count(bench.scaler) == ["scaler_clock", "scaler_I0", "scaler_It", "scaler_foil"]
    assert bench.scaler.hints == {"fields": ["scaler_I0", "scaler_It", "scaler_foil"]}


def test_a_channel_is_at_the_prompt_under_its_name(bench: Bench) -> None:
    assert bench.scaler.I0 is bench.scaler.s2
    assert "I0" in dir(bench.scaler)
    assert find_device("scaler.I0", {"scaler": bench.scaler}) is bench.scaler.s2
    with pytest.raises(UnknownName, match="scaler has no part 'I1': there are I0, It, clock"):
        find_device("scaler.I1", {"scaler": bench.scaler})
    with pytest.raises(AttributeError, match="EpicsScaler has no part or channel 'I1'"):
        _ = bench.scaler.I1


def test_a_new_name_holds_from_the_next_run_on(bench: Bench) -> None:
    bench.scaler.stage()
    bench.rename(2, "I zero")
    assert "scaler_I0" in bench.scaler.read()
    bench.scaler.unstage()
    assert count(bench.scaler)[1] == "scaler_I_zero"
    assert bench.scaler.I_zero is bench.scaler.s2
    assert not hasattr(bench.scaler, "I0")


def test_names_that_cannot_be_used_are_one_line(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.rename(3, "I0")
    bench.rename(4, "stop")
    assert count(bench.scaler) == ["scaler_clock", "scaler_s2", "scaler_s3", "scaler_s4"]
    assert caplog.messages == [
        "scaler: called by number: s2 ('I0' is also s3), s3 ('I0' is also s2), s4 ('stop' has another meaning)"
    ]


def test_a_scaler_has_the_channels_that_are_asked_for(bench: Bench) -> None:
    scaler = EpicsScaler("BL:scaler", name="wide", channels=[1, 2, 32])
    scaler.wait_for_connection(timeout=10)
    assert count(scaler) == ["wide_clock", "wide_I0", "wide_s32"]
    assert scaler.s32.pvname == "BL:scaler.S32"
    with pytest.raises(UnknownName, match="no channel '65'"):
        EpicsScaler("BL:scaler", name="wide", channels=[65])


def test_a_renamed_device_renames_its_channels(bench: Bench) -> None:
    bench.scaler.name = "counter"
    assert bench.scaler.I0.name == "counter_I0"
    bench.scaler.name = "scaler"
