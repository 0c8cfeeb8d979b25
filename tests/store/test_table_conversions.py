"""Tables as other libraries have them: pandas, polars, xarray."""

from __future__ import annotations

import datetime
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from beamshell.errors import MissingLibrary
from beamshell.store.table import table_of

UTC = datetime.UTC


def described(dtype, units="", **more):
    return {"source": "sim", "dtype": "number", "shape": [], "dtype_numpy": dtype, "units": units, **more}


def run_of(rows, keys, motors=(), numbers=None, **start):
    """The documents of a run whose points are dicts."""
    hints = {"dimensions": [[[motor], "primary"] for motor in motors] or [[["time"], "primary"]]} | start.pop(
        "hints", {}
    )
    yield "start", {"uid": "r", "time": 0.0, "scan_id": 1, "motors": list(motors), "hints": hints, **start}
    yield "descriptor", {"uid": "d", "run_start": "r", "name": "primary", "data_keys": keys}
    for index, data in enumerate(rows):
        number = numbers[index] if numbers else index + 1
        yield "event", {"descriptor": "d", "seq_num": number, "time": 1.7e9 + index / 2, "data": data}


def table(*args, **kwargs):
    return table_of(run_of(*args, **kwargs), "primary")


KEYS = {"th": described("<f8", "deg"), "det": described("<i8", "counts"), "name": {"dtype_numpy": "<U40"}}
ROWS = [{"th": 0.5, "det": 7, "name": "a"}, {"th": 0.6, "det": 2**60 + 1, "name": "β"}]


@pytest.fixture
def scan():
    return table(ROWS, KEYS, ["th"])


# ---- a dict of columns --------------------------------------------------------------------------


def test_a_table_is_a_dict_of_its_columns(scan):
    assert list(scan) == list(scan.keys()) == ["seq_num", "time", "th", "det", "name"] == scan.columns
    assert len(scan) == 5
    assert scan.num_points == 2
    assert scan.get("det").tolist() == [7, 2**60 + 1]
    assert scan.get("gone") is None
    assert dict(scan.items()).keys() == scan.keys()
    assert [column.tolist() for column in scan.values()][2] == [0.5, 0.6]


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_a_frame_of_a_table_has_its_columns_and_its_rows(scan, frame):
    made = frame(scan)
    assert list(made.columns) == scan.columns
    assert made.shape == (2, 5)
    assert list(made["det"]) == [7, 2**60 + 1]
    assert list(made["name"]) == ["a", "β"]


def test_a_dataset_is_made_of_the_items_of_a_table(scan):
    made = xr.Dataset({name: ("point", column) for name, column in scan.items()})
    assert made.sizes == {"point": 2}
    assert made["det"].values.tolist() == [7, 2**60 + 1]


def test_missing_integers_are_missing_in_a_frame():
    gaps = table([{"det": 65535}, {}], {"det": described("<u2")})
    assert pl.DataFrame(gaps)["det"].to_list() == [65535, None]
    assert pd.DataFrame(gaps)["det"].isna().tolist() == [False, True]


def test_polars_takes_columns_of_arrays():
    spectra = table([{"mca": [1, 2, 3]}, {"mca": [4, 5, 6]}], {"mca": described("<i8", shape=[3])})
    assert pl.DataFrame(spectra)["mca"].to_list() == [[1, 2, 3], [4, 5, 6]]


# ---- pandas -------------------------------------------------------------------------------------


def test_a_frame_of_pandas_has_the_numbers_as_index_times_in_utc_and_the_units(scan):
    frame = scan.to_pandas()
    assert frame.index.name == "seq_num"
    assert frame.index.tolist() == [1, 2]
    assert frame["time"].tolist() == [datetime.datetime.fromtimestamp(1.7e9 + k / 2, UTC) for k in range(2)]
    assert frame.attrs["units"] == {"th": "deg", "det": "counts"}
    assert frame["det"].dtype == np.int64
    assert frame["det"].tolist() == [7, 2**60 + 1]


def test_integers_with_gaps_stay_exact_in_pandas():
    top = 2**64 - 1
    frame = table([{"det": top, "on": True}, {}], {"det": described("<u8"), "on": described("|b1")}).to_pandas()
    assert frame["det"].dtype == pd.UInt64Dtype()
    assert frame["det"].tolist() == [top, pd.NA]
    assert frame["on"].tolist() == [True, pd.NA]


