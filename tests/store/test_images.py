"""A run's pictures come back from their files: growing, cut off, moved, gone or damaged."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from beamshell.errors import MissingLibrary, StoreError, UnknownName
from beamshell.store import Runs

HEIGHT, WIDTH = 4, 5


@pytest.fixture
def runs(tmp_path):
    runs = Runs(tmp_path)
    yield runs
    runs.index.close()


def picture(number):
    """Another one for each number."""
    return np.arange(HEIGHT * WIDTH, dtype=np.uint16).reshape(HEIGHT, WIDTH) + 100 * number


def hdf5(path, frames, dataset="/entry/data/data"):
    path.parent.mkdir(exist_ok=True)
    with h5py.File(path, "w") as file:
        file[dataset] = np.array([picture(i) for i in range(frames)])
    return path


class Take:
    """Writes the documents of a run whose camera has written a file."""

    def __init__(self, made, write):
        self.made, self.write = made, write

    def stream(self, path, points=3, per_point=1, mimetype="application/x-hdf5", key="cam_image", closed=True, **more):
        start = self.made.start(12)
        about = {"source": "", "dtype": "array", "shape": [per_point, HEIGHT, WIDTH], "external": "STREAM:"}
        keys = {key: about, "det": {"source": "", "dtype": "number", "shape": []}}
        descriptor = self.made.descriptor(start[1], data_keys=keys, object_keys={"cam": [key], "det": ["det"]})
        resource = {
            "uid": "r", "data_key": key, "mimetype": mimetype, "uri": f"file://localhost{path}", "run_start":
            start[1]["uid"], "parameters": {"dataset": "/entry/data/data", "chunk_shape": [1, HEIGHT, WIDTH], **more},
        }  # fmt: skip
        yield from (start, descriptor, ("stream_resource", resource))
        for number in range(points):
            yield "stream_datum", {
                "uid": f"r/{number}", "stream_resource": "r", "descriptor": descriptor[1]["uid"],
                "indices": {"start": number, "stop": number + 1}, "seq_nums": {"start": number + 1, "stop": number + 2},
            }  # fmt: skip
            yield self.made.event(descriptor[1], number + 1, det=number)
        if closed:
            yield self.made.stop(start[1], num_events={"primary": points})

    def datums(self, root, path, spec, points=3, key="cam_image", name="point_number", **kwargs):
        start = self.made.start(12)
        about = {"source": "", "dtype": "array", "shape": [HEIGHT, WIDTH], "external": "FILESTORE:"}
        descriptor = self.made.descriptor(start[1], data_keys={key: about}, object_keys={"cam": [key]})
        resource = {
            "uid": "r", "spec": spec, "root": str(root), "resource_path": path, "resource_kwargs": kwargs,
            "path_semantics": "posix", "run_start": start[1]["uid"],
        }  # fmt: skip
        yield from (start, descriptor, ("resource", resource))
        for number in range(points):
            yield "datum", {"datum_id": f"r/{number}", "resource": "r", "datum_kwargs": {name: number}}
            yield self.made.event(descriptor[1], number + 1, **{key: f"r/{number}"})
        yield self.made.stop(start[1], num_events={"primary": points})


@pytest.fixture
def take(made, write):
    return Take(made, write)


@pytest.fixture
def run(take, runs, tmp_path):
    """Three points with the pictures 0, 1, 2."""
    take.write(take.stream(hdf5(tmp_path / "pictures" / "cam.h5", 3)))
    return runs[12]


def test_the_picture_of_a_point_is_found_by_the_name_of_the_device_or_of_the_key(run):
    for name in ("cam", "cam_image"):
        np.testing.assert_array_equal(run.image(name, 3), picture(2))
    assert run.image("cam", 1).dtype == np.uint16
    np.testing.assert_array_equal(run.image("cam", -3), picture(0))
    np.testing.assert_array_equal(run.image("cam"), picture(2))


@pytest.mark.parametrize("point", [0, 4, -4])
def test_a_point_that_is_not_there_is_named_with_those_that_are(run, point):
    with pytest.raises(UnknownName, match=rf"run 12 has no cam_image of point {point}: .* numbered from 1 to 3"):
        run.image("cam", point)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cam_imag", "did you mean cam_image"),
        ("th", "there is cam_image"),
        ("det", r"its values are in the table: run.table\(\)\['det'\]"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_ones(run, name, message):
    with pytest.raises(UnknownName, match=rf"run 12 has no pictures '{name}': .*{message}"):
        run.image(name, 1)


def test_a_run_without_pictures_says_so(write, made, runs):
    write(made.run(3))
    assert runs[3].image_keys == []
    assert runs[3].files == []
    assert "images" not in repr(runs[3])
    with pytest.raises(UnknownName, match="run 3 has no pictures 'cam': it has no data in files"):
        runs[3].images("cam")


def test_a_device_with_several_asks_which(take, runs, tmp_path):
    documents = list(take.stream(tmp_path / "x.h5"))
    about = documents[1][1]["data_keys"]["cam_image"]
    documents[1][1]["data_keys"]["cam_dark"] = about
    documents[1][1]["object_keys"]["cam"].append("cam_dark")
    take.write(documents)
    with pytest.raises(UnknownName, match="cam has several in run 12: say which of cam_image, cam_dark"):
        runs[12].image("cam")


def test_the_pictures_are_a_sequence_read_as_they_are_asked_for(run):
    images = run.images("cam")
    assert len(images) == 3
    assert images.points == [1, 2, 3]
    np.testing.assert_array_equal(images[-1], picture(2))
    assert [one[0, 0] for one in images[1:]] == [100, 200]
    np.testing.assert_array_equal(np.asarray(images), [picture(0), picture(1), picture(2)])
    assert np.asarray(images, dtype=float).dtype == float
    assert np.asarray(images[:0]).shape == (0,)
    run.files[0].path.unlink()
    assert len(run.images("cam")) == 3


def test_only_the_picture_asked_for_is_read(run, runs):
    calls = []
    read = runs.readers["application/x-hdf5"]
    runs.readers["application/x-hdf5"] = lambda piece: calls.append(piece.number) or read(piece)
    run.images("cam")[1:][0]
    assert calls == [1]


def test_a_point_of_several_frames_has_them_all(take, runs, tmp_path):
    take.write(take.stream(hdf5(tmp_path / "cam.h5", 6), per_point=2))
    np.testing.assert_array_equal(runs[12].image("cam", 2), [picture(2), picture(3)])


def test_a_shape_without_the_number_of_frames_means_one_a_point(take, runs, tmp_path):
    documents = list(take.stream(hdf5(tmp_path / "cam.h5", 3)))
    documents[1][1]["data_keys"]["cam_image"]["shape"] = [HEIGHT, WIDTH]
    take.write(documents)
    np.testing.assert_array_equal(runs[12].image("cam", 2), picture(1))


def test_the_dataset_may_be_told_by_its_older_name(take, runs, tmp_path):
    documents = list(take.stream(hdf5(tmp_path / "cam.h5", 3, dataset="/elsewhere")))
    documents[2][1]["parameters"] = {"path": "/elsewhere"}
    take.write(documents)
    np.testing.assert_array_equal(runs[12].image("cam", 2), picture(1))


def test_a_person_sees_that_there_are_pictures_and_where(run):
    assert repr(run).endswith("images: cam_image")
    (file,) = run.files
    assert (file.points, file.keys, file.exists, file.size) == (3, ("cam_image",), True, file.path.stat().st_size)
    assert str(file.path) in repr(run.files)
    assert repr(run.images("cam")) == f"3 pictures cam_image of run 12 in {file.path}"
    file.path.unlink()
    assert not run.files[0].exists
    assert "MISSING" in repr(run.files)


def test_a_picture_is_no_column_of_the_table(run):
    table = run.table()
    assert table.columns == ["seq_num", "time", "det"]
    with pytest.raises(UnknownName, match=r"cam_image is in files, .*run.image\('cam_image', 3\)"):
        table["cam_image"]


def test_a_file_that_is_gone_is_named_with_what_to_do(run, runs, tmp_path):
    folder = tmp_path / "pictures"
    folder.rename(tmp_path / "moved")
    with pytest.raises(
        StoreError, match=r"run 12, cam_image of point 2: .*/pictures/cam.h5 is not there.*roots\["
    ) as messages:
        run.image("cam", 2)
    assert f"runs.roots['{folder}'] = " in str(messages.value)
    runs.roots[str(folder)] = str(tmp_path / "moved")
    np.testing.assert_array_equal(run.image("cam", 2), picture(1))
    assert run.files[0].exists


@pytest.mark.parametrize("harm", ["cut", "other", "dataset"])
def test_a_damaged_file_is_named(run, harm):
    path = run.files[0].path
    if harm == "dataset":
        hdf5(path, 3, dataset="/elsewhere")
    else:
        path.write_bytes(path.read_bytes()[:100] if harm == "cut" else b"no picture at all")
    with pytest.raises(StoreError, match=r"run 12, cam_image of point 1: .*cam.h5 cannot be read: (OSError|KeyError)"):
        run.image("cam", 1)


def test_a_run_whose_own_file_is_gone_is_named(run):
    _ = run.uid
    run.path.rename(run.path.with_suffix(".elsewhere"))
    with pytest.raises(StoreError, match=r"\.jsonl cannot be read .*the run's file was moved"):
        run.image("cam", 1)


def test_a_file_that_ends_before_the_point_says_so(take, runs, tmp_path):
    take.write(take.stream(hdf5(tmp_path / "cam.h5", 2)))
    assert runs[12].image("cam", 2) is not None
    with pytest.raises(StoreError, match=r"cam.h5 does not hold it, or not yet: /entry/data/data has 2 frames"):
        runs[12].image("cam", 3)


WRITER = """
import sys, time, h5py, numpy as np
with h5py.File(sys.argv[1], "w", libver="latest") as file:
    data = file.create_dataset("/entry/data/data", (0, 4, 5), "<u2", maxshape=(None, 4, 5), chunks=(1, 4, 5))
    if len(sys.argv) == 2:
        file.swmr_mode = True
    for line in sys.stdin:
        data.resize(len(data) + 1, axis=0)
        data[-1] = np.arange(20).reshape(4, 5) + 100 * (len(data) - 1)
        data.flush()
        print(line, flush=True, end="")
