"""Component: declares a part of a device in its class, with the address of the part.

It builds the parts, and knows no control system.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import EllipsisType
from typing import Any, Generic, Protocol, TypeVar, overload

from beamshell.devices.part import Kind

T = TypeVar("T")


class Owner(Protocol):
    """The part of a device that a component uses."""

    prefix: str

    @property
    def name(self) -> str:
        """The device's name."""

    def part_name(self, attr: str) -> str:
        """The name of the part at `attr`."""

    def _part(self, attr: str) -> Any:
        """The part at `attr`, built if it was not used before."""


class Component(Generic[T]):
    """A part of a device, declared in its class.

    Args:
        cls: the class of the part, such as EpicsSignal or another Device.
        suffix: goes after the device's prefix; None for a part without an address; `...` for one that this
            class leaves out (the attribute is then None).
        kind: how much the part matters to a run; None leaves it to `cls`.
        lazy: build the part at its first use, instead of with its device.
        doc: one line for people.
        labels: words to find the part by.
        add_prefix: which of `suffix` and the keyword arguments are addresses that the device's prefix precedes.
        trigger_value: what `device.trigger()` writes to this part to start an acquisition.
        kwargs: handed to `cls`.

    Example:
        >>> class XYStage(Device):
        ...     x = Component(EpicsSignal, "Mtr-X")
        ...     y = Component(EpicsSignal, "Mtr-Y")
        >>> XYStage("TEST:Left-", name="left_stage").x.name
        'left_stage_x'
    """

    def __init__(
        self,
        cls: type[T],
        suffix: str | EllipsisType | None = None,
        *,
        kind: Kind | str | None = None,
        lazy: bool = False,
        doc: str = "",
        labels: Iterable[str] = (),
        add_prefix: Iterable[str] = ("suffix", "write_pv"),
        trigger_value: Any = None,
        **kwargs: Any,
    ) -> None:
        self.cls = cls
        self.suffix = suffix
        self.kind = kind
        self.lazy = lazy
        self.doc = doc
        self.labels = frozenset(labels)
        self.add_prefix = tuple(add_prefix)
        self.trigger_value = trigger_value
        self.kwargs = kwargs
        self.attr = ""

    def __set_name__(self, owner: type, attr: str) -> None:
        self.attr = attr

    @overload
    def __get__(self, device: None, owner: type) -> Component[T]: ...
    @overload
    def __get__(self, device: Owner, owner: type) -> T: ...
    def __get__(self, device: Owner | None, owner: type) -> Component[T] | T:
        if device is None:
            return self
        part: T = device._part(self.attr)
        return part

    def __set__(self, device: Owner, value: object) -> None:
        name = getattr(device, "name", "") or type(device).__name__  # no name yet: its __init__ sets this attribute
        raise AttributeError(
            f"{name}.{self.attr} is a part of {name} and cannot be replaced; "
            f"to send it a value: {name}.{self.attr}.put({value!r})"
        )

    @property
    def is_placeholder(self) -> bool:
        """True for a part that was declared with `...`, which the device does not have."""
        return self.suffix is Ellipsis

    def build(self, device: Owner) -> T:
        """A new part for `device`, named after it."""
        arguments = dict(self.kwargs)
        for key in self.add_prefix:
            if isinstance(address := arguments.get(key), str):
                arguments[key] = self.address(device, address)
        if self.kind is not None:
            arguments["kind"] = self.kind
        if self.labels:
            arguments["labels"] = self.labels
        positional: list[Any] = [] if self.suffix is None else [self.suffix]
        if isinstance(self.suffix, str) and "suffix" in self.add_prefix:
            positional = [self.address(device, self.suffix)]
        name = arguments.pop("name", None) or device.part_name(self.attr)
        make: Callable[..., T] = self.cls
        return make(*positional, name=name, parent=device, attr_name=self.attr, **arguments)

    def address(self, device: Owner, suffix: str) -> str:
        """The full address of `suffix` in `device`; one with a scheme of its own, such as "pva://X", is kept."""
        return suffix if "://" in suffix else f"{device.prefix}{suffix}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.cls.__name__}, {self.suffix!r})"


class FormattedComponent(Component[T]):
    """A component whose address is a format string over the device: "{prefix}{channel}:RBV".

    It may name every attribute that the device has when its parts are built, so set your own before
    `super().__init__()`.
    """

    def address(self, device: Owner, suffix: str) -> str:
        """The suffix with every {attribute} filled in from the device."""
        return suffix.format_map(_Attributes(device))


class _Attributes(dict[str, Any]):
    """A device seen as a mapping of its attributes; `self` is the device, for those used to "{self.prefix}"."""

    def __init__(self, device: Owner) -> None:
        self._device = device

    def __missing__(self, name: str) -> Any:
        return self._device if name == "self" else getattr(self._device, name)


def components_of(cls: type) -> Iterator[tuple[str, Component[Any]]]:
    """Each (attribute, component) of a class, those of its bases first; what a subclass set to None is gone."""
    attrs = dict.fromkeys(attr for base in reversed(cls.__mro__) for attr in vars(base))
    for attr in attrs:
        value = next(vars(base)[attr] for base in cls.__mro__ if attr in vars(base))
        if isinstance(value, Component) and not value.is_placeholder:
            yield attr, value


Cpt = Component
FCpt = FormattedComponent
