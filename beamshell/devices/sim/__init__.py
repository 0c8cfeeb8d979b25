"""Simulated devices, to try things out with no control system: `from beamshell.devices.sim import det, motor`.

They live in this process, are made at their first use, and give the same numbers each time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_CLASSES = {
    "SynAreaDetector": "area",
    "SynAxis": "axes",
    "SynFlyer": "flyer",
    "Syn2DGauss": "detectors",
    "SynGauss": "detectors",
    "SynSignal": "detectors",
    "SynTemperature": "axes",
}


def _axis(name: str) -> Callable[[], Any]:
    return lambda: _get("SynAxis")(name=name)


def _gauss(name: str, motor: str, **options: Any) -> Callable[[], Any]:
    return lambda: _get("SynGauss")(name=name, motor=_get(motor), **options)


_DEVICES: dict[str, Callable[[], Any]] = {
    **{name: _axis(name) for name in ("motor", "motor1", "motor2", "motor3")},
    "area_det": lambda: _get("SynAreaDetector")(name="area_det", motor_x=_get("motor1"), motor_y=_get("motor2")),
    "det": _gauss("det", "motor"),
    "det1": _gauss("det1", "motor1", peak=5.0, sigma=0.5),
    "det2": _gauss("det2", "motor2", center=1.0, peak=2.0, sigma=2.0),
    "det4": lambda: _get("Syn2DGauss")(name="det4", motor_x=_get("motor1"), motor_y=_get("motor2")),
    "flyer": lambda: _get("SynFlyer")(name="flyer"),
    "noisy_det": _gauss("noisy_det", "motor", noise=0.1),
    "temperature": lambda: _get("SynTemperature")(name="temperature"),
}

__all__ = [*_CLASSES, *_DEVICES]


def _get(name: str) -> Any:
    if name not in globals():
        if name in _CLASSES:
            globals()[name] = getattr(import_module(f"{__name__}.{_CLASSES[name]}"), name)
        else:
            globals()[name] = _DEVICES[name]()
    return globals()[name]


def __getattr__(name: str) -> Any:
    if name in _CLASSES or name in _DEVICES:
        return _get(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