def test_arrays_and_odd_values_are_objects_in_pandas():
    keys = {"mca": described("<i8", shape=[2]), "odd": {}, "big": {}, "text": {}}
    rows = [
        {"mca": [1, 2], "odd": None, "big": 2**70, "text": "\ud800"},
        {"mca": [3, 4], "odd": [1], "big": 1, "text": "b"},
    ]
    frame = table(rows, keys).to_pandas()
    assert [list(value) for value in frame["mca"]] == [[1, 2], [3, 4]]
    assert frame["odd"][1] is None
    assert frame["odd"][2].tolist() == [1]
    assert frame["big"].tolist() == [2**70, 1]
    assert frame["text"].tolist() == ["\ud800", "b"]


def test_a_table_without_points_makes_an_empty_frame():
    assert table([], KEYS).to_pandas().columns.tolist() == ["time", "th", "det", "name"]


def test_a_time_that_no_datetime_can_be_is_missing():
    documents = list(run_of([{}, {}, {}], {}))
    for (_, event), time in zip(documents[2:], (float("nan"), float("inf"), 1e300), strict=True):
        event["time"] = time
    odd = table_of(documents, "primary")
    assert odd.to_pandas()["time"].isna().all()
    assert np.isnat(odd.to_xarray()["seq_num"]["time"].values).all()


# ---- xarray -------------------------------------------------------------------------------------


def test_a_dataset_of_a_scan_has_its_motor_as_dimension_and_units(scan):
    made = scan.to_xarray()
    assert dict(made.sizes) == {"th": 2}
    assert made["det"].sel(th=0.6).item() == 2**60 + 1
    assert (made["th"].attrs, made["det"].attrs) == ({"units": "deg"}, {"units": "counts"})
    assert set(made.coords) == {"th", "time", "seq_num"}
    assert made["time"].values[0] == np.datetime64("2023-11-14T22:13:20")


def test_motors_that_moved_together_are_coordinates_of_one_dimension():
    keys = {"th": described("<f8"), "tth": described("<f8")}
    hints = {"dimensions": [[["th", "tth"], "primary"]]}
    made = table([{"th": 0, "tth": 0}, {"th": 1, "tth": 2}], keys, hints=hints).to_xarray()
    assert made["tth"].dims == ("th",)
    assert "tth" in made.coords


def test_what_no_motor_was_moved_for_lies_along_the_time():
    made = table([{"det": 1}, {"det": 2}], {"det": described("<i8")}).to_xarray()
    assert made["det"].dims == ("time",)
    assert made["seq_num"].values.tolist() == [1, 2]


SNAKED = {"shape": [2, 3], "snaking": [False, True], "extents": [[0, 1], [0, 2]], "hints": {"gridding": "rectilinear"}}
GRID_KEYS = {name: described("<f8", "mm") for name in ("samy", "samx")} | {
    "det": described("<i8"),
    "mca": described("<i8", shape=[2]),
    "name": {},
}
VISITED = [(0, 0), (0, 1), (0, 2), (1, 2), (1, 1), (1, 0)]


def snaked(points=6, **more):
    rows = [{"samy": y, "samx": x, "det": 10 * y + x, "mca": [y, x], "name": f"{y}{x}"} for y, x in VISITED[:points]]
    return table(rows, GRID_KEYS, ["samy", "samx"], **(SNAKED | more))


def test_a_snaked_grid_lies_as_it_is_in_space():
    made = snaked().to_xarray()
    assert dict(made.sizes) == {"samy": 2, "samx": 3, "mca_dim_0": 2}
    assert made["det"].values.tolist() == [[0, 1, 2], [10, 11, 12]]
    assert made["det"].dtype == np.int64
    assert made["det"].sel(samy=1, samx=2).item() == 12
    assert made["mca"].dims == ("samy", "samx", "mca_dim_0")
    assert made["mca"].sel(samy=1, samx=2).values.tolist() == [1, 2]
    assert made["samx"].attrs == {"units": "mm"}
    assert made["samx_readback"].values.tolist() == [[0, 1, 2], [0, 1, 2]]
    assert made["seq_num"].values.tolist() == [[1, 2, 3], [6, 5, 4]]


def test_cells_of_an_interrupted_grid_are_nan_and_have_their_positions():
    made = snaked(4).to_xarray()
    np.testing.assert_array_equal(made["det"].values, [[0, 1, 2], [np.nan, np.nan, 12]])
    assert made["name"].isnull().values.tolist() == [[False] * 3, [True, True, False]]
    assert made["name"].values[[0, 0, 0, 1], [0, 1, 2, 2]].tolist() == ["00", "01", "02", "12"]
    assert np.isnat(made["time"].values).tolist() == [[False] * 3, [True, True, False]]
    assert np.isnan(made["mca"].values[1, 0]).all()
    only_one = snaked(1).to_xarray()
    assert (only_one["samy"].values.tolist(), only_one["samx"].values.tolist()) == ([0, 1], [0, 1, 2])


