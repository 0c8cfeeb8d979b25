"""Files written by the devices of ophyd and ophyd-async come back from our run store."""

from __future__ import annotations

from typing import Any

import numpy as np
import ophyd.sim
import pytest
from document_rules import check
from ophyd_async.core import StaticPathProvider, UUIDFilenameProvider
from ophyd_async.sim import PatternGenerator, SimBlobDetector

from beamshell import RunEngine
from beamshell.errors import RunEngineInterrupted
from beamshell.plans import count, stubs
from beamshell.plans.preprocessors import run_wrapper, stage_wrapper
from beamshell.store import Journal, Runs


@pytest.fixture
def runs(tmp_path):
    runs = Runs(tmp_path)
    yield runs
    runs.index.close()


@pytest.fixture
def RE(tmp_path):
    documents: list[tuple[str, dict[str, Any]]] = []
    engine, journal = RunEngine({}), Journal(tmp_path)
    engine.subscribe(journal, writer=True)
    engine.subscribe(lambda name, doc: documents.append((name, doc)))
    yield engine
    journal.close()
    check(documents)


def test_a_detector_of_ophyd_async_that_writes_hdf5(RE, runs, tmp_path):
    detector = SimBlobDetector(StaticPathProvider(UUIDFilenameProvider(), tmp_path), PatternGenerator(), name="blob")
    RE(count([detector], num=3))
    run = runs[-1]
    assert run.image_keys == ["blob", "blob-sum"]
    pictures = np.asarray(run.images("blob"))
    assert pictures.shape == (3, 240, 320)
    np.testing.assert_array_equal(np.asarray(run.images("blob-sum")), pictures.sum(axis=(1, 2)))
    np.testing.assert_array_equal(run.image("blob", 2), pictures[1])
    (file,) = run.files
    assert (file.points, file.exists) == (3, True)


def test_a_detector_of_ophyd_that_writes_a_file_a_point(RE, runs, tmp_path):
    frames = iter(np.arange(24).reshape(4, 2, 3))
    detector = ophyd.sim.SynSignalWithRegistry(lambda: next(frames), name="img", labels={"d"}, save_path=str(tmp_path))
    RE(count([detector], num=3))
    run = runs[-1]
    assert run.image_keys == ["img"]
    np.testing.assert_array_equal(
        np.asarray(run.images("img"))[:, 0, 0], [6, 12, 18]
    )  # it makes one when it is built, too
    assert len(run.files) == 3


def test_of_a_point_measured_again_after_a_pause_the_later_picture_counts(RE, runs, tmp_path):
    pattern = PatternGenerator()
    detector = SimBlobDetector(StaticPathProvider(UUIDFilenameProvider(), tmp_path), pattern, name="blob")

    def plan():
        yield from stubs.checkpoint()
        yield from stubs.trigger_and_read([detector])
        yield from stubs.pause()
        yield from stubs.trigger_and_read([detector])

    with pytest.raises(RunEngineInterrupted):
        RE(stage_wrapper(run_wrapper(plan()), [detector]))
    before = runs[-1].image("blob", 1)
    pattern.set_x(5.0)
    RE.resume()
    run = runs[-1]
    assert len(run.images("blob")) == 2
    assert not np.array_equal(run.image("blob", 1), before)
    np.testing.assert_array_equal(run.image("blob", 1), run.image("blob", 2))
