"""Images of grid scans that bluesky's own plans, engine and devices have made."""

from __future__ import annotations

import bluesky.plans as bp
import numpy as np
import pytest
from bluesky import RunEngine
from bluesky.plan_stubs import mv
from ophyd.sim import SynAxis, det

from beamshell.views.grid import grid_of

X, Y = SynAxis(name="x"), SynAxis(name="y")
UNEVEN = (Y, [3, 1, 9], X, [0, 5, 6, 1])
EVEN = (Y, 3, 1, 3, X, -1, 4, 4)


@pytest.fixture(scope="module")
def engine():
    engine = RunEngine({}, context_managers=[])
    engine(mv(X, 7.0, Y, -3.0))  # ophyd starts its threads, which live as long as the process
    yield engine
    engine.loop.call_soon_threadsafe(engine.loop.stop)
    engine._th.join()
    engine.loop.close()


@pytest.mark.parametrize(
    ("plan", "arguments", "rows", "columns"),
    [
        (bp.grid_scan, EVEN, [1, 2, 3], [-1, 2 / 3, 7 / 3, 4]),
        (bp.rel_grid_scan, EVEN, [-2, -1, 0], [6, 23 / 3, 28 / 3, 11]),
        (bp.list_grid_scan, UNEVEN, [1, 3, 9], [0, 1, 5, 6]),
        (bp.rel_list_grid_scan, UNEVEN, [-2, 0, 6], [7, 8, 12, 13]),
    ],
)
@pytest.mark.parametrize("snakes", [True, False])
def test_each_value_is_at_the_position_where_it_was_measured(engine, plan, arguments, rows, columns, snakes):
    documents = []
    engine(mv(X, 7.0, Y, -3.0))
    engine(plan([det], *arguments, snake_axes=snakes), lambda name, doc: documents.append((name, doc)))
    start = documents[0][1]
    descriptor = next(doc for name, doc in documents if name == "descriptor")
    for z, positions in (("x_setpoint", np.tile(columns, (3, 1))), ("y_setpoint", np.tile(rows, (4, 1)).T)):
        grid = grid_of(start, descriptor, z)
        for name, doc in documents:
            if name == "event":
                grid.add(doc)
        image = grid.image()
        assert image.x == pytest.approx(np.array(columns))
        assert image.y == pytest.approx(np.array(rows))
        assert image.values == pytest.approx(positions)
