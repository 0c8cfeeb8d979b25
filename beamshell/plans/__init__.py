"""Plans: experimental procedures as generators of messages."""

from beamshell.plans.adaptive import adaptive_scan, rel_adaptive_scan, tune_centroid, tweak
from beamshell.plans.flying import fly, ramp_plan
from beamshell.plans.grids import grid_scan, list_grid_scan, rel_grid_scan, rel_list_grid_scan
from beamshell.plans.planned import PlanNotRun, plan
from beamshell.plans.regions import region_scan, xafs
from beamshell.plans.rehearsal import Overheads, check_limits, rehearse, summarize_plan
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
from beamshell.plans.spec import a2scan, ascan, d2scan, dmesh, dscan, lineup, loopscan, lup, mesh, th2th, timescan
from beamshell.plans.spirals import (
    rel_spiral,
    rel_spiral_fermat,
    rel_spiral_square,
    spiral,
    spiral_fermat,
    spiral_square,
)

__all__ = [
    "Overheads",
    "PlanNotRun",
    "a2scan",
    "adaptive_scan",
    "ascan",
    "check_limits",
    "count",
    "d2scan",
    "dmesh",
    "dscan",
    "fly",
    "grid_scan",
    "inner_product_scan",
    "lineup",
    "list_grid_scan",
    "list_scan",
    "log_scan",
    "loopscan",
    "lup",
    "mesh",
    "plan",
    "ramp_plan",
    "region_scan",
    "rehearse",
    "rel_adaptive_scan",
    "rel_grid_scan",
    "rel_list_grid_scan",
    "rel_list_scan",
    "rel_log_scan",
    "rel_scan",
    "rel_spiral",
    "rel_spiral_fermat",
    "rel_spiral_square",
    "relative_inner_product_scan",
    "scan",
    "scan_nd",
    "spiral",
    "spiral_fermat",
    "spiral_square",
    "summarize_plan",
    "th2th",
    "timescan",
    "tune_centroid",
    "tweak",
    "x2x_scan",
    "xafs",
]
