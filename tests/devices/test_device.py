"""A device is its parts, named, read, staged and stopped as one."""

from __future__ import annotations

from typing import Any

import pytest

from beamshell import RunEngine, protocols
from beamshell.devices.component import Component, FormattedComponent
from beamshell.devices.device import Device, DynamicDeviceComponent
from beamshell.devices.epics_signal import EpicsSignal
from beamshell.devices.part import Kind
from beamshell.devices.signal import Signal
from beamshell.devices.sim import SynAxis
from beamshell.errors import BadValue, ConfigError, DeviceError, LimitError, NotConnected, RedundantStaging, UnknownName
from beamshell.plans import count


class Stage(Device):
    x = Component(Signal, value=1.0)
    y = Component(Signal, value=2.0, limits=(0.0, 10.0))
    speed = Component(Signal, value=5.0, kind="config")
    secret = Component(Signal, value="s", kind="omitted")


class Station(Device):
    upper = Component(Stage)
    lower = Component(Stage, kind="omitted")
    flux = Component(Signal, value=9.0, kind="hinted")


class Addressed:
    """A part that only remembers how it was built."""

    kind = Kind.normal

    def __init__(self, prefix: str, write_pv: str = "", **kwargs: Any) -> None:
        self.prefix, self.write_pv, self.name = prefix, write_pv, kwargs["name"]


# ---- parts and names


def test_parts_are_named_after_their_device() -> None:
    assert Stage(name="left").x.name == "left_x"
    assert Station(name="hutch").upper.speed.name == "hutch_upper_speed"


def test_renaming_a_device_renames_its_parts() -> None:
    station = Station(name="hutch")
    station.name = "experiment"
    assert station.upper.x.name == "experiment_upper_x"
    assert list(station.read()) == ["experiment_upper_x", "experiment_upper_y", "experiment_flux"]


def test_a_dotted_name_is_the_path_from_the_outermost_device() -> None:
    station = Station(name="hutch")
    assert station.upper.x.dotted_name == "upper.x"
    assert station.upper.x.root is station


def test_addresses_follow_the_prefix() -> None:
    class Slits(Device):
        top = Component(Addressed, "Top", write_pv="TopSet")

    class Hutch(Device):
        slits = Component(Slits, "Slits:")

    top = Hutch("BL:", name="hutch").slits.top
    assert (top.prefix, top.write_pv) == ("BL:Slits:Top", "BL:Slits:TopSet")


def test_an_address_with_its_own_scheme_is_kept() -> None:
    class Mixed(Device):
        there = Component(Addressed, "pva://OTHER:x")

    assert Mixed("BL:", name="mixed").there.prefix == "pva://OTHER:x"


def test_a_formatted_address_is_filled_from_the_device() -> None:
    class Channel(Device):
        value = FormattedComponent(Addressed, "{prefix}ch{number}:{self.name}")

        def __init__(self, prefix: str, *, number: int, **kwargs: Any) -> None:
            self.number = number
            super().__init__(prefix, **kwargs)

    assert Channel("BL:", number=3, name="c").value.prefix == "BL:ch3:c"


def test_a_group_of_parts_can_be_given_as_data() -> None:
    class Scaler(Device):
        channels = DynamicDeviceComponent({f"s{i}": (Addressed, f".S{i}", {}) for i in (1, 2)}, add_prefix=("suffix",))

    scaler = Scaler("BL:scaler", name="scaler")
    assert scaler.channels.s2.prefix == "BL:scaler.S2"
    assert scaler.channels.s2.name == "scaler_channels_s2"


def test_a_lazy_part_is_built_at_its_first_use() -> None:
    class Big(Device):
        a = Component(Signal, kind="omitted", lazy=True)
        b = Component(Signal)

    big = Big(name="big")
    assert [dotted for dotted, _ in big.walk_signals()] == ["b"]
    assert big.a.name == "big_a"
    assert [dotted for dotted, _ in big.walk_signals()] == ["a", "b"]


def test_a_lazy_part_that_is_recorded_is_read() -> None:
    class Big(Device):
        a = Component(Signal, kind="normal", lazy=True)

    assert list(Big(name="big").read()) == ["big_a"]


def test_a_part_declared_with_an_ellipsis_is_left_out() -> None:
    class Bare(Stage):
        speed = Component(Signal, ...)

    bare = Bare(name="bare")
    assert bare.speed is None
    assert "speed" not in bare.component_names


def test_a_subclass_can_drop_a_part() -> None:
    class Bare(Stage):
        speed = None  # type: ignore[assignment]

    assert Bare.component_names == ("x", "y", "secret")


