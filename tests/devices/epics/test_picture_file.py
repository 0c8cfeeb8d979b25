"""What documents tell of a file of pictures."""

from __future__ import annotations

from beamshell.devices.epics.picture_file import PictureFile

FOR_THE_ENGINE = {"descriptor": "", "seq_nums": {"start": 0, "stop": 0}}
"""Keys that any engine fills in; bluesky's looks whether they are there."""


def test_the_file_is_documented_once_and_each_stretch_of_points_by_itself() -> None:
    file = PictureFile("file-1", "/data/a b/cam_1.h5", "cam_image")
    documents = [*file.documents(0, 1, (256, 512)), *file.documents(2, 5, (256, 512))]
    assert documents == [
        (
            "stream_resource",
            {
                "uid": "file-1",
                "data_key": "cam_image",
                "mimetype": "application/x-hdf5",
                "uri": "file://localhost/data/a%20b/cam_1.h5",
                "parameters": {"dataset": "/entry/data/data", "chunk_shape": [1, 256, 512]},
            },
        ),
        (
            "stream_datum",
            {"uid": "file-1/0", "stream_resource": "file-1", "indices": {"start": 0, "stop": 1}, **FOR_THE_ENGINE},
        ),
        (
            "stream_datum",
            {"uid": "file-1/1", "stream_resource": "file-1", "indices": {"start": 2, "stop": 5}, **FOR_THE_ENGINE},
        ),
    ]
