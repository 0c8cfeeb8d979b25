"""Pictures stay in the files of the detector, and the points of the NeXus file are the right ones."""

from __future__ import annotations

import shutil

import h5py
import numpy as np
import pytest
import silx.io
from nexus_reading import read
from PIL import Image
from silx.io.nxdata import NXdata, get_default

from beamshell.store.asset_readers import AssetReaders
from beamshell.store.exports.nexus.entry import nexus_file

HEIGHT, WIDTH = 3, 4
PICTURES = "/entry/data/data"


def picture(number):
    """Another one for each number."""
    return np.arange(HEIGHT * WIDTH, dtype=np.uint16).reshape(HEIGHT, WIDTH) + 100 * number


def hdf5(path, frames):
    path.parent.mkdir(exist_ok=True)
    with h5py.File(path, "w") as file:
        file[PICTURES] = np.array([picture(number) for number in frames])
    return path


@pytest.fixture
def take(made):
    """The documents of a run of pictures: ``take([(path, [(point, index), ...]), ...])``."""

    def take(files, per_point=1, mimetype="application/x-hdf5", dtype="<u2", **parameters):
        start = made.start(12)
        about = {
            "source": "", "dtype": "array", "shape": [per_point, HEIGHT, WIDTH], "dtype_numpy": dtype,
            "external": "STREAM:",
        }  # fmt: skip
        keys = {"cam_image": about, "det": {"source": "", "dtype": "number", "shape": []}}
        objects = {"cam": ["cam_image"], "det": ["det"]}
        hints = {"det": {"fields": ["det"]}}
        descriptor = made.descriptor(start[1], data_keys=keys, object_keys=objects, hints=hints)
        documents = [start, descriptor]
        for number, (path, points) in enumerate(files):
            resource = {
                "uid": f"r{number}", "data_key": "cam_image", "mimetype": mimetype, "run_start": start[1]["uid"],
                "uri": f"file://localhost{path}", "parameters": {"dataset": PICTURES, **parameters},
            }  # fmt: skip
            documents.append(("stream_resource", resource))
            for point, index in points:
                datum = {
                    "uid": f"r{number}/{index}", "stream_resource": f"r{number}", "descriptor": descriptor[1]["uid"],
                    "indices": {"start": index, "stop": index + 1}, "seq_nums": {"start": point, "stop": point + 1},
                }  # fmt: skip
                documents += [("stream_datum", datum), made.event(descriptor[1], point, det=float(point))]
        return [*documents, made.stop(start[1])]

    return take


def frames(*numbers):
    return np.array([picture(number) for number in numbers])


def test_a_picture_a_point_is_read_from_the_detectors_own_file(take, entry_of, tmp_path):
    path = hdf5(tmp_path / "images" / "cam.h5", range(3))
    entry = entry_of(take([(path, [(1, 0), (2, 1), (3, 2)])]))
    pictures = entry["primary/cam_image"]
    np.testing.assert_array_equal(pictures, frames(0, 1, 2))
    assert pictures.is_virtual
    assert (pictures.attrs["files"], "missing_files" in pictures.attrs) == (str(path), False)
    assert entry["instrument/cam/data"] == pictures


def test_pictures_are_a_plot_of_their_own_and_the_default_one_where_nothing_else_can_be_drawn(take, written, tmp_path):
    path = hdf5(tmp_path / "images" / "cam.h5", range(3))
    documents = take([(path, [(1, 0), (2, 1), (3, 2)])])
    with silx.io.open(str(written(documents))) as file:
        plot = NXdata(file["entry/cam_image"])
        assert (plot.is_valid, plot.axes_names) == (True, ["seq_num", None, None])
        np.testing.assert_array_equal(plot.signal[()], frames(0, 1, 2))
        assert get_default(file).signal_name == "det"
    del documents[1][1]["data_keys"]["det"]
    with silx.io.open(str(written(documents))) as file:
        assert get_default(file).signal_name == "cam_image"


def test_of_a_point_that_was_measured_again_it_is_the_last_picture(take, entry_of, tmp_path):
    path = hdf5(tmp_path / "images" / "cam.h5", range(4))
    entry = entry_of(take([(path, [(1, 0), (2, 1), (2, 2), (3, 3)])]))
    np.testing.assert_array_equal(entry["primary/cam_image"], frames(0, 2, 3))


def test_several_frames_a_point_are_an_axis_of_their_own(take, entry_of, tmp_path):
    path = hdf5(tmp_path / "images" / "cam.h5", range(4))
    entry = entry_of(take([(path, [(1, 0), (2, 1)])], per_point=2))
    np.testing.assert_array_equal(entry["primary/cam_image"], frames(0, 1, 2, 3).reshape(2, 2, HEIGHT, WIDTH))


def test_pictures_of_several_files_are_one_dataset(take, entry_of, tmp_path):
    files = [(hdf5(tmp_path / "images" / f"{n}.h5", range(2)), [(2 * n + 1, 0), (2 * n + 2, 1)]) for n in range(2)]
    np.testing.assert_array_equal(entry_of(take(files))["primary/cam_image"], frames(0, 1, 0, 1))