def test_a_part_cannot_be_overwritten_by_mistake() -> None:
    stage = Stage(name="left")
    with pytest.raises(AttributeError, match=r"left\.x\.put\(5\)"):
        stage.x = 5  # type: ignore[assignment]


@pytest.mark.parametrize(
    ("base", "attr", "owner"),
    [
        *((Device, attr, "Device") for attr in ("read", "prefix", "labels", "stage_sigs", "attr_name", "_parts")),
        *((Device, attr, "Device") for attr in ("parent", "kind")),
        *((SynAxis, attr, "Positioner") for attr in ("set", "timeout", "settle_time", "limits", "position")),
        (SynAxis, "delay", "SoftPositioner"),
    ],
)
def test_a_part_cannot_take_the_name_of_what_every_such_device_has(base: type, attr: str, owner: str) -> None:
    with pytest.raises(TypeError, match=rf"^Wrong\.{attr}: every {owner} has a {attr} already; give this part another"):
        type("Wrong", (base,), {attr: Component(Signal)})


def test_a_part_cannot_take_a_name_that_its_own_class_sets() -> None:
    def make(self: Device, *args: Any, **kwargs: Any) -> None:
        self.gain = 5  # type: ignore[attr-defined]
        Device.__init__(self, *args, **kwargs)

    with pytest.raises(TypeError, match=r"^Wrong\.gain: every Wrong has a gain already"):
        type("Wrong", (Device,), {"gain": Component(Signal), "__init__": make})


def test_a_name_that_a_class_only_reads_when_it_is_made_can_be_a_part() -> None:
    class Ready(Device):
        gain = Component(Signal, value=1.0)

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.gain.kind = "config"

    assert Ready(name="ready").gain.kind == Kind.config


def test_two_parts_that_would_be_recorded_as_one_key_are_refused() -> None:
    class Inner(Device):
        b = Component(Signal, value=2.0)

    with pytest.raises(TypeError, match=r"^Outer: a_b and a\.b would both be recorded as NAME_a_b; give one of them"):
        type("Outer", (Device,), {"a_b": Component(Signal), "a": Component(Inner)})


def test_a_part_called_as_the_set_point_of_another_is_refused() -> None:
    gap = Component(EpicsSignal, "gap.RBV", write_pv="gap")
    with pytest.raises(TypeError, match=r"^Slit: the set point of gap and gap_setpoint would both be recorded"):
        type("Slit", (Device,), {"gap": gap, "gap_setpoint": Component(Signal)})


def test_a_part_with_the_name_of_the_device_itself_is_counted_under_that() -> None:
    """The readback of a positioner is recorded under the positioner's own name."""

    class Stage2(Device):
        x = Component(SynAxis)
        x_readback = Component(Signal)

    assert Stage2(name="s").x.readback.name == "s_x"
    with pytest.raises(TypeError, match=r"would both be recorded as NAME_x;"):
        type("Wrong", (Device,), {"x": Component(SynAxis), "y": Component(Signal, name="NAME_x")})


def test_what_is_never_recorded_may_have_any_name() -> None:
    class Inner(Device):
        b = Component(Signal)

    type("Outer", (Device,), {"a_b": Component(Signal, kind="omitted"), "a": Component(Inner)})


def test_two_parts_that_were_renamed_alike_are_an_error_when_they_are_described() -> None:
    stage = Stage(name="left")
    stage.y.name = "left_x"
    with pytest.raises(ConfigError, match=r"^left: two of its parts are recorded as left_x; rename one of them$"):
        stage.describe()


def test_a_part_is_found_by_its_path() -> None:
    station = Station(name="hutch")
    assert station.part("upper.x") is station.upper.x
    with pytest.raises(UnknownName, match=r"hutch_upper has no part 'sped': did you mean speed\?"):
        station.part("upper.sped")
    with pytest.raises(UnknownName, match="hutch_flux has no part 'x'"):
        station.part("flux.x")


# ---- what is recorded


def test_a_device_is_what_the_engine_asks_for() -> None:
    stage = Stage(name="left")
    for protocol in (
        protocols.Readable,
        protocols.BeginsRead,
        protocols.Configurable,
        protocols.CanConfigure,
        protocols.Triggerable,
        protocols.Stageable,
        protocols.Stoppable,
        protocols.HasHints,
    ):
        assert isinstance(stage, protocol)


def test_a_reading_has_the_normal_parts_and_the_configuration_the_others() -> None:
    stage = Stage(name="left")
    assert {key: value["value"] for key, value in stage.read().items()} == {"left_x": 1.0, "left_y": 2.0}
    assert list(stage.describe()) == ["left_x", "left_y"]
    assert {key: value["value"] for key, value in stage.read_configuration().items()} == {"left_speed": 5.0}
    assert list(stage.describe_configuration()) == ["left_speed"]


