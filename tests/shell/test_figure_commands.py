"""`plotselect` and `savefig` at the prompt: what the plots show, and the figure at hand."""

from __future__ import annotations

import pytest

from beamshell.callbacks import figures
from beamshell.devices.sim import SynGauss
from beamshell.views.marks import Marks


@pytest.fixture(autouse=True)
def untouched_windows(monkeypatch):
    for name, value in {"marks": Marks(), "values": (), "earlier": (), "last": None}.items():
        monkeypatch.setattr(figures.windows, name, value)


@pytest.fixture(scope="module")
def scanned(module_prompt):
    """The numbers of two runs of this console."""
    module_prompt("scan det motor -1 1 5")
    module_prompt("scan det motor -1 1 5")
    return [run.scan_id for run in module_prompt.session.own_runs]


def lines(figure):
    return {line.get_label(): line for line in figure.axes[0].lines}


def test_alone_it_says_what_plots_show(scanned, typed):
    assert typed("plotselect") == "plots show the detectors of each scan\n"
    assert typed("plotselect det motor/det") == "plots show det, motor/det\n"
    assert typed("plotselect") == "plots show det, motor/det\n"
    assert typed("plotselect auto") == "plots show the detectors of each scan\n"


def test_earlier_runs_are_named_by_their_numbers(scanned, typed):
    assert typed(f"plotselect det over -1 {scanned[0]}") == f"plots show det over #{scanned[1]}, #{scanned[0]}\n"
    assert typed("plotselect over -1") == f"plots show the detectors of each scan over #{scanned[1]}\n"
    assert typed("plotselect det") == "plots show det\n"


def test_a_device_that_the_last_scan_has_not_read_can_be_chosen_for_the_next(scanned, typed):
    assert typed("plotselect th") == "plots show th\n"


class Counter(SynGauss):
    """A detector with a value of its own name, as a scaler has."""

    hints = {"fields": ["counter_It"]}


def test_a_value_that_a_device_records_can_be_chosen_before_the_first_scan_that_reads_it(scanned, prompt, typed):
    session = prompt.session
    session.registry.add(Counter(name="counter", motor=session.devices["th"], center=0, peak=1, sigma=1))
    session.names.set_devices(session.registry)
    assert typed("plotselect counter.it") == "plots show counter.it\n"
    assert "no value 'counter.i0'" in typed("plotselect counter.i0")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("plotselect dett", "no value 'dett': did you mean det?"),
        ("plotselect det/io", "no value 'io'"),
        ("plotselect 12", "'12' is no value: for run 12 write over 12"),
        ("plotselect det over", "scan number is missing"),
        ("plotselect det over last", "'last' is not the number of a run: write over -1 for the last one"),
        ("plotselect det over 99999", "no run has scan_id 99999"),
        ("savefig rocking curve", "'curve' is one word too many"),
        ("savefig picture.xyz", "'picture.xyz' is no name for a figure: it may end in .png, .pdf or .svg"),
    ],
)
def test_a_wrong_line_is_answered_by_what_is_wrong_and_changes_nothing(scanned, typed, line, answer):
    typed("plotselect motor")
    output = typed(line)
    assert answer in output
    assert "Traceback" not in output
    assert typed("plotselect") == "plots show motor\n"


def test_the_figure_at_hand_is_that_of_the_last_run_with_what_was_chosen(scanned, prompt, typed):
    typed(f"plotselect det over {scanned[0]}")
    figure = prompt("session.figure")
    assert f"#{scanned[0]}" in lines(figure)
    assert len(lines(figure)["det"].get_xdata()) == 5
    assert figure.axes[0].get_title().startswith(f"#{scanned[1]} scan det motor -1 1 5  success\n")


def test_a_figure_is_written_beside_the_data_and_never_over_another(scanned, prompt, typed):
    path = prompt.session.folder / "exports" / "rocking.png"
    assert typed("savefig rocking") == f"{path}\n"
    assert path.read_bytes().startswith(b"\x89PNG")
    assert "is there already: choose another name" in typed("savefig rocking")
    assert typed("savefig rocking.pdf") == f"{path.with_suffix('.pdf')}\n"
    assert path.with_suffix(".pdf").read_bytes().startswith(b"%PDF")