def test_a_file_that_is_gone_is_named_and_read_again_when_it_is_back(take, written, tmp_path):
    path = hdf5(tmp_path / "images" / "cam.h5", range(2))
    away = path.rename(tmp_path / "away.h5")
    nexus = written(take([(path, [(1, 0), (2, 1)])]))
    with h5py.File(nexus) as file:
        pictures = file["entry/primary/cam_image"]
        assert pictures.attrs["missing_files"] == str(path)
        assert (pictures[()] == pictures.attrs["fill_value"]).all()
        assert file["entry/primary/det"].shape == (2,)
    away.rename(path)
    with h5py.File(nexus) as file:
        np.testing.assert_array_equal(file["entry/primary/cam_image"], frames(0, 1))


def test_a_folder_of_runs_and_pictures_can_be_moved_as_a_whole(take, tmp_path):
    path = hdf5(tmp_path / "data" / "cam.h5", range(2))
    nexus = tmp_path / "data" / "exports" / "1.nxs"
    nexus.parent.mkdir()
    nexus.write_bytes(nexus_file(take([(path, [(1, 0), (2, 1)])]), nexus.parent))
    shutil.move(tmp_path / "data", tmp_path / "elsewhere")
    with h5py.File(tmp_path / "elsewhere" / "exports" / "1.nxs") as file:
        np.testing.assert_array_equal(file["entry/primary/cam_image"], frames(0, 1))


def test_pictures_that_were_moved_are_found_where_they_are_now(take, entry_of, tmp_path):
    path = hdf5(tmp_path / "new" / "cam.h5", range(2))
    readers = AssetReaders()
    readers.roots["/detector/pictures"] = str(path.parent)
    entry = entry_of(take([("/detector/pictures/cam.h5", [(1, 0), (2, 1)])]), readers=readers)
    np.testing.assert_array_equal(entry["primary/cam_image"], frames(0, 1))


def test_a_file_still_being_written_is_linked_and_can_be_read_when_it_is_closed(take, written, tmp_path):
    path = tmp_path / "cam.h5"
    with h5py.File(path, "w", libver="latest") as writer:
        data = writer.create_dataset(PICTURES, (0, HEIGHT, WIDTH), "u2", maxshape=(None, HEIGHT, WIDTH))
        writer.swmr_mode = True
        for number in range(2):
            data.resize(number + 1, axis=0)
            data[number] = picture(number)
            data.flush()
        nexus = written(take([(path, [(1, 0), (2, 1)])]))
    with h5py.File(nexus) as file:
        np.testing.assert_array_equal(file["entry/primary/cam_image"], frames(0, 1))


def test_of_other_files_the_paths_are_kept(take, entry_of, tmp_path):
    for number in range(2):
        Image.fromarray(picture(number)).save(tmp_path / f"{number:06d}.tiff")
    tiff = {"mimetype": "multipart/related;type=image/tiff", "template": "{:06d}.tiff"}
    documents = take([(tmp_path, [(1, 0), (2, 1)])], **tiff)
    paths = entry_of(documents)["primary/cam_image_files"].asstr()[()]
    assert paths.tolist() == [str(tmp_path / "000000.tiff"), str(tmp_path / "000001.tiff")]


def test_of_several_other_files_a_point_the_paths_are_a_list(take, entry_of, tmp_path):
    tiff = {"mimetype": "multipart/related;type=image/tiff", "template": "{:06d}.tiff"}
    paths = entry_of(take([(tmp_path, [(1, 0), (2, 1)])], per_point=2, **tiff))["primary/cam_image_files"]
    assert read(paths) == [[str(tmp_path / f"{2 * point + n:06d}.tiff") for n in range(2)] for point in range(2)]
    assert "000003.tiff" in paths.attrs["missing_files"]


def test_pictures_that_ophyd_has_recorded_are_found(made, entry_of, tmp_path):
    """Each event names a datum, and a resource says where that is."""
    hdf5(tmp_path / "images" / "cam.h5", range(2))
    start = made.start(12)
    about = {
        "source": "",
        "dtype": "array",
        "shape": [1, HEIGHT, WIDTH],
        "dtype_numpy": "<u2",
        "external": "FILESTORE:",
    }
    descriptor = made.descriptor(start[1], data_keys={"cam_image": about}, object_keys={"cam": ["cam_image"]})
    resource = {
        "uid": "r", "spec": "AD_HDF5", "root": str(tmp_path), "resource_path": "images/cam.h5",
        "path_semantics": "posix", "resource_kwargs": {"frame_per_point": 1}, "run_start": start[1]["uid"],
    }  # fmt: skip
    documents = [start, descriptor, ("resource", resource)]
    for number in range(2):
        datum = {"datum_id": f"r/{number}", "resource": "r", "datum_kwargs": {"point_number": number}}
        documents += [("datum", datum), made.event(descriptor[1], number + 1, cam_image=f"r/{number}")]
    np.testing.assert_array_equal(entry_of(documents)["primary/cam_image"], frames(0, 1))


@pytest.mark.parametrize("uri", ["tango://host/device", "http://host/picture"])
def test_pictures_that_are_in_no_file_are_named(take, entry_of, uri):
    documents = take([("/x", [(1, 0)])])
    next(doc for name, doc in documents if name == "stream_resource")["uri"] = uri
    assert uri in entry_of(documents)["primary/cam_image_files"].asstr()[()]


def test_a_missing_file_of_unknown_type_is_kept_by_its_path(take, entry_of):
    entry = entry_of(take([("/gone/cam.h5", [(1, 0)])], dtype="nonsense"))
    assert entry["primary/cam_image_files"].attrs["missing_files"] == "/gone/cam.h5"