def test_what_is_omitted_is_neither_read_nor_configuration() -> None:
    station = Station(name="hutch")
    assert list(station.read()) == ["hutch_upper_x", "hutch_upper_y", "hutch_flux"]
    assert list(station.read_configuration()) == ["hutch_upper_speed"]


def test_a_reading_that_was_begun_is_collected_later() -> None:
    stage = Stage(name="left")
    collect = stage.begin_read()
    assert collect().keys() == stage.describe().keys()


def test_the_kind_of_a_part_can_change_at_any_time() -> None:
    stage = Stage(name="left")
    stage.speed.kind = "normal"
    stage.x.kind = Kind.omitted
    assert list(stage.read()) == ["left_y", "left_speed"]


def test_read_attrs_choose_what_is_read() -> None:
    stage = Stage(name="left", read_attrs=["y", "secret"], configuration_attrs=[])
    assert list(stage.read()) == ["left_y", "left_secret"]
    assert stage.read_configuration() == {}
    assert stage.read_attrs == ["y", "secret"]


def test_dotted_read_attrs_choose_within_a_part() -> None:
    station = Station(name="hutch", read_attrs=["lower.y"])
    assert list(station.read()) == ["hutch_lower_y"]


def test_a_wrong_read_attr_is_refused_and_changes_nothing() -> None:
    stage = Stage(name="left")
    with pytest.raises(UnknownName, match="left has no part 'z'"):
        stage.read_attrs = ["y", "z"]
    assert stage.read_attrs == ["x", "y"]


def test_hints_are_the_hinted_parts() -> None:
    assert Station(name="hutch").hints == {"fields": ["hutch_flux"]}


def test_without_a_hinted_part_the_only_one_is_shown() -> None:
    assert Stage(name="left", read_attrs=["y"]).hints == {"fields": ["left_y"]}
    assert Stage(name="left").hints == {"fields": []}


# ---- what can be asked of it


def test_a_device_without_trigger_values_is_triggered_at_once() -> None:
    status = Stage(name="left").trigger()
    assert status.done
    assert status.success


def test_a_trigger_writes_the_trigger_values() -> None:
    class Counter(Device):
        go = Component(Signal, value=0, trigger_value=1)
        arm = Component(Signal, value=0, trigger_value=2)

    counter = Counter(name="counter")
    counter.trigger().wait(1)
    assert (counter.go.get(), counter.arm.get()) == (1, 2)


def test_configure_changes_settings_and_returns_both_states() -> None:
    old, new = Stage(name="left").configure({"speed": 7.0})
    assert (old["left_speed"]["value"], new["left_speed"]["value"]) == (5.0, 7.0)


def test_a_refused_setting_changes_none() -> None:
    stage = Stage(name="left")
    with pytest.raises(LimitError):
        stage.configure(speed=7.0, y=11.0)
    assert stage.speed.get() == 5.0


def test_an_unknown_setting_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"left has no part 'sped': did you mean speed\?"):
        Stage(name="left").configure(sped=7.0)


def test_staging_writes_values_and_unstaging_puts_them_back_in_reverse() -> None:
    stage = Stage(name="left")
    stage.stage_sigs = {"x": 10.0, stage.speed: 6.0}
    written: list[str] = []
    for signal in (stage.x, stage.speed):
        signal.subscribe(lambda obj, **_: written.append(obj.name), run=False)
    assert stage.stage() == [stage]
    assert (stage.x.get(), stage.speed.get()) == (10.0, 6.0)
    assert stage.unstage() == [stage]
    assert (stage.x.get(), stage.speed.get()) == (1.0, 5.0)
    assert written == ["left_x", "left_speed", "left_speed", "left_x"]


def test_staging_covers_the_devices_inside() -> None:
    station = Station(name="hutch")
    station.upper.stage_sigs["x"] = 10.0
    assert station.stage() == [station, station.upper, station.lower]
    assert station.upper.x.get() == 10.0
    assert station.unstage() == [station.lower, station.upper, station]
    assert station.upper.x.get() == 1.0


def test_staging_twice_is_refused_and_the_first_still_stands() -> None:
    stage = Stage(name="left")
    stage.stage()
    with pytest.raises(RedundantStaging, match=r"left is staged already; unstage it first: left\.unstage\(\)"):
        stage.stage()
    assert stage.unstage() == [stage]


def test_unstaging_what_is_not_staged_does_nothing() -> None:
    assert Stage(name="left").unstage() == []


