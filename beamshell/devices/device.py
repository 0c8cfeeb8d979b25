"""Device: a group of signals and smaller devices that is named, read, staged and stopped as one.

It knows nothing of control systems (its signals do), of plans, or of the prompt.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from beamshell.channels.base import Silence
from beamshell.channels.factory import channel_factory, current_factory
from beamshell.devices.component import Component, components_of
from beamshell.devices.part import Fact, Kind, Part
from beamshell.devices.part_names import check_part_names
from beamshell.devices.staging import Staging, raise_together
from beamshell.devices.status import DeviceStatus, Status
from beamshell.devices.summary import Summary, address_of, summary_of
from beamshell.errors import ConfigError, NotConnected, RedundantStaging
from beamshell.protocols import DataKey, Hints, Reading
from beamshell.text.nearest import unknown

_has = int.__and__  # Kind's own `&` builds an enum member, ten times slower, and read() asks it of every part


class Device(Part):
    """A group of signals and smaller devices: one class for a kind of hardware, one instance for each piece of it.

    Args:
        prefix: the beginning of the addresses of all its parts.
        name: the name in documents and at the prompt; parts are named after it: "left_stage_x".
        kind: how much it matters to the device it is a part of.
        read_attrs: the parts recorded in every event, such as ["x", "y.readback"]; None leaves what the class says.
        configuration_attrs: the parts recorded once a descriptor; None leaves what the class says.
        labels: words to find it by.
        parent: the device it is a part of.
        attr_name: its attribute there.
        own_parts: parts of this device alone, by attribute, beside those that its class declares.

    Example:
        >>> class RandomWalk(Device):
        ...     x = Component(EpicsSignalRO, "x")
        ...     dt = Component(EpicsSignal, "dt")
        >>> random_walk = RandomWalk("random_walk:", name="random_walk")
        >>> random_walk.wait_for_connection()
        >>> random_walk.read()
        {'random_walk_x': {'value': ..., 'timestamp': ..., ...}, 'random_walk_dt': {...}}
    """

    HIDDEN: ClassVar[tuple[str, ...]] = (
        *("answers", "attr_name", "begin_read", "begin_read_configuration", "component_names", "dotted_name"),
        *("known_state", "lazy_names", "part_name", "root", "signals_to_stage", "simulation", "walk_signals"),
    )
    """What Tab does not offer, beside that of the base classes: the engine, the shell and subclasses use it."""
    _stages_in_flight: ClassVar[bool] = False
    """True if the `stage` of the class may go on before its `stage_sigs` are in force; it calls `_staging.settle`."""
    component_names: tuple[str, ...] = ()
    """The attributes of its parts, in the order of their declaration."""
    _components: dict[str, Component[Any]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._components = dict(components_of(cls))
        cls.component_names = tuple(cls._components)
        check_part_names(cls, cls._components)

    def __init__(
        self,
        prefix: str = "",
        *,
        name: str = "",
        kind: Kind | str | None = None,
        read_attrs: Iterable[str] | None = None,
        configuration_attrs: Iterable[str] | None = None,
        labels: Iterable[str] = (),
        parent: Device | None = None,
        attr_name: str = "",
        own_parts: Mapping[str, Component[Any]] | None = None,
    ) -> None:
        self.prefix = prefix
        self.parent = parent
        self.attr_name = attr_name
        self.labels = set(labels)
        self.stage_sigs: dict[Any, Any] = {}
        self.kind = Kind.normal if kind is None else kind
        self._name = name
        self._staging = Staging()
        self._parts: dict[str, Any] = {}
        self._channel_factory = current_factory()  # parts that are built later talk to the same world
        for attr, component in (own_parts or {}).items():
            component.__set_name__(type(self), attr)
        if own_parts:
            self._components = {**self._components, **own_parts}
            self.component_names = tuple(self._components)
            check_part_names(type(self), self._components)
        for attr, component in self._components.items():
            if not component.lazy:
                self._part(attr)
        for attr in own_parts or ():
            setattr(self, attr, self._part(attr))  # those of the class are found by their Component
        if read_attrs is not None:
            self.read_attrs = list(read_attrs)
        if configuration_attrs is not None:
            self.configuration_attrs = list(configuration_attrs)

    # ---- names and parts ---------------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name in documents and at the prompt; setting it renames the parts."""
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = name
        for attr, part in self._parts.items():
            part.name = self.part_name(attr)

    def part_name(self, attr: str) -> str:
        """The name of the part at `attr`; override it to give a part the device's own name."""
        own: str | None = self._components[attr].kwargs.get("name")
        return own or (f"{self._name}_{attr}" if self._name else attr)

    def _part(self, attr: str) -> Any:
        if attr in self._parts:
            return self._parts[attr]
        component = self._components.get(attr)
        if component is None:  # declared with `...`: this class does without
            return None
        if current_factory() is self._channel_factory:
            part = component.build(self)
        else:
            with channel_factory(self._channel_factory):
                part = component.build(self)
        built = {**self._parts, attr: part}
        self._parts = {name: built[name] for name in self.component_names if name in built}
        return part

    def part(self, dotted: str) -> Any:
        """The part at a path such as "x" or "x.user_readback".

        Raises:
            UnknownName: there is none; the message offers the nearest.
        """
        attr, _, rest = dotted.partition(".")
        if attr not in self.component_names:
            raise unknown("part", attr, self.component_names, of=self.name)
        part = self._part(attr)
        if not rest:
            return part
        if not isinstance(part, Device):
            raise unknown("part", rest, (), of=part.name)
        return part.part(rest)

    def walk_signals(self, *, include_lazy: bool = False) -> Iterator[tuple[str, Any]]:
        """Each (dotted name, signal) of the device and the devices in it, in the order of their declaration."""
        for attr in self.component_names if include_lazy else tuple(self._parts):
            part = self._part(attr)
            if isinstance(part, Device):
                yield from ((f"{attr}.{below}", s) for below, s in part.walk_signals(include_lazy=include_lazy))
            else:
                yield attr, part

    def silences(self, ask_s: float = 0.0) -> list[Silence]:
        """As those of a signal, of all parts that are made."""
        return [one for _, part in self.walk_signals() if hasattr(part, "silences") for one in part.silences(ask_s)]

    def _devices(self) -> list[Any]:
        return [part for part in self._parts.values() if isinstance(part, Device)]

    # ---- what is recorded --------------------------------------------------------------------

    def _parts_of(self, kind: Kind) -> list[Any]:
        if len(self._parts) < len(self._components):
            self._build_lazy(kind)
        return [part for part in self._parts.values() if _has(part.kind, kind)]

    def _build_lazy(self, kind: Kind) -> None:
        for attr, component in self._components.items():
            declared = component.kind
            if declared is None or _has(Kind[declared] if isinstance(declared, str) else declared, kind):
                self._part(attr)

    def _parts_of_configuration(self) -> list[Any]:
        """Signals of kind config, and every device that is not omitted: it knows its own configuration."""
        self._parts_of(Kind.config)  # builds the lazy ones
        return [p for p in self._parts.values() if p.kind and (isinstance(p, Device) or _has(p.kind, Kind.config))]

    def begin_read(self) -> Callable[[], dict[str, Reading]]:
        """Ask every recorded part now; the function returned collects the answers."""
        return _collector([_begin(part) for part in self._parts_of(Kind.normal)])

    def read(self) -> dict[str, Reading]:
        """The value of every recorded part, read in one round trip."""
        return Device.begin_read(self)()

    def describe(self) -> dict[str, DataKey]:
        """The data key of each key of `read`."""
        return _joined(self.name, (part.describe() for part in self._parts_of(Kind.normal)))

    def begin_read_configuration(self) -> Callable[[], dict[str, Reading]]:
        """Ask every setting now; the function returned collects the answers."""
        return _collector(
            [
                part.begin_read_configuration() if isinstance(part, Device) else _begin(part)
                for part in self._parts_of_configuration()
            ]
        )

    def read_configuration(self) -> dict[str, Reading]:
        """The value of every setting, read in one round trip."""
        return Device.begin_read_configuration(self)()

    def describe_configuration(self) -> dict[str, DataKey]:
        """The data key of each key of `read_configuration`."""
        parts = self._parts_of_configuration()
        settings = (part.describe_configuration() if isinstance(part, Device) else part.describe() for part in parts)
        return _joined(self.name, settings)

    @property
    def hints(self) -> Hints:
        """The fields to show first: the hinted parts or, if none is, the only part."""
        parts = self._parts_of(Kind.normal)
        hinted = [name for part in parts for name in _hinted(part)]
        if not hinted and len(parts) == 1 and not isinstance(parts[0], Device):
            hinted = [parts[0].name]
        return {"fields": hinted}

    @property
    def read_attrs(self) -> list[str]:
        """The parts recorded in every event; setting it chooses them, such as ["x", "y.readback"]."""
        return [attr for attr in self.component_names if _has(self._part(attr).kind, Kind.normal)]

    @read_attrs.setter
    def read_attrs(self, attrs: Iterable[str]) -> None:
        self._choose(attrs, Kind.normal, Kind.hinted)

    @property
    def configuration_attrs(self) -> list[str]:
        """The parts recorded once a descriptor; setting it chooses them."""
        return [attr for attr in self.component_names if _has(self._part(attr).kind, Kind.config)]

    @configuration_attrs.setter
    def configuration_attrs(self, attrs: Iterable[str]) -> None:
        self._choose(attrs, Kind.config, Kind.config)

    def _choose(self, attrs: Iterable[str], add: Kind, remove: Kind) -> None:
        paths: dict[str, list[str]] = {}
        for dotted in attrs:
            self.part(dotted)  # refuses a wrong name before anything is changed
            attr, _, rest = dotted.partition(".")
            paths.setdefault(attr, []).extend([rest] if rest else [])
        for attr in self.component_names:
            part = self._part(attr)
            part.kind = part.kind | add if attr in paths else part.kind & ~remove
            if paths.get(attr):
                part._choose(paths[attr], add, remove)

    @property
    def counted_by(self) -> tuple[Any, ...]:
        """() if it has a count time of its own; the detector that it is a part of."""
        return () if self.parent is None or hasattr(self, "count_time") else super().counted_by

    # ---- actions -----------------------------------------------------------------------------

    def trigger(self) -> Status:
        """Start one acquisition: write the trigger values of its parts; done when all of them are.

        A device without any is done at once.
        """
        values = {attr: component.trigger_value for attr, component in self._components.items()}
        started: list[Status] = [self._part(attr).set(value) for attr, value in values.items() if value is not None]
        if not started:
            done = DeviceStatus(self, action="trigger")
            done.set_finished()
            return done
        together = started[0]
        for status in started[1:]:
            together = together & status
        return together

    def configure(
        self, settings: Mapping[str, Any] | None = None, /, **more: Any
    ) -> tuple[dict[str, Reading], dict[str, Reading]]:
        """Change settings, such as ``configure({"velocity": 2})``; the configurations before and after.

        All values are checked before any is written.

        Raises:
            UnknownName: the device has no such part.
            LimitError, BadValue: a value is refused; nothing was changed.
        """
        parts = [(self.part(attr), value) for attr, value in {**(settings or {}), **more}.items()]
        for part, value in parts:
            if hasattr(part, "check_value"):
                part.check_value(value)
        old = self.read_configuration()
        for part, value in parts:
            part.set(value).wait()
        return old, self.read_configuration()

    def stage(self) -> list[Any]:
        """Make ready for a run: write `stage_sigs` in order, then stage the devices in it; all that was staged.

        If any of it fails, what was done is undone.

        Raises:
            RedundantStaging: it is staged already; unstage it first.
        """
        staging = self._staging
        staging.begin(self.name)
        staged: list[Any] = [self]
        try:
            staging.ask(self.signals_to_stage())
            for key, value in self.stage_sigs.items():
                staging.write(self.part(key) if isinstance(key, str) else key, value)
            for part in self._devices():
                staged.extend(self._stage_part(part))
            if not (staging.outer and (self._stages_in_flight or type(self).stage is Device.stage)):
                staging.settle()
        except BaseException:  # a Ctrl+C too must leave nothing half staged
            staging.undo(self.name)
            raise
        return staged

    def signals_to_stage(self) -> Iterator[Any]:
        """The signals whose values `stage` needs, of the devices in it too: they are asked for in one round trip."""
        yield from (self.part(key) if isinstance(key, str) else key for key in self.stage_sigs)
        for part in self._devices():
            yield from part.signals_to_stage()

    def _stage_part(self, part: Device) -> list[Any]:
        self._staging.note(part.name, part.unstage)
        part._staging.outer = self._staging
        try:
            return part.stage()
        except RedundantStaging:
            self._staging.forget_last()
            raise
        finally:
            part._staging.outer = None

    def unstage(self) -> list[Any]:
        """Undo the changes of `stage`, in reverse; the unstaged devices, [] if it was not staged.

        Raises:
            DeviceError: some of it could not be put back; the message names each, and the rest was.
        """
        if not self._staging.active:
            return []
        return [*self._staging.undo(self.name), self]

    def stop(self, success: bool = False) -> None:
        """Stop all moving parts; a failure does not prevent the stop of the others.

        Args:
            success: whether an unfinished move counts as a success.

        Raises:
            DeviceError: some of it could not be stopped; the message names each.
        """
        failures: list[tuple[str, Exception]] = []
        for part in self._devices():
            try:
                part.stop(success=success)
            except Exception as exc:  # noqa: BLE001  a part may be anybody's code, and the others must still be stopped
                failures.append((part.name, exc))
        raise_together(self.name, "did not stop", failures)

    # ---- connection --------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """True when every signal of it answers."""
        return all(getattr(signal, "connected", True) for _, signal in self.walk_signals())

    @property
    def answers(self) -> bool:
        """True when every signal of it that is recorded answers, in events or in the configuration."""
        parts = [*self._parts_of(Kind.normal), *self._parts_of_configuration()]
        return all(part.answers if isinstance(part, Device) else getattr(part, "connected", True) for part in parts)

    def wait_for_connection(self, timeout: float = 5.0) -> None:
        """Return when every signal answers; all of them share one time-out, in seconds.

        Raises:
            NotConnected: the message names the addresses that do not answer.
        """
        deadline = time.monotonic() + timeout
        silent = []
        for signal in (one for _, one in self.walk_signals() if hasattr(one, "wait_for_connection")):
            try:
                signal.wait_for_connection(timeout=max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                silent.append(signal)
        if silent:
            addresses = ", ".join(address_of(signal) for signal in silent)
            raise NotConnected(
                f"{self.name}: no answer within {timeout:g} s from {addresses}; is the IOC running, and is "
                f"the prefix {self.prefix!r} right?"
            )

    # ---- simulation --------------------------------------------------------------------------

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:  # noqa: ARG002 - for those that behave
        """The facts from which a simulated twin plays its parts, the lazy ones too.

        A class of devices that move or count yields the fact of that first, and then these.
        """
        for attr in self.component_names:
            part = self._part(attr)
            if isinstance(part, Part):
                yield from part.simulation({})

    # ---- for people --------------------------------------------------------------------------

    def summary(self) -> Summary:
        """A page of its parts by when they are recorded: attribute, name in the data, address, unit."""
        return summary_of(self)

    @property
    def lazy_names(self) -> tuple[str, ...]:
        """The parts that are made when they are first used, and were not used yet."""
        return tuple(attr for attr in self.component_names if attr not in self._parts)

    def __dir__(self) -> list[str]:
        hidden = {name for cls in type(self).__mro__ for name in ("HIDDEN", *vars(cls).get("HIDDEN", ()))}
        return [name for name in super().__dir__() if not name.startswith("_") and name not in hidden]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.prefix!r}, name={self._name!r})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002 - the signature is IPython's
        """The text at the prompt: the repr, and the state of the device that is known without asking it."""
        printer.text("  ".join([repr(self), *self.known_state()]))

    def known_state(self) -> list[str]:
        """Its present state in words, without asking the hardware: ["connecting"], ["offline"], or []."""
        if self.connected:
            return []
        is_early = any(getattr(signal, "is_deferred", False) for _, signal in self.walk_signals())
        return ["connecting" if is_early else "offline"]


