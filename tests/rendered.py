"""Figures whose pixels are compared with pictures kept beside the tests: ``python tests/rendered.py``.

The command draws the kept pictures anew; look at each before it is committed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

KEPT = Path(__file__).parent / "callbacks" / "baseline"
_SIZE, _DPI = (5.0, 3.75), 64
_BLUR = 4
"""Pixels are averaged over squares of this side: a font that is hinted in another way makes no difference."""

X = np.linspace(-1, 1, 41)
BELL = 20 + 1000 * np.exp(-(((X - 0.1) / 0.2) ** 2))
I0 = 1.5 + 0.5 * X

Documents = list[tuple[str, dict[str, Any]]]


def run(columns: dict[str, Any], seconds: float = 0.1, number: int = 1) -> Documents:
    """The documents of a scan of th with these values, each detector counting for so long; without a date."""
    uid, names = f"run {number}", ["th", *columns]
    about: dict[str, Any] = {"dtype": "number", "shape": [], "source": "sim", "precision": 3}
    hints = {name: {"fields": [name]} for name in names}
    start = {"uid": uid, "scan_id": number, "command": "scan det th -1 1 41", "motors": ["th"]}
    start |= {"detectors": list(columns), "hints": {"dimensions": [[["th"], "primary"]]}}
    settings = {name: {"data": {f"{name}_count_time": seconds}, "timestamps": {}, "data_keys": {}} for name in columns}
    descriptor = {"uid": f"{uid} d", "run_start": uid, "name": "primary", "hints": hints, "configuration": settings}
    descriptor |= {"data_keys": dict.fromkeys(names, about), "object_keys": {name: [name] for name in names}}
    documents: Documents = [("start", start), ("descriptor", descriptor)]
    for n, row in enumerate(zip(X, *columns.values(), strict=True)):
        data = dict(zip(names, map(float, row), strict=True))
        event = {"uid": f"{uid} {n}", "descriptor": f"{uid} d", "seq_num": n + 1, "time": float(n), "data": data}
        documents.append(("event", {**event, "timestamps": {}, "filled": {}}))
    return [*documents, ("stop", {"uid": f"{uid} s", "run_start": uid, "time": 41.0, "exit_status": "success"})]


def _figure(documents: Documents, choose: Callable[[Any], Any] = lambda windows: None) -> Any:
    from beamshell.callbacks.figures import Windows
    from beamshell.callbacks.run_figure import figure_of

    windows = Windows()
    choose(windows)
    return figure_of(documents, windows)


def marks() -> Any:
    """A peak with the marks of its highest point and its centre."""
    return _figure(run({"det": BELL}))


def ratio() -> Any:
    """The quotient of two values."""
    return _figure(run({"det": BELL, "i0": I0}), lambda windows: setattr(windows, "values", ("det/i0",)))


def overlay() -> Any:
    """A run beside an earlier one that was counted for a tenth of the time."""
    from beamshell.views.earlier_runs import EarlierRun

    earlier = run({"det": np.roll(BELL, -8) / 10}, seconds=0.01, number=7)
    columns = {key: np.array([doc["data"][key] for name, doc in earlier if name == "event"]) for key in ("th", "det")}
    beside = EarlierRun(earlier[0][1], earlier[1][1], columns)
    return _figure(run({"det": BELL}), lambda windows: setattr(windows, "earlier", [beside]))


def fit() -> Any:
    """A curve fitted to the points."""
    from beamshell.views.marks import Mark

    at = np.linspace(-1, 1, 201)
    curve = Mark("det", at, 20 + 900 * np.exp(-(((at - 0.15) / 0.25) ** 2)), "gauss: centre 0.15")
    return _figure(run({"det": BELL}), lambda windows: windows.mark("run 1", curve))


def edge() -> Any:
    """An edge with the fit that an alignment has recorded."""
    from beamshell.analysis.models import FWHM_PER_SIGMA

    *documents, stop = run({"det": 100 + 900 / (1 + np.exp(-(X - 0.2) / 0.05))})
    documents[0][1]["plan_name"] = "find_edge"
    about = {"field": "det", "centre": 0.2, "fwhm": 0.085 * FWHM_PER_SIGMA, "height": 900.0, "background": 100.0}
    descriptor = {"uid": "fit", "run_start": "run 1", "name": "fit", "data_keys": {}, "object_keys": {}, "hints": {}}
    event = {"uid": "fit 1", "descriptor": "fit", "seq_num": 1, "time": 41.0, "timestamps": {}, "filled": {}}
    documents += [("descriptor", descriptor), ("event", {**event, "data": {**about, "shape": "flat"}}), stop]
    return _figure(documents)


CASES = {case.__name__: case for case in (marks, ratio, overlay, fit, edge)}


def pixels(figure: Any) -> Any:
    """The picture of a figure: red, green and blue, uint8 [height, width, 3]."""
    figure.set_size_inches(*_SIZE)
    figure.set_dpi(_DPI)
    figure.canvas.draw()
    return np.array(figure.canvas.buffer_rgba())[..., :3]


def drawn(case: Callable[[], Any]) -> Any:
    """The picture of a case in matplotlib's own style, whatever the person's settings are."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams["text.hinting"] = "none"
        return pixels(case())


def kept(name: str) -> Any:
    """The picture that is kept of a case."""
    from matplotlib.image import imread

    return np.rint(imread(KEPT / f"{name}.png")[..., :3] * 255).astype(np.uint8)


def difference(one: Any, other: Any) -> float:
    """The mean square root of the differences of two pictures that are a little blurred, from 0 to 255."""
    one, other = map(_blurred, (one, other))
    return float(np.sqrt(np.mean((one - other) ** 2)))


def _blurred(picture: Any) -> Any:
    height, width = (side // _BLUR * _BLUR for side in picture.shape[:2])
    squares = picture[:height, :width].astype(float).reshape(height // _BLUR, _BLUR, width // _BLUR, _BLUR, 3)
    return squares.mean(axis=(1, 3))


def main() -> None:
    from matplotlib.image import imsave

    KEPT.mkdir(exist_ok=True)
    for name, case in CASES.items():
        imsave(KEPT / f"{name}.png", drawn(case))
        print(KEPT / f"{name}.png", (case.__doc__ or "").strip())


if __name__ == "__main__":
    sys.exit(main())