def test_a_failure_half_way_unstages_what_was_staged() -> None:
    station = Station(name="hutch")
    station.upper.stage_sigs["x"] = 10.0
    station.lower.stage_sigs = {"x": 10.0, "y": 99.0}
    with pytest.raises(LimitError, match="hutch_lower_y: 99 is above the limit 10"):
        station.stage()
    assert (station.upper.x.get(), station.lower.x.get()) == (1.0, 1.0)
    station.lower.stage_sigs["y"] = 9.0
    assert station.stage() == [station, station.upper, station.lower]


def test_a_part_staged_by_somebody_else_stays_staged() -> None:
    station = Station(name="hutch")
    station.lower.stage_sigs["x"] = 10.0
    station.lower.stage()
    with pytest.raises(RedundantStaging, match="hutch_lower is staged already"):
        station.stage()
    assert station.lower.x.get() == 10.0
    assert station.upper.stage() == [station.upper]


def test_what_cannot_be_put_back_is_named_and_the_rest_is_put_back() -> None:
    stage = Stage(name="left")
    stage.stage_sigs = {"x": 10.0, "y": 3.0}
    stage.stage()

    def refuse(value: Any, **_: Any) -> None:
        raise BadValue("left_y: stuck")

    stage.y.set = refuse  # type: ignore[method-assign, assignment]
    with pytest.raises(DeviceError, match="1 of its parts could not be put back: left_y: left_y: stuck"):
        stage.unstage()
    assert stage.x.get() == 1.0
    assert stage.unstage() == []


def test_stop_reaches_every_part_and_reports_the_failures_together() -> None:
    class Stubborn(Device):
        def stop(self, success: bool = False) -> None:
            raise DeviceError(f"{self.name}: will not stop")

    class Counting(Device):
        stopped = 0

        def stop(self, success: bool = False) -> None:
            self.stopped += 1

    class Both(Device):
        a = Component(Stubborn)
        b = Component(Counting)

    both = Both(name="both")
    with pytest.raises(DeviceError, match="both: 1 of its parts did not stop: both_a: both_a: will not stop"):
        both.stop()
    assert both.b.stopped == 1


# ---- connection, and for people


def test_a_device_answers_if_all_that_is_recorded_of_it_does() -> None:
    class Lost(Signal):
        connected = False

    class Inner(Device):
        gain = Component(Lost, kind="config")

    def device(**parts: Any) -> Any:
        return type("Some", (Device,), {"here": Component(Signal), **parts})(name="some")

    assert device().answers
    assert device(diagnosis=Component(Lost, kind="omitted")).answers
    assert not device(value=Component(Lost)).answers
    assert not device(gain=Component(Lost, kind="config")).answers
    assert not device(inner=Component(Inner)).answers
    assert device(inner=Component(Inner, kind="omitted")).answers


def test_a_device_whose_channels_are_silent_names_them() -> None:
    class Silent:
        kind = Kind.normal
        connected = False

        def __init__(self, prefix: str, **kwargs: Any) -> None:
            self.source, self.name = f"ca://{prefix}", kwargs["name"]

        def wait_for_connection(self, timeout: float) -> None:
            raise NotConnected("silence")

    class Lost(Device):
        a = Component(Silent, "A")
        b = Component(Silent, "B")
        here = Component(Signal)

    lost = Lost("NO:", name="lost")
    assert not lost.connected
    with pytest.raises(NotConnected, match=r"lost: no answer within 0\.01 s from NO:A, NO:B; .* prefix 'NO:' right"):
        lost.wait_for_connection(timeout=0.01)


def test_a_device_shows_itself_briefly() -> None:
    assert repr(Stage("BL:", name="left")) == "Stage('BL:', name='left')"


def test_a_summary_says_when_each_part_is_recorded_and_its_address() -> None:
    class Motor(Device):
        readback = Component(Signal, kind="hinted", units="mm")
        speed = Component(Signal, kind="config", units="mm/s")
        status = Component(Signal, kind="omitted")
        jog = Component(Signal, kind="omitted", lazy=True)

    class Table(Device):
        x = Component(Motor)
        spare = Component(Motor, kind="omitted")

    summary = Table("BL:", name="table").summary()
    assert repr(summary) == str(summary)
    assert summary.splitlines() == [
        "Table('BL:', name='table'), connected",
        "  in every event",
        "    x.readback      table_x_readback      soft://table_x_readback      mm    shown in tables and plots",
        "  in the configuration",
        "    x.speed         table_x_speed         soft://table_x_speed         mm/s",
        "  not recorded",
        "    x.status        table_x_status        soft://table_x_status",
        "    spare.readback  table_spare_readback  soft://table_spare_readback  mm",
        "    spare.speed     table_spare_speed     soft://table_spare_speed     mm/s",
        "    spare.status    table_spare_status    soft://table_spare_status",
    ]
    assert Motor(name="m").summary().splitlines()[-2:] == ["  made when first used", "    jog"]