def test_integers_beyond_the_floats_stay_exact_in_an_interrupted_grid():
    rows = [{"samy": 0.0, "samx": 0.0, "det": 2**60 + 1}]
    made = table(rows, GRID_KEYS, ["samy", "samx"], **SNAKED).to_xarray()
    assert made["det"].values[0].tolist() == [2**60 + 1, None, None]


def test_a_grid_with_gaps_in_a_column_of_integers_is_nan_there():
    rows = [{"samy": y, "samx": x} | ({"det": 5} if x else {}) for y, x in VISITED]
    made = table(rows, GRID_KEYS, ["samy", "samx"], **SNAKED).to_xarray()
    np.testing.assert_array_equal(made["det"].values, [[np.nan, 5, 5]] * 2)
    line = table([{"th": 0, "det": 1}, {"th": 1}], KEYS, ["th"]).to_xarray()
    np.testing.assert_array_equal(line["det"].values, [1, np.nan])


def test_the_dimensions_of_an_array_have_the_names_that_its_detector_gives():
    keys = {"th": described("<f8"), "mca": described("<i8", shape=[2], dims=["channel"])}
    made = table([{"th": 0, "mca": [1, 2]}, {"th": 1, "mca": [3, 4]}], keys, ["th"]).to_xarray()
    assert made["mca"].dims == ("th", "mca_channel")


def test_a_motor_whose_key_is_its_readback_gives_its_axis_the_motors_name():
    keys = {"samy_readback": described("<f8"), "samx": described("<f8"), "samx_readback": described("<f8")}
    rows = [{"samy_readback": y, "samx": x, "samx_readback": 9.0} for y, x in VISITED]
    made = table(rows, keys, ["samy_readback", "samx"], **SNAKED).to_xarray()
    assert set(made.dims) == {"samy", "samx"}
    assert made["samx_readback_"].values.tolist() == [[0, 1, 2], [0, 1, 2]]
    assert made["samy_readback"].values.tolist() == [[0, 0, 0], [1, 1, 1]]


def test_a_dataset_goes_into_a_file_and_back(tmp_path):
    pytest.importorskip("scipy")
    made = snaked().to_xarray().drop_vars("name")
    made.to_netcdf(tmp_path / "grid.nc", engine="scipy")
    with xr.open_dataset(tmp_path / "grid.nc", engine="scipy") as read:
        assert read["det"].values.tolist() == made["det"].values.tolist()
        assert read["samx"].attrs["units"] == "mm"


@pytest.mark.parametrize(("library", "convert"), [("pandas", "to_pandas"), ("xarray", "to_xarray")])
def test_a_library_that_is_not_installed_is_named_with_what_brings_it(scan, monkeypatch, library, convert):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingLibrary, match=rf'{library} is not installed: pip install "beamshell\[tables\]"'):
        getattr(scan, convert)()


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
cells = scalars | st.lists(st.floats(), min_size=2, max_size=2)


@given(
    st.lists(st.tuples(st.integers(1, 6), st.dictionaries(st.sampled_from("ab"), cells)), max_size=6),
    st.sampled_from([None, "<f8", "<u2", "|b1", "<U40"]),
)
def test_every_table_can_be_converted_and_keeps_its_values(points, dtype):
    keys = {key: {"dtype_numpy": dtype} if dtype else {} for key in "ab"}
    numbers = [number for number, _ in points]
    for motors, more in (([], {}), (["a"], {}), (["a", "b"], {"shape": [2, 3], "snaking": [False, True]})):
        made = table([data for _, data in points], keys, motors, numbers=numbers, **more)
        frame, dataset = made.to_pandas(), made.to_xarray()
        assert frame.index.tolist() == made["seq_num"].tolist()
        for key in "ab":
            for value, kept in zip(made[key].tolist(), frame[key].tolist(), strict=True):
                assert is_same(value, kept)
        assert set(numbers) == {int(n) for n in np.ravel(dataset["seq_num"].values) if n == n}


def is_same(value, kept):
    if isinstance(kept, np.ndarray):
        return repr(np.asarray(value).tolist()) == repr(kept.tolist())
    is_gap = value is None or value != value
    return bool(pd.isna(kept)) if is_gap else value == kept
