"""What some plans were called before, for macros that were written then.

It knows nothing but names.
"""

from __future__ import annotations

from beamshell.plans.adaptive import rel_adaptive_scan
from beamshell.plans.grids import grid_scan, rel_grid_scan
from beamshell.plans.scans import rel_list_scan, rel_log_scan, rel_scan
from beamshell.plans.spirals import rel_spiral, rel_spiral_fermat

relative_scan = rel_scan
relative_list_scan = rel_list_scan
relative_log_scan = rel_log_scan
relative_adaptive_scan = rel_adaptive_scan
relative_spiral = rel_spiral
relative_spiral_fermat = rel_spiral_fermat
outer_product_scan = grid_scan
relative_outer_product_scan = rel_grid_scan