def test_a_summary_counts_and_marks_what_does_not_answer() -> None:
    class Silent(Signal):
        connected = False

    class Half(Device):
        a = Component(Signal)
        b = Component(Silent)

    lines = Half(name="half").summary().splitlines()
    assert lines[0] == "Half('', name='half'), 1 of 2 NOT CONNECTED"
    assert lines[-1].endswith("OFFLINE")


def test_the_prompt_shows_a_device_that_is_offline() -> None:
    from IPython.lib.pretty import pretty

    class Silent(Device):
        connected = False

    assert pretty(Silent("BL:", name="left")) == "Silent('BL:', name='left')  offline"
    assert pretty(Stage("BL:", name="left")) == "Stage('BL:', name='left')"


def test_completion_offers_what_a_person_looks_for() -> None:
    offered = dir(Stage(name="left"))
    assert {"x", "speed", "read", "stage", "summary", "configure"} <= set(offered)
    assert not [name for name in offered if name.startswith("_")]
    assert "begin_read" not in offered


# ---- ways of reading


def twice(readings: dict[str, Any]) -> dict[str, Any]:
    """The readings with all values doubled."""
    return {key: {**reading, "value": 2 * reading["value"]} for key, reading in readings.items()}


class ReadsTwice(Device):
    """Overrides the reading at once alone, as devices of ophyd do."""

    a = Component(Signal, value=1.0)
    gain = Component(Signal, value=5.0, kind="config")

    def read(self) -> dict[str, Any]:
        return twice(super().read())

    def read_configuration(self) -> dict[str, Any]:
        return twice(super().read_configuration())


class BeginsTwice(Device):
    """Overrides the reading in two steps alone."""

    a = Component(Signal, value=1.0)
    gain = Component(Signal, value=5.0, kind="config")

    def begin_read(self) -> Any:
        collect = super().begin_read()
        return lambda: twice(collect())

    def begin_read_configuration(self) -> Any:
        collect = super().begin_read_configuration()
        return lambda: twice(collect())


class SignalTwice(Signal):
    """A signal that overrides the reading at once."""

    def read(self) -> dict[str, Any]:
        return twice(super().read())


class EpicsSignalTwice(EpicsSignal):
    """The same in the control system."""

    def read(self) -> dict[str, Any]:
        return twice(super().read())


class Mixin:
    """A class of no devices that overrides the reading at once."""

    def read(self) -> dict[str, Any]:
        return twice(super().read())  # type: ignore[misc]


class Mixed(Mixin, Stage):
    """Reads as its mixin does."""


class BothTwice(BeginsTwice):
    """Overrides the other way of its base."""

    def read(self) -> dict[str, Any]:
        return twice(super().read())


@pytest.mark.parametrize(
    ("make", "value"),
    [(ReadsTwice, 2.0), (BeginsTwice, 2.0), (BothTwice, 4.0), (Mixed, 2.0)],
)
def test_a_class_that_overrides_one_way_of_reading_is_read_so_in_both(make: Any, value: float) -> None:
    def values(readings: dict[str, Any]) -> float:
        return float(next(iter(readings.values()))["value"])

    device = make(name="d")
    outer = type("Outer", (Device,), {"inner": Component(make)})(name="o")
    assert [values(one.read()) for one in (device, outer)] == [value, value]
    assert [values(one.begin_read()()) for one in (device, outer)] == [value, value]


@pytest.mark.parametrize("make", [ReadsTwice, BeginsTwice])
def test_settings_are_read_as_the_class_overrides_it_in_a_device_of_devices_too(make: Any) -> None:
    outer = type("Outer", (Device,), {"inner": Component(make)})(name="o")
    assert outer.read_configuration()["o_inner_gain"]["value"] == 10.0
    assert make(name="d").begin_read_configuration()()["d_gain"]["value"] == 10.0


def test_a_signal_that_overrides_its_reading_is_recorded_so_at_each_point(demo_ioc: Any) -> None:
    signals = [SignalTwice(name="soft", value=1.0), EpicsSignalTwice("BL:temp:SP", name="hard")]
    engine, events = RunEngine(), []
    engine.subscribe(lambda _, event: events.append(event["data"]), "event")
    engine(count(signals, num=3))
    assert events == [{"soft": 2.0, "hard": 2 * signals[1].get()}] * 3
    signals[1].destroy()
