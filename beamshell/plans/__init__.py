"""Plans: measurements as generators of messages. This module is `bp`, all plans by name.

Each public name is imported at its first use, so that the console opens quickly.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from beamshell.plans.adaptive import adaptive_scan, rel_adaptive_scan, tune_centroid, tweak
    from beamshell.plans.adaptive import rel_adaptive_scan as relative_adaptive_scan
    from beamshell.plans.alignment import AlignmentResult, centre_on_peak, find_edge, knife_edge
    from beamshell.plans.conditions import Condition, Point, above, below, settled
    from beamshell.plans.flying import fly, fly_path, fly_scan, ramp_plan
    from beamshell.plans.grids import grid_scan, list_grid_scan, rel_grid_scan, rel_list_grid_scan
    from beamshell.plans.grids import grid_scan as outer_product_scan
    from beamshell.plans.grids import rel_grid_scan as relative_outer_product_scan
    from beamshell.plans.loops import Turn, at_temperatures, for_each_sample
    from beamshell.plans.regions import region_scan, xafs
    from beamshell.plans.scans import (
        count,
        inner_product_scan,
        list_scan,
        log_scan,
        rel_list_scan,
        rel_log_scan,
        rel_scan,
        relative_inner_product_scan,
        scan,
        scan_nd,
        x2x_scan,
    )
    from beamshell.plans.scans import rel_list_scan as relative_list_scan
    from beamshell.plans.scans import rel_log_scan as relative_log_scan
    from beamshell.plans.scans import rel_scan as relative_scan
    from beamshell.plans.scanspec_scans import spec_scan
    from beamshell.plans.spec_style import (
        a2scan,
        ascan,
        d2scan,
        dmesh,
        dscan,
        lineup,
        loopscan,
        lup,
        mesh,
        th2th,
        timescan,
    )
    from beamshell.plans.spirals import (
        rel_spiral,
        rel_spiral_fermat,
        rel_spiral_square,
        spiral,
        spiral_fermat,
        spiral_square,
    )
    from beamshell.plans.spirals import rel_spiral as relative_spiral
    from beamshell.plans.spirals import rel_spiral_fermat as relative_spiral_fermat
    from beamshell.plans.unrun_plan_guard import PlanNotRun, plan
    from beamshell.plans.until import count_until, scan_until, time_scan

_MODULES = {
    "adaptive": (
        "adaptive_scan",
        "rel_adaptive_scan",
        "tune_centroid",
        "tweak",
    ),
    "alignment": (
        "AlignmentResult",
        "centre_on_peak",
        "find_edge",
        "knife_edge",
    ),
    "conditions": (
        "Condition",
        "Point",
        "above",
        "below",
        "settled",
    ),
    "flying": (
        "fly",
        "fly_path",
        "fly_scan",
        "ramp_plan",
    ),
    "grids": (
        "grid_scan",
        "list_grid_scan",
        "rel_grid_scan",
        "rel_list_grid_scan",
    ),
    "loops": (
        "Turn",
        "at_temperatures",
        "for_each_sample",
    ),
    "regions": (
        "region_scan",
        "xafs",
    ),
    "scans": (
        "count",
        "inner_product_scan",
        "list_scan",
        "log_scan",
        "rel_list_scan",
        "rel_log_scan",
        "rel_scan",
        "relative_inner_product_scan",
        "scan",
        "scan_nd",
        "x2x_scan",
    ),
    "scanspec_scans": ("spec_scan",),
    "spec_style": (
        "a2scan",
        "ascan",
        "d2scan",
        "dmesh",
        "dscan",
        "lineup",
        "loopscan",
        "lup",
        "mesh",
        "th2th",
        "timescan",
    ),
    "spirals": (
        "rel_spiral",
        "rel_spiral_fermat",
        "rel_spiral_square",
        "spiral",
        "spiral_fermat",
        "spiral_square",
    ),
    "unrun_plan_guard": (
        "PlanNotRun",
        "plan",
    ),
    "until": (
        "count_until",
        "scan_until",
        "time_scan",
    ),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}
_OLDER_NAMES = {  # which macros still use
    "relative_scan": "rel_scan",
    "relative_list_scan": "rel_list_scan",
    "relative_log_scan": "rel_log_scan",
    "relative_adaptive_scan": "rel_adaptive_scan",
    "relative_spiral": "rel_spiral",
    "relative_spiral_fermat": "rel_spiral_fermat",
    "outer_product_scan": "grid_scan",
    "relative_outer_product_scan": "rel_grid_scan",
}

__all__ = [
    "AlignmentResult",
    "Condition",
    "PlanNotRun",
    "Point",
    "Turn",
    "a2scan",
    "above",
    "adaptive_scan",
    "ascan",
    "at_temperatures",
    "below",
    "centre_on_peak",
    "count",
    "count_until",
    "d2scan",
    "dmesh",
    "dscan",
    "find_edge",
    "fly",
    "fly_path",
    "fly_scan",
    "for_each_sample",
    "grid_scan",
    "inner_product_scan",
    "knife_edge",
    "lineup",
    "list_grid_scan",
    "list_scan",
    "log_scan",
    "loopscan",
    "lup",
    "mesh",
    "outer_product_scan",
    "plan",
    "ramp_plan",
    "region_scan",
    "rel_adaptive_scan",
    "rel_grid_scan",
    "rel_list_grid_scan",
    "rel_list_scan",
    "rel_log_scan",
    "rel_scan",
    "rel_spiral",
    "rel_spiral_fermat",
    "rel_spiral_square",
    "relative_adaptive_scan",
    "relative_inner_product_scan",
    "relative_list_scan",
    "relative_log_scan",
    "relative_outer_product_scan",
    "relative_scan",
    "relative_spiral",
    "relative_spiral_fermat",
    "scan",
    "scan_nd",
    "scan_until",
    "settled",
    "spec_scan",
    "spiral",
    "spiral_fermat",
    "spiral_square",
    "th2th",
    "time_scan",
    "timescan",
    "tune_centroid",
    "tweak",
    "x2x_scan",
    "xafs",
]


def __getattr__(name: str) -> Any:
    current_name = _OLDER_NAMES.get(name, name)
    module = _MODULE_OF.get(current_name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), current_name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