"""


@pytest.fixture
def writer(tmp_path, request):
    """Another process that writes a picture whenever it is told to."""
    path = tmp_path / "live.h5"
    alone = ["alone"] if hasattr(request, "param") else []
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), *alone],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    process.path = path

    def expose():
        process.stdin.write("picture\n")
        assert process.stdout.readline() == "picture\n"

    process.expose = expose
    yield process
    process.kill()
    process.communicate()


def test_pictures_are_read_while_the_run_and_its_file_grow(take, runs, writer, journal):
    documents = list(take.stream(writer.path, closed=False))
    for name, doc in documents[:3]:
        journal(name, doc)
    run = runs[12]
    assert len(run.images("cam")) == 0
    with pytest.raises(UnknownName, match="no cam_image of point 1: it has none"):
        run.image("cam", 1)
    for point in (1, 2, 3):
        writer.expose()
        for name, doc in documents[1 + 2 * point : 3 + 2 * point]:
            journal(name, doc)
        np.testing.assert_array_equal(run.image("cam", point), picture(point - 1))
    assert run.exit_status is None


def test_pictures_of_a_writer_that_was_killed_are_there(take, runs, writer):
    for _ in range(3):
        writer.expose()
    take.write(take.stream(writer.path))
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait(10)
    np.testing.assert_array_equal(np.asarray(runs[12].images("cam")), [picture(0), picture(1), picture(2)])


@pytest.mark.parametrize("writer", ["alone"], indirect=True)
def test_a_file_whose_writer_allows_no_readers_is_named_with_what_helps(take, runs, writer):
    writer.expose()
    take.write(take.stream(writer.path))
    with pytest.raises(StoreError, match=r"its writer has not closed it yet; .* h5clear -s .*live.h5"):
        runs[12].image("cam", 1)


# ---- the older style, and one file a picture --------------------------------------------------


def test_the_older_documents_of_area_detectors_are_understood(take, runs, tmp_path):
    hdf5(tmp_path / "x.h5", 6)
    take.write(take.datums(tmp_path, "x.h5", "AD_HDF5", frame_per_point=2))
    np.testing.assert_array_equal(runs[12].image("cam", 3), [picture(4), picture(5)])
    assert runs[12].table().columns == ["seq_num", "time"]


def test_a_tiff_for_each_picture(take, runs, tmp_path):
    for number in range(3):
        Image.fromarray(picture(number)).save(tmp_path / f"snap_{number:06d}.tiff")
    template = {"template": "%s%s_%6.6d.tiff", "filename": "snap", "frame_per_point": 1}
    take.write(take.datums(tmp_path, "", "AD_TIFF", **template))
    np.testing.assert_array_equal(runs[12].image("cam", 2), picture(1))
    assert [file.path.name for file in runs[12].files] == [f"snap_{number:06d}.tiff" for number in range(3)]
    assert repr(runs[12].images("cam")).endswith("in 3 files")


@pytest.mark.parametrize("template", ["snap_{:06d}.tiff", "snap_%06d.tiff"])
def test_a_stream_of_tiffs(take, runs, tmp_path, template):
    for number in range(3):
        Image.fromarray(picture(number)).save(tmp_path / f"snap_{number:06d}.tiff")
    take.write(take.stream(f"{tmp_path}/", mimetype="multipart/related; type=image/tiff", template=template))
    np.testing.assert_array_equal(np.asarray(runs[12].images("cam")), [picture(0), picture(1), picture(2)])


def test_a_numpy_file_for_each_picture(take, runs, tmp_path):
    for number in range(3):
        np.save(tmp_path / f"stem_{number}.npy", picture(number))
    take.write(take.datums(tmp_path, "stem", "NPY_SEQ", name="index"))
    np.testing.assert_array_equal(runs[12].image("cam", 2), picture(1))
    (tmp_path / "stem_1.npy").unlink()
    with pytest.raises(StoreError, match=r"stem_1.npy is not there"):
        runs[12].image("cam", 2)


def test_pictures_of_different_sizes_are_read_one_by_one(take, runs, tmp_path):
    for number in range(3):
        np.save(tmp_path / f"stem_{number}.npy", picture(number)[: number + 1])
    take.write(take.datums(tmp_path, "stem", "NPY_SEQ", name="index"))
    assert [one.shape for one in runs[12].images("cam")] == [(1, 5), (2, 5), (3, 5)]
    with pytest.raises(StoreError, match=r"point 2 has shape \(2, 5\), the first \(1, 5\)"):
        np.asarray(runs[12].images("cam"))


def test_pictures_of_different_types_are_not_cut_to_the_first_one(take, runs, tmp_path):
    for number, dtype in enumerate((np.uint8, np.uint16)):
        np.save(tmp_path / f"stem_{number}.npy", np.full((2, 2), 200 + 100 * number, dtype=dtype))
    take.write(take.datums(tmp_path, "stem", "NPY_SEQ", points=2, name="index"))
    images = runs[12].images("cam")
    with pytest.raises(StoreError, match=r"point 2 has type uint16, the first uint8: .* take them one by one"):
        np.asarray(images)
    assert np.asarray(images, dtype=float)[:, 0, 0].tolist() == [200, 300]


def tiff(pixels, sample_format):
    """The bytes of a grey TIFF without compression (TIFF 6.0)."""
    height, width = pixels.shape
    tags = {256: width, 257: height, 258: 8 * pixels.itemsize, 259: 1, 262: 1, 273: 200, 277: 1, 278: height}
    tags |= {279: pixels.nbytes, 339: sample_format}
    entries = b"".join(
        struct.pack("<HHII", tag, 4 if tag in (273, 279) else 3, 1, value) for tag, value in tags.items()
    )
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4)
    return head.ljust(200, b"\0") + pixels.tobytes()


@pytest.mark.parametrize(
    ("dtype", "sample_format"), [("<u1", 1), ("<i1", 2), ("<u2", 1), ("<i2", 2), ("<u4", 1), ("<i4", 2), ("<f4", 3)]
)
def test_a_tiff_has_the_type_and_the_values_that_were_written(take, runs, tmp_path, dtype, sample_format):
    kind = np.dtype(dtype)
    ends = [np.finfo(kind).min, np.finfo(kind).max] if kind.kind == "f" else [np.iinfo(kind).min, np.iinfo(kind).max]
    pixels = np.array([[*ends, 1], [2, 3, 4]], dtype=kind)
    (tmp_path / "stem_000000.tiff").write_bytes(tiff(pixels, sample_format))
    take.write(
        take.datums(tmp_path, "", "AD_TIFF", points=1, template="%s%s_%6.6d.tiff", filename="stem", frame_per_point=1)
    )
    image = runs[12].image("cam", 1)
    assert image.dtype == kind
    np.testing.assert_array_equal(image, pixels)


# ---- readers of one's own ---------------------------------------------------------------------


def test_a_kind_that_nobody_reads_is_named_and_can_be_learnt(take, runs, tmp_path):
    path = tmp_path / "cam.raw"
    np.array([picture(number) for number in range(3)]).tofile(path)
    take.write(take.stream(path, mimetype="application/x-raw"))
    with pytest.raises(StoreError, match=r"no reader for 'application/x-raw': runs.readers\['application/x-raw'\]"):
        runs[12].image("cam", 2)
    assert runs[12].files[0].exists

    def read_raw(request):
        return np.fromfile(request.path, "<u2").reshape(-1, *request.shape)[request.number]

    runs.readers["application/x-raw"] = read_raw
    np.testing.assert_array_equal(runs[-1].image("cam", 2), [picture(1)])


def test_what_a_reader_raises_is_reported_with_the_point(run, runs):
    def broken(piece):
        raise ZeroDivisionError("by zero")

    runs.readers["application/x-hdf5"] = broken
    with pytest.raises(
        StoreError, match=r"run 12, cam_image of point 1: .*cam.h5 cannot be read: ZeroDivisionError: by zero"
    ):
        run.image("cam", 1)


def test_without_its_package_the_extra_is_named(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingLibrary, match=r'pip install "beamshell\[hdf5\]"'):
        run.image("cam", 1)


def test_a_run_that_is_opened_by_its_file_alone_has_its_pictures_too(run):
    from beamshell.store import Run

    np.testing.assert_array_equal(Run(Path(run.path)).image("cam", 2), picture(1))