def _begin(part: Any) -> Callable[[], dict[str, Reading]]:
    begin: Callable[[], Callable[[], dict[str, Reading]]] | None = getattr(part, "begin_read", None)
    return begin() if begin is not None else part.read


def _collector(collectors: list[Callable[[], dict[str, Reading]]]) -> Callable[[], dict[str, Reading]]:
    def collect() -> dict[str, Reading]:
        reading: dict[str, Reading] = {}
        for each in collectors:
            reading.update(each())
        return reading

    return collect


def _joined(name: str, described: Iterable[Mapping[str, DataKey]]) -> dict[str, DataKey]:
    """The data keys of several parts; a key that two of them have is an error, as one value would be lost."""
    joined: dict[str, DataKey] = {}
    for data_keys in described:
        if twice := joined.keys() & data_keys.keys():
            raise ConfigError(
                f"{name}: two of its parts are recorded as {', '.join(sorted(twice))}; rename one of them"
            )
        joined.update(data_keys)
    return joined


def _hinted(part: Any) -> list[str]:
    if isinstance(part, Device):
        return part.hints.get("fields", [])
    return [part.name] if part.kind & Kind.hinted == Kind.hinted else []


class DynamicDeviceComponent(Component[Any]):
    """A component that is a group of parts given as data: ``{"s1": (EpicsSignalRO, ".S1", {"kind": "normal"})}``.

    Args:
        definition: attribute -> (class, suffix, keyword arguments).
        kwargs: as for Component.
    """

    def __init__(self, definition: Mapping[str, tuple[type, str, Mapping[str, Any]]], **kwargs: Any) -> None:
        super().__init__(Device, "", **kwargs)
        self.definition = dict(definition)

    def __set_name__(self, owner: type, attr: str) -> None:
        super().__set_name__(owner, attr)
        parts: dict[str, Component[Any]] = {
            part: Component(cls, suffix, **options) for part, (cls, suffix, options) in self.definition.items()
        }
        title = attr.title().replace("_", "")
        self.cls = type(f"{owner.__name__}{title}", (Device,), {**parts, "__doc__": self.doc or None})


DDCpt = DynamicDeviceComponent
