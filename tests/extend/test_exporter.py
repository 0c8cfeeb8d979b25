"""docs/how-to/extend/exporter.md does what it says, in a package of its own."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from beamshell import plugins
from beamshell.errors import StoreError
from beamshell.store import Journal, Runs

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "extend" / "exporter.md").read_text()
MODULE, USE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(PROJECT,) = (tomllib.loads(text)["project"] for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The package of the page, installed."""
    package = tmp_path / "site" / "our_formats"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(MODULE)
    info = package.parent / "our_formats-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {PROJECT['name']}\nVersion: {PROJECT['version']}\n")
    ((group, entries),) = PROJECT["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {function}" for name, function in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(package.parent))
    plugins.entry_points_of.cache_clear()
    yield
    plugins.entry_points_of.cache_clear()


@pytest.fixture
def runs(tmp_path):
    journal = Journal(tmp_path)
    journal("start", {"uid": "u", "time": 1.7e9, "scan_id": 12})
    journal("descriptor", {"uid": "d", "run_start": "u", "time": 1.7e9, "name": "primary", "data_keys": {"det": {}}})
    for number in (1, 2):
        data = {"det": 10 * number}
        journal("event", {"uid": "e", "descriptor": "d", "time": 1.7e9, "seq_num": number, "data": data})
    journal.close()  # the run is still open
    runs = Runs(tmp_path)
    yield runs
    runs.index.close()


def test_the_exporter_of_the_page_writes_its_file(installed, runs, tmp_path):
    names = {"runs": runs, "folder": tmp_path / "out"}
    exec(USE, names)
    (path,) = names["files"]
    with np.load(path) as arrays:
        np.testing.assert_array_equal(arrays["det"], [10, 20])
    with pytest.raises(StoreError, match="exists already"):
        exec(USE, names)


def test_all_that_the_page_says_of_a_run_is_there(runs):
    run = runs[-1]
    for name in re.findall(r"`run\.(\w+)", PAGE):
        assert hasattr(run, name)
    assert run.table("primary").units["det"] == ""
