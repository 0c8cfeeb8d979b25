"""Where each point lies in files is found in the documents alone, in both of their styles."""

from __future__ import annotations

import pytest

from beamshell.errors import StoreError
from beamshell.store.frame_locations import FrameLocations, moved_path, recorded_path

CAM = {"source": "", "dtype": "array", "shape": [1, 4, 5], "external": "STREAM:"}


def descriptor(uid="d", stream="primary", **keys):
    data_keys = keys or {"cam_image": CAM, "det": {"source": "", "dtype": "number", "shape": []}}
    objects = {"cam": [key for key in data_keys if key.startswith("cam")], "det": ["det"]}
    return "descriptor", {"uid": uid, "name": stream, "data_keys": data_keys, "object_keys": objects}


def resource(uid="r", key="cam_image", path="/data/a.h5"):
    uri = f"file://localhost{path}"
    return "stream_resource", {
        "uid": uid, "data_key": key, "mimetype": "application/x-hdf5", "uri": uri, "parameters": {"dataset": "/x"},
    }  # fmt: skip


def datum(indices, seq_nums, resource="r", descriptor="d"):
    return "stream_datum", {
        "uid": f"{resource}/{indices}", "stream_resource": resource, "descriptor": descriptor,
        "indices": {"start": indices[0], "stop": indices[1]}, "seq_nums": {"start": seq_nums[0], "stop": seq_nums[1]},
    }  # fmt: skip


def where(frames, stream="primary", key="cam_image"):
    """By point, file and place in it."""
    requests = {number: location.request({}) for number, location in frames.locations(stream, key).items()}
    return {number: (str(request.path), request.number) for number, request in requests.items()}


def test_a_range_of_a_stream_is_its_points():
    frames = FrameLocations([descriptor(), resource(), datum((0, 2), (1, 3)), datum((2, 3), (3, 4))])
    assert where(frames) == {1: ("/data/a.h5", 0), 2: ("/data/a.h5", 1), 3: ("/data/a.h5", 2)}
    request = frames.locations("primary", "cam_image")[2].request({})
    assert request.parameters == {"dataset": "/x"}
    assert request.shape == (1, 4, 5)
    assert frames.locations("primary", "cam_image")[1].kind == "application/x-hdf5"


def test_of_a_point_measured_again_the_last_counts():
    frames = FrameLocations([descriptor(), resource(), datum((0, 2), (1, 3)), datum((2, 4), (2, 4))])
    assert where(frames) == {1: ("/data/a.h5", 0), 2: ("/data/a.h5", 2), 3: ("/data/a.h5", 3)}


def test_a_run_may_have_several_files_and_descriptors():
    frames = FrameLocations(
        [
            descriptor(),
            resource("r1"),
            datum((0, 1), (1, 2), "r1"),
            descriptor("d2"),
            resource("r2", path="/data/b.h5"),
            datum((0, 1), (2, 3), "r2", "d2"),
            descriptor("d3", "baseline"),
            datum((1, 2), (1, 2), "r2", "d3"),
        ]
    )
    assert where(frames) == {1: ("/data/a.h5", 0), 2: ("/data/b.h5", 0)}
    assert where(frames, "baseline") == {1: ("/data/b.h5", 1)}


def test_the_keys_are_listed_with_their_devices():
    frames = FrameLocations([descriptor()])
    assert frames.keys == {"primary": {"cam_image": "cam"}}
    assert frames.in_table == {"det": "det"}


def old_style(*events):
    image = {"source": "", "dtype": "array", "shape": [4, 5], "external": "FILESTORE:"}
    file = {
        "uid": "r", "spec": "AD_HDF5", "root": "/data", "resource_path": "x/a.h5",
        "resource_kwargs": {"frame_per_point": 2}, "path_semantics": "posix",
    }  # fmt: skip
    yield descriptor(cam_image=image)
    yield "resource", file
    for number, seq_num in enumerate(events):
        yield "datum", {"datum_id": f"r/{number}", "resource": "r", "datum_kwargs": {"point_number": number}}
        yield "event", {"descriptor": "d", "seq_num": seq_num, "data": {"cam_image": f"r/{number}"}}


def test_events_name_their_part_of_a_file():
    frames = FrameLocations(old_style(1, 2, 2, 3))
    assert where(frames) == {1: ("/data/x/a.h5", 0), 2: ("/data/x/a.h5", 2), 3: ("/data/x/a.h5", 3)}
    request = frames.locations("primary", "cam_image")[3].request({})
    assert request.frames(axes=2) == range(6, 8)
    assert request.shape == (4, 5)


def test_pages_are_read_as_their_parts():
    first, file, *_ = old_style(1)
    page = {"resource": "r", "datum_id": ["r/0", "r/1"], "datum_kwargs": {"point_number": [0, 1]}}
    events = {
        "descriptor": "d", "uid": ["a", "b"], "time": [0, 0], "seq_num": [1, 2], "data": {"cam_image": ["r/1", "r/0"]},
        "timestamps": {"cam_image": [0, 0]}, "filled": {"cam_image": [False, False]},
    }  # fmt: skip
    frames = FrameLocations([first, file, ("datum_page", page), ("event_page", events)])
    assert where(frames) == {1: ("/data/x/a.h5", 1), 2: ("/data/x/a.h5", 0)}


def test_a_datum_that_nobody_tells_of_is_named():
    documents = [pair for pair in old_style(1) if pair[0] != "datum"]
    with pytest.raises(StoreError, match="no document of this run says where 'r/0' is"):
        FrameLocations(documents).locations("primary", "cam_image")


def test_a_part_whose_number_is_not_told_is_refused():
    documents = [(n, {**d, "datum_kwargs": {"page": 3}} if n == "datum" else d) for n, d in old_style(1)]
    request = FrameLocations(documents).locations("primary", "cam_image")[1].request({})
    with pytest.raises(ValueError, match="page"):
        _ = request.number


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        ({"uri": "file://localhost/data/a%20b.h5"}, "/data/a b.h5"),
        ({"uri": "file:///data/a.h5"}, "/data/a.h5"),
        ({"root": "/data", "resource_path": "x/a.h5"}, "/data/x/a.h5"),
        ({"root": "", "resource_path": "/x/a.h5"}, "/x/a.h5"),
        ({"root": "D:\\data", "resource_path": "x\\a.h5", "path_semantics": "windows"}, "D:/data/x/a.h5"),
    ],
)
def test_a_path_is_understood_however_it_is_recorded(resource, path):
    assert recorded_path(resource) == path


def test_what_is_no_file_is_named():
    with pytest.raises(StoreError, match="https://server/x is no file"):
        recorded_path({"uri": "https://server/x"})


@pytest.mark.parametrize(
    ("path", "now"),
    [
        ("/data/a.h5", "/data/a.h5"),
        ("/old/a.h5", "/new/a.h5"),
        ("/old/deep/a.h5", "/deepest/a.h5"),
        ("/older/a.h5", "/older/a.h5"),
        ("D:/data/x/a.h5", "/mnt/x/a.h5"),
    ],
)
def test_a_moved_folder_is_found_where_it_is_now(path, now):
    roots = {"/old": "/new", "/old/deep": "/deepest", "D:\\data": "/mnt"}
    assert str(moved_path(path, roots)) == now
