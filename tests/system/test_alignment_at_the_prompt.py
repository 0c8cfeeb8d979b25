"""Alignment, spectra and time scans typed at the real console on the demo beamline."""

from __future__ import annotations

import itertools
import math
import re

import pytest

from beamshell.ioc.physics import PEAK_CENTRE_DEG, PEAK_SIGMA_DEG
from beamshell.store import Runs

SPEED = 10.0
FWHM = 2 * math.sqrt(2 * math.log(2)) * PEAK_SIGMA_DEG


def test_align_finds_the_peak_and_the_last_scan_can_be_gone_to(console):
    console.do("mov th 0")
    number = console.next_scan
    output = "\n".join(map(console.do, ("align th -1 1 21 0.1", "cen", "peak", "com det")))
    run = Runs(console.data)[number]
    fit = run.table("fit")
    fitted = {key: float(fit[key][0]) for key in ("centre", "fwhm", "moved_from", "moved_to")}
    assert fitted["centre"] == pytest.approx(PEAK_CENTRE_DEG, abs=0.02)
    assert fitted["fwhm"] == pytest.approx(FWHM, rel=0.1)
    assert fitted["moved_from"] == pytest.approx(0.0, abs=0.01)
    assert fitted["moved_to"] == fitted["centre"]
    assert run.start["plan_form"] == "bp.centre_on_peak([det], th, -1, 1, 21, time=0.1)"
    moves = re.findall(r"^th: (\S+) -> (\S+) deg(.*)$", output, re.MULTILINE)
    assert [reason for _, _, reason in moves] == [
        "",
        f"  (centre of det, scan {number})",
        f"  (highest point of det, scan {number})",
        f"  (centre of mass of det, scan {number})",
    ]
    for _, there, _ in moves:
        assert float(there) == pytest.approx(PEAK_CENTRE_DEG, abs=0.06)
    for (_, there, _), (here, _, _) in itertools.pairwise(moves):
        assert float(here) == pytest.approx(float(there), abs=1e-3)


def test_where_there_is_no_peak_the_motor_is_back_and_the_reason_is_one_line(run_beamshell, data):
    finished = run_beamshell("-c", "mov samx 2; align samx -1 1 7 0.02")
    assert finished.returncode == 1
    (line,) = [line for line in (finished.stdout + finished.stderr).splitlines() if "goes back" in line]
    assert line.startswith("beamshell: det has no clear peak from 1.000 to 3.000 in samx [mm]")
    assert line.endswith("; samx goes back to 2.000 mm")
    (run,) = Runs(data)
    assert run.exit_status == "fail"


def test_a_lineup_and_an_edge_say_where_the_motor_went_and_what_was_seen(console):
    console.do("mov th 0")
    answer = console.do("lineup th 0 0.6 12 0.02")
    assert re.search(r"^th: 0.0000 -> 0.\d\d00 deg  \(highest point of det\)$", answer, re.MULTILINE), answer
    console.do("mov mono.energy 8.979")
    answer = " ".join(console.do("knife scaler mono.energy -0.02 0.02 21 0.05 field=scaler_foil/scaler_I0").split())
    assert re.search(r"beam: centre 8.97.*, (rises|falls) by \S+ from \S+ mono_energy: back at", answer), answer


def test_over_noise_no_motor_moves_until_one_insists_and_a_flat_signal_is_passed(console):
    console.do("mov th 0 samx 2")
    number = console.next_scan
    console.do("scan det samx -1 1 11")
    for word in ("cen", "peak", "com"):
        answer = " ".join(console.do(word).split())
        assert f"scan {number}: no clear peak in det (" in answer
        assert f"to insist: {word} anyway" in answer
    assert "(highest point of det" in console.do("peak anyway")
    console.do("scan scaler det th -0.5 1 16 0.05")
    assert "(centre of scaler_It" in console.do("cen")  # the monitor, I0, comes before it
    assert "(centre of scaler_It/scaler_I0" in " ".join(console.do("cen scaler_It/scaler_I0").split())
    assert "scaler_It has a peak and no dip: type cen" in " ".join(console.do("cen dip").split())


def test_a_spectrum_over_the_edge_of_the_foil(console):
    console.do("xafs scaler mono.energy 8979 -30:-10:10 -10:10:2 k_max=3 k_step=0.3 time=0.05 k_weight=1")
    spectrum = Runs(console.data)[-1]
    console.do("edge scaler mono.energy -0.02 0.02 5")
    assert Runs(console.data)[-1].start["uid"] != spectrum.start["uid"]
    assert spectrum.exit_status == "success", console.text()
    table = spectrum.table()
    energy = table["mono_energy"] * 1e3
    assert energy[0] == pytest.approx(8979 - 30, abs=0.2)
    assert energy[-1] == pytest.approx(8979 + 3.81 * 9, abs=0.2)
    transmitted = table["scaler_foil"] / table["scaler_I0"]
    assert transmitted[energy < 8970].min() > 2 * transmitted[energy > 8983].max()
    times = table["count_time"]
    assert times[0] == 0.05
    assert times[-1] == pytest.approx(0.05 * 3 / math.sqrt(10 / 3.80998), rel=1e-3)
    assert spectrum.start["e0_ev"] == 8979


def test_a_time_scan_keeps_its_pace(console):
    console.do("tscan det 1s 0.2")
    late = Runs(console.data)[-1].table()["late"]
    assert 2 <= len(late) <= 6  # a busy machine misses some, and leaves them out
    assert ((late >= 0) & (late < 0.2)).all()


def test_regions_are_scanned_each_with_its_step_and_count_time(console):
    console.do("regions th 0:0.2:0.1:0.02 0.2:1:0.4:0.01")
    table = Runs(console.data)[-1].table()
    assert list(table["th"].round(3)) == [0, 0.1, 0.2, 0.6, 1]
    assert list(table["count_time"]) == [0.02, 0.02, 0.02, 0.01, 0.01]


def test_what_no_scan_has_measured_cannot_be_gone_to(open_console):
    assert "this console has not scanned one motor yet: scan first" in open_console().do("cen")


def test_wrong_words_are_answered_in_one_line(console):
    console.do("mov th 0")
    answers = {
        "xafs mono.energy 8.979": "the first point would be at -141.021 eV: give e0 in eV (it is 8.979)",
        "xafs th 8979": "th is in deg: xafs needs an energy axis in eV or keV",
        "xafs mono.energy 8979 kmax=3": "'kmax=3' is not understood",
        "regions th 0:1": "'0:1' is not start:stop:step",
        "regions samx": "start:stop:step is missing",
        "tscan det ten": "no device 'ten'",
        "tscan 10 x": "'x' is not a time: write 90, 90s, 10min or 2h",
        "align th 80 91 5": "point 5 of 5: th: 91 deg is above the limit 90 deg",
    }
    for typed, answer in answers.items():
        assert answer in console.do(typed).replace("\n", ""), typed
