"""docs/how-to/extend/exporter.md does what it says, in a package of its own."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from tiny_package import installed

from beamshell.errors import StoreError
from beamshell.store import Journal, Runs

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "extend" / "exporter.md").read_text()
MODULE, USE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
(PROJECT,) = (tomllib.loads(text)["project"] for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))


@pytest.fixture
def our_formats(tmp_path):
    """The page's package, installed."""
    ((group, entries),) = PROJECT["entry-points"].items()
    ((name, function),) = entries.items()
    module, _, attribute = function.partition(":")
    (tmp_path / "site").mkdir()
    with installed(tmp_path / "site", module, MODULE, {group: {name: attribute}}):
        yield


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


def test_the_exporter_of_the_page_writes_its_file(our_formats, runs, tmp_path):
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
