"""Plans: experimental procedures as generators of messages."""

from beamshell.plans.scans import (
    count,
    grid_scan,
    list_scan,
    rel_grid_scan,
    rel_list_scan,
    rel_scan,
    scan,
)

__all__ = ["count", "grid_scan", "list_scan", "rel_grid_scan", "rel_list_scan", "rel_scan", "scan"]
