"""The names of exported files: readable, and never outside their folder."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.errors import UsageError
from beamshell.store.exports.names import A_DAY, A_RUN, FIELDS, file_name

START = {"uid": "1a2b3c4d-5e6f", "scan_id": 12, "time": 1.7e9, "plan_name": "scan", "sample": "LaB6", "proposal": "P-1"}


def test_a_run_has_a_name_of_its_own():
    assert file_name(A_RUN, START) == "000012_1a2b3c4d"


def test_the_runs_of_a_day_have_the_same_name():
    day, later = (file_name(A_DAY, START | {"time": moment}) for moment in (1.7e9, 1.7e9 + 60))
    assert day == later == "2023-11-14"


def test_fields_have_formats_and_a_slash_makes_a_folder():
    assert file_name("{proposal}/{date:%Y%m%d}_{plan}_{scan_id}", START) == "P-1/20231114_scan_12"


def test_of_a_sample_with_several_facts_the_name_is_taken():
    assert file_name("{sample}", START | {"sample": {"name": "Si", "mass": 1}}) == "Si"


def test_what_a_run_does_not_have_is_said_in_its_name():
    assert (
        file_name("{scan_id:06d}_{operator}_{sample}", {"uid": "u", "sample": ""}) == "unnumbered_no_operator_no_sample"
    )


def test_another_key_of_the_metadata_may_be_named_too():
    assert file_name("{temperature:.0f}K", START | {"temperature": 300.2}) == "300K"


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{sampel}", r"the run has no sampel: did you mean sample\?"),
        ("{sample", "is not understood"),
        ("{}", "a field is like"),
        ("{0}", "a field is like"),
        ("{sample.__class__}", "a field is like"),
        ("{sample!r}", "a field is like"),
        ("{sample:06d}", "not to be written as ':06d'"),
        ("{scan_id:99999999999}", "a field is like"),
        ("../..", "is empty for this run"),
        ("", "is empty for this run"),
    ],
)
def test_a_wrong_template_is_refused_with_the_reason(template, reason):
    with pytest.raises(UsageError, match=reason):
        file_name(template, START)


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        ("Fe/Cu #3", "Fe_Cu_3"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("-rf *", "rf_"),
        (".hidden", "hidden"),
        ("Größe 5 µm", "Größe_5_µm"),
        ("a\0b\nc\udc00", "a_b_c_"),
    ],
)
def test_odd_characters_are_made_safe(sample, name):
    assert file_name("{sample}", START | {"sample": sample}) == name


@given(
    st.text(st.characters(), max_size=300),
    st.sampled_from(["{sample}", "a/{sample}", "{sample}/{sample}", "{sample}/.."]),
)
def test_a_name_never_leaves_its_folder_and_is_never_too_long(sample, template):
    try:
        name = file_name(template, START | {"sample": sample})
    except UsageError:  # nothing of it is left
        return
    path = PurePosixPath(name)
    assert not path.is_absolute()
    assert str(path) == name
    for part in path.parts:
        assert part[0] not in ".-"
        assert len(part.encode("utf-8")) <= 160
        assert part.isprintable()


@given(st.text(st.characters(), max_size=30))
def test_a_template_is_a_name_or_is_refused(template):
    try:
        assert file_name(template, START)
    except UsageError:
        return


def test_every_field_can_be_named_of_any_run():
    template = "_".join(f"{{{field}}}" for field in FIELDS)
    assert file_name(template, {"uid": "u"}) == "unnumbered_u_no_plan_no_sample_no_proposal_no_operator_no_date_no_time"
