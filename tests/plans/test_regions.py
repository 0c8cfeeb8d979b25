"""region_scan and xafs: where they go, how long they count, what they say of themselves."""

from types import SimpleNamespace

import document_rules
import pytest
from virtual_world import VirtualDetector, VirtualMotor, VirtualSignal, VirtualWorld

from beamshell import plans as bp
from beamshell.errors import LimitError, PlanError
from beamshell.plans.region_points import electron_energy
from beamshell.simulate import rehearse


class Timer(VirtualSignal):
    """A count time that is written down each time it is set."""

    def set(self, value):
        self.did(f"set {value:g}")
        self.value = value
        return self.status_in(0.0)


class Energy(VirtualMotor):
    units = "keV"

    def check_value(self, value):
        if value > 10:
            raise LimitError(f"{self.name}: {value:g} keV is above the limit 10 keV")


@pytest.fixture
def here():
    world = VirtualWorld()
    energy = Energy(world, "energy", speed=1000.0)
    energy.position = energy.target = 8.0
    det = VirtualDetector(world, "det", motor=energy, time=0.0)
    det.count_time = Timer(world, "det_count_time", value=0.3)
    return SimpleNamespace(world=world, energy=energy, det=det)


def column(world, key):
    return [data[key] for data in world.final_data().values()]


def start_of(world):
    return next(doc for name, doc in world.docs if name == "start")


def failing(world, plan):
    core = world.run(plan)
    return core.error


def test_regions_are_scanned_with_their_own_steps_and_the_boundary_once(here):
    here.world.run(bp.region_scan([here.det], here.energy, [(0, 1, 0.5), (1, 5, 2)]))
    document_rules.check(here.world.docs)
    assert column(here.world, "energy") == [0, 0.5, 1, 3, 5]
    start = start_of(here.world)
    assert start["plan_name"] == "region_scan"
    assert start["num_points"] == 5
    assert start["plan_args"]["regions"] == [[0, 1, 0.5], [1, 5, 2]]
    assert start["hints"] == {"dimensions": [(["energy"], "primary")]}
    assert "count_time" not in here.world.final_data()[1]
    assert here.det.count_time.log == []


def test_each_region_counts_for_its_own_time_which_is_recorded_and_put_back(here):
    here.world.run(bp.region_scan([here.det], here.energy, [(0, 1, 0.5, 0.1), (1, 5, 2, 2)]))
    assert column(here.world, "count_time") == [0.1, 0.1, 0.1, 2, 2]
    assert here.det.count_time.log == ["set 0.1", "set 2", "set 0.3"]


def test_a_spectrum_is_measured_in_the_units_of_the_axis(here):
    here.world.run(bp.xafs([here.det], here.energy, 8979, [(-100, 20, 60)], k_max=4.0, k_step=1.0))
    document_rules.check(here.world.docs)
    k_first = (20 / electron_energy(1.0)) ** 0.5
    above = [electron_energy(k) / 1e3 for k in ((k_first + 4.0) / 2, 4.0)]
    assert column(here.world, "energy") == pytest.approx([8.879, 8.939, 8.999, *(8.979 + e for e in above)])
    assert start_of(here.world)["e0_ev"] == 8979.0
    assert start_of(here.world)["motors"] == ("energy",)


def test_the_time_grows_with_k_and_comes_back_when_the_scan_fails(here):
    here.det.faults["trigger"] = [RuntimeError("lost")]
    plan = bp.xafs([here.det], here.energy, 8979, [(-10, 20, 10)], k_max=5, k_step=1, time=1, k_weight=1)
    assert failing(here.world, plan) is not None
    assert here.det.count_time.log == ["set 1", "set 0.3"]


def test_a_point_beyond_a_limit_is_named_before_anything_moves(here):
    error = failing(here.world, bp.xafs([here.det], here.energy, 9900, [(-100, 200, 50)], time=1))
    assert isinstance(error, LimitError)
    assert str(error) == "point 6 of 7: energy: 10.05 keV is above the limit 10 keV"
    assert "set" not in here.energy.log
    assert here.world.docs == []


def test_an_edge_in_kev_and_an_axis_without_energy_are_refused(here):
    with pytest.raises(PlanError, match=r"the first point would be at -141.021 eV: give e0 in eV \(it is 8.979\)"):
        raise failing(here.world, bp.xafs([here.det], here.energy, 8.979))
    here.energy.units = "deg"
    with pytest.raises(PlanError, match="energy is in deg: xafs needs an energy axis"):
        raise failing(here.world, bp.xafs([here.det], here.energy, 8979))


def test_a_detector_without_a_count_time_cannot_be_given_one(here):
    del here.det.count_time
    with pytest.raises(PlanError, match="det has no count time"):
        raise failing(here.world, bp.xafs([here.det], here.energy, 8979, time=1))


def test_a_rehearsal_of_many_count_times_is_still_short(here):
    text = str(rehearse(bp.xafs([here.det], here.energy, 8979, k_max=8, time=1, k_weight=1)))
    assert "det_count_time is set to " in text
    assert max(map(len, text.splitlines())) < 120
