"""A spectrum and its regions, on the demo beamline's mca record; simulated time runs ten times as fast."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from beamshell import RunEngine
from beamshell.devices.epics.mca import EpicsMCA
from beamshell.devices.monochromator import Monochromator
from beamshell.devices.part import Kind
from beamshell.errors import BadValue, DeviceError, UnknownName
from beamshell.ioc.process import DemoIoc
from beamshell.plans import count
from beamshell.store import Journal, Runs

ROIS = {"Fe": [610, 670], "Cu": [775, 835]}


@pytest.fixture(scope="module")
def shared(demo_ioc: DemoIoc) -> EpicsMCA:
    mca = EpicsMCA("BL:mca1", name="mca", rois=ROIS)
    mca.wait_for_connection()
    return mca


@pytest.fixture
def mca(shared: EpicsMCA) -> Iterator[EpicsMCA]:
    shared.count_time.set(0.5).wait(5)
    yield shared
    shared.unstage()
    shared.stop()
    shared.live_preset.set(0).wait(5)
    shared.count_time.set(1).wait(5)


def test_a_count_leaves_a_spectrum_and_the_counts_of_its_regions(mca):
    mca.stage()
    mca.trigger().wait(10)
    values = {key: reading["value"] for key, reading in mca.read().items()}
    spectrum = values["mca_spectrum"]
    assert (spectrum.shape, spectrum.dtype.kind) == ((2048,), "i")
    assert values["mca_Fe"] == spectrum[610:671].sum() > 0
    assert values["mca_Cu"] == spectrum[775:836].sum() > 0
    assert values["mca_total"] == spectrum.sum()
    assert values["mca_real_time"] == 0.5 > values["mca_live_time"]
    assert 0 < values["mca_dead_time"] < 50


def test_what_it_records_is_described(mca):
    described = mca.describe()
    assert described.keys() == mca.read().keys()
    assert (described["mca_spectrum"]["dtype"], described["mca_spectrum"]["shape"]) == ("array", [2048])
    assert mca.hints == {"fields": ["mca_Fe", "mca_Cu"]}
    configuration = mca.read_configuration()
    assert configuration["mca_count_time"]["value"] == 0.5
    assert configuration["mca_energy_slope"]["value"] == 0.01


def test_regions_are_written_to_the_record_when_it_is_staged(mca, demo_ioc):
    other = EpicsMCA("BL:mca1", name="other", rois={"all": [0, 2047]})
    other.stage()
    other.trigger().wait(10)
    assert other.region("all").counts.get() == other.total.get()
    assert other.region("all").title.get() == "all"
    other.unstage()
    assert other.region("all").low.get() == 0
    mca.stage()
    assert (mca.region("Fe").low.get(), mca.region("Fe").high.get()) == (610, 670)


def test_one_that_is_read_only_writes_no_regions_and_takes_no_others_for_its_own(mca, demo_ioc):
    mca.stage()
    guest = EpicsMCA("BL:mca1", name="guest", rois=ROIS)
    guest.read_only = True
    assert guest.stage() == [guest, guest.region("Fe"), guest.region("Cu")]
    guest.unstage()
    other = EpicsMCA("BL:mca1", name="other", rois={"Ni": [700, 800]})
    other.read_only = True
    with pytest.raises(
        DeviceError, match=r"other_Ni: the record has channels \[610, 670\] and the device file \[700, 800\]"
    ):
        other.stage()
    assert mca.region("Fe").low.get() == 610


def test_which_regions_are_shown_can_be_chosen(demo_ioc):
    mca = EpicsMCA("BL:mca1", name="mca", rois=ROIS, hinted=["Cu"])
    assert mca.hints == {"fields": ["mca_Cu"]}
    assert "mca_Fe" in mca.read()
    assert EpicsMCA("BL:mca1", name="mca").hints == {"fields": ["mca_total"]}
    mca.region("Fe").kind = Kind.omitted
    assert "mca_Fe" not in mca.read()


def test_the_energies_are_those_of_the_calibration(mca):
    np.testing.assert_allclose(mca.energies[[0, 640]], [0, 6.40])
    assert len(mca.energies) == 2048
    assert mca.energy_unit.get() == "keV"
    mca.stage()
    mca.count_time.set(5).wait(5)
    mca.trigger().wait(10)
    brightest = mca.energies[np.argmax(mca.spectrum.get())]
    mono = Monochromator("BL:mono", name="mono")
    mono.wait_for_connection()
    elastic_kev = mono.energy.position
    assert min(abs(brightest - line) for line in (6.40, 8.05, elastic_kev)) < 0.05


def test_a_live_time_is_counted_to_its_end(mca):
    mca.count_time.set(0).wait(5)
    mca.live_preset.set(0.5).wait(5)
    mca.trigger().wait(10)
    assert mca.live_time.get() == pytest.approx(0.5, rel=0.02)


def test_without_a_preset_it_is_refused_to_count_for_ever(mca):
    mca.count_time.set(0).wait(5)
    with pytest.raises(DeviceError, match=r"^mca: it has no preset time .*mca.count_time.set\(1\)"):
        mca.trigger()


def test_a_count_that_was_cut_short_has_failed_and_the_next_works(mca):
    mca.count_time.set(1000).wait(5)
    status = mca.trigger()
    time.sleep(0.1)
    mca.stop()
    with pytest.raises(DeviceError, match=r"^mca: the count was stopped$"):
        status.wait(5)
    mca.count_time.set(0.2).wait(5)
    mca.trigger().wait(10)
    assert mca.real_time.get() == 0.2


@pytest.mark.parametrize("channels", [[610], [670, 610], [-1, 5], "610 670", [1.5, 3], 7])
def test_a_region_that_is_no_pair_of_channels_is_named(demo_ioc, channels):
    with pytest.raises(BadValue, match=r"^mca: region Fe: .* is no pair of channels: write"):
        EpicsMCA("BL:mca1", name="mca", rois={"Fe": channels})


def test_too_many_regions_and_unknown_ones_are_named(mca):
    with pytest.raises(BadValue, match="11 regions are too many, the record has 10"):
        EpicsMCA("BL:mca1", name="mca", rois={f"r{i}": [0, 1] for i in range(11)})
    with pytest.raises(UnknownName, match="mca has no region 'Fee': did you mean Fe"):
        mca.region("Fee")
    with pytest.raises(UnknownName, match="no region 'Ni'"):
        EpicsMCA("BL:mca1", name="mca", rois=ROIS, hinted=["Ni"])


def test_spectra_come_back_from_the_run_as_one_array(mca, tmp_path):
    engine, journal, runs = RunEngine({}), Journal(tmp_path), Runs(tmp_path)
    engine.subscribe(journal, writer=True)
    engine(count([mca], num=3))
    table = runs[-1].table()
    assert table["mca_spectrum"].shape == (3, 2048)
    np.testing.assert_array_equal(table["mca_spectrum"][:, 610:671].sum(axis=1), table["mca_Fe"])
    journal.close()
    runs.index.close()
