"""`runs WORDS` and `find WORDS`: runs and typed lines by what a person remembers of them."""

from __future__ import annotations

import pytest

from beamshell.shell.commands import commands
from beamshell.shell.completion import candidates


@pytest.fixture(scope="module")
def scans(module_prompt):
    """Two scans of samples of their own, the second with a comment."""
    module_prompt("newsample Kryptonite holder=3")
    module_prompt("scan det th 0 1 2")
    module_prompt("newsample Unobtainium")
    module_prompt("scan det samx 0 1 2")
    module_prompt("comment the beam flickered")
    return tuple(run.scan_id for run in module_prompt.session.runs[-2:])


def test_runs_with_words_is_a_table_with_what_was_understood_as_its_foot(scans, typed):
    first, second = scans
    *_, row, foot = typed("runs today sample Kryptonite").splitlines()
    assert row.split()[0] == str(first)
    assert foot.startswith("1 run today (")
    assert foot.endswith(") with sample=Kryptonite")
    assert typed("runs -2..-1 flickered").splitlines()[1].split()[0] == str(second)


def test_runs_finds_what_was_said_later_and_no_more_what_was_taken_back(scans, typed):
    assert "1 run with flickered" in typed("runs flickered")
    typed("amend sample Vibranium")
    assert "1 run with sample=Vibranium" in typed("runs sample Vibranium")
    assert "no run with sample=Unobtainium" in typed("runs sample Unobtainium")
    typed("undo")
    assert "1 run with sample=Unobtainium" in typed("runs sample Unobtainium")


def test_numbers_of_runs_may_be_typed_as_people_write_them(scans, typed):
    first, second = scans
    for words in (f"{first}-{second}", f"{first}:{second} today", f"{first},{second}", f"#{first} #{second}"):
        *_, foot = typed(f"runs {words}").splitlines()
        assert foot.startswith("2 runs ")
    assert typed(f"runs #{first}").startswith(f"Run {first}: scan det th 0 1 2")
    assert typed("runs past hour -2..-1").splitlines()[-1].startswith("2 runs past hour (from ")


def test_nothing_found_names_the_word_without_which_there_would_be_something(scans, typed):
    answer = typed("runs today failed Kryptonite")
    assert answer.startswith("no run today (")
    assert answer.endswith("failed with Kryptonite; without 'failed' there is 1 run\n")


def test_a_number_is_one_run_point_by_point(scans, typed):
    first, _ = scans
    assert typed(f"runs {first}").startswith(f"Run {first}: scan det th 0 1 2")
    assert typed("runs -1").splitlines()[2].split()[:1] == ["1"]


def test_a_text_in_quotes_stands_so(scans, typed):
    assert "1 run with " in typed('runs "beam flickered"')
    assert "no run with " in typed('runs "flickered beam"')


def test_find_shows_where_the_words_stand_in_runs_and_in_typed_lines(scans, typed):
    _, second = scans
    typed("quasar = 'flickered'")
    _, *rows, foot = typed("find flicker*").splitlines()
    (run,) = [row for row in rows if "typed" not in row]
    assert run.split()[0] == str(second)
    assert run.endswith("comment: the beam flickered")
    assert rows[-1].endswith("typed    quasar = 'flickered'")
    assert foot.startswith("1 run and ")
    assert foot.endswith(" with flicker*")


def test_what_was_asked_is_no_answer(typed):
    typed("find zyzzyva")
    typed("runs zyzzyva")
    assert typed("find zyzzyva") == "no run with zyzzyva\n"


def test_a_typed_line_has_the_run_that_it_made(scans, prompt):
    first, _ = scans
    lines = prompt.session.runs.index.find_typed(prompt.session.runs.query('"scan det th"'), 5)
    assert (lines[-1].scan_id, lines[-1].line) == (first, "scan det th 0 1 2")


def test_the_runs_are_a_value_too(scans, prompt):
    first, second = scans
    assert [run.scan_id for run in prompt("x = runs sample Kryptonite\nx")][-1] == first
    assert [run.scan_id for run in prompt("runs('flickered')")] == [second]
    assert prompt(f"x = runs {first}\nx").scan_id == first


def test_the_index_is_made_again_by_one_command(scans, typed, prompt):
    assert typed("runs rebuild").startswith(f"{len(prompt.session.runs)} runs read again in ")
    assert "1 run with flickered" in typed("runs flickered")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("runs *", "'*' has no letter and no digit"),
        ("runs 20..12", "20..12 is the wrong way round: write 12..20"),
        ("runs 987654", "no run has scan_id 987654"),
        ("find *", "'*' has no letter and no digit"),
    ],
)
def test_a_wrong_line_is_answered_by_one_clear_line(typed, line, message):
    first, *usage = typed(line).splitlines()
    assert message in first
    assert not usage or usage[0].startswith("Usage: ")


def test_tab_offers_times_statuses_motors_samples_and_what_follows_a_word(scans, prompt):
    def offered(text):
        return candidates(text, commands(), prompt.session.devices)

    assert {"yesterday", "failed", "samx", "Kryptonite", "scan"} <= set(offered("runs "))
    assert {"week", "tuesday"} <= set(offered("runs last "))
    assert {"Kryptonite", "Unobtainium"} <= set(offered("runs today sample "))
    assert offered("runs sample Kry") == ["Kryptonite"]


def test_a_number_of_the_metadata_is_found_however_it_is_typed(typed, prompt):
    typed("newsample Wafer thickness=1e-5")
    typed("scan det th 0 1 2")
    number = prompt.session.runs[-1].scan_id
    for words in ("sample_thickness 1e-5", "sample_thickness=0.000010"):
        *_, row, foot = typed(f"runs {words}").splitlines()
        assert row.split()[0] == str(number)
        assert foot.startswith("1 run with sample_thickness=")
    assert "sample_thickness: 1e-05" in typed("find sample_thickness 0.000010")
    prompt.session.md.pop("sample_thickness")
