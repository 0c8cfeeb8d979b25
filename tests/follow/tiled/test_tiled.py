"""Runs in a real Tiled server: each row once and in its order, as the clients of a facility read it."""

from __future__ import annotations

import json
from unittest import mock

import httpx
import numpy as np
import pyarrow as pa
import pytest

from beamshell.errors import ConfigError, LineRefused, SinkDown
from beamshell.follow.lines import Line
from beamshell.follow.settings import make_sink
from beamshell.follow.tiled.nodes import RunNodes


def lines_of(documents):
    uid = documents[0][1]["uid"]
    return [Line(f"{uid}:{n}", uid, name, json.dumps(doc)) for n, (name, doc) in enumerate(documents, start=1)]


def written(journal, documents):
    """The lines of a run that is in the data folder."""
    for name, doc in documents:
        journal(name, doc)
    return lines_of(documents)


def events_of(documents):
    return [doc for name, doc in documents if name == "event"]


def rows_of(catalogue, documents, stream="primary"):
    table = catalogue[documents[0][1]["uid"]][stream].base["internal"].read()
    return table.to_dict("list")


def assert_same(catalogue, documents):
    """The catalogue has the run as the journal has it."""
    run = catalogue[documents[0][1]["uid"]]
    assert run.metadata["start"] == documents[0][1]
    assert run.metadata.get("stop") == dict(documents).get("stop")
    rows = rows_of(catalogue, documents)
    assert rows["seq_num"] == [event["seq_num"] for event in events_of(documents)]
    assert rows["time"] == [event["time"] for event in events_of(documents)]
    for key in events_of(documents)[0]["data"]:
        assert rows[key] == [event["data"][key] for event in events_of(documents)]
        assert rows[f"ts_{key}"] == [event["timestamps"][key] for event in events_of(documents)]


def test_a_run_is_read_back_as_the_journal_has_it(sink_of, journal, fresh, catalogue):
    documents = fresh(20, sample="LaB6")
    sink_of().send(written(journal, documents))
    assert_same(catalogue, documents)
    run = catalogue[documents[0][1]["uid"]]
    assert [(spec.name, spec.version) for spec in run.specs] == [("BlueskyRun", "3.0")]
    assert [spec.name for spec in run["primary"].specs] == ["BlueskyEventStream", "composite"]
    assert run["primary"]["det"].read().tolist() == [event["data"]["det"] for event in events_of(documents)]


@pytest.mark.filterwarnings("ignore:The order of arguments has changed:DeprecationWarning")  # of bluesky's use of tiled
def test_its_layout_is_that_of_blueskys_own_writer(sink_of, journal, fresh, catalogue):
    from bluesky.callbacks.tiled_writer import TiledWriter

    def layout(documents):
        run = catalogue[documents[0][1]["uid"]]
        node = run["primary"].base
        table = node["internal"]
        names = [*run.metadata, *node.metadata, *sorted(table.metadata), *sorted(table.columns)]
        return names, list(run), list(node), run.specs, run["primary"].specs

    ours, theirs = fresh(), fresh()
    sink_of().send(written(journal, ours))
    writer = TiledWriter(catalogue, normalizer=None)
    for name, doc in theirs:
        writer(name, doc)
    assert layout(ours) == layout(theirs)


def test_lines_that_come_again_in_parts_are_written_once(sink_of, journal, fresh, catalogue):
    documents = fresh(6)
    lines = written(journal, documents)
    before, after = sink_of(), sink_of()
    before.send(lines[:4])
    before.send(lines[2:6])
    after.send(lines[3:7])  # another process, from a cursor that is behind
    after.send(lines[5:])
    after.send(lines[4:])
    assert_same(catalogue, documents)


def test_a_run_that_is_open_can_be_read(sink_of, journal, fresh, catalogue):
    documents = fresh(6)
    sink_of().send(written(journal, documents[:5]))
    assert_same(catalogue, documents[:5])


def test_a_table_with_other_rows_is_written_anew_at_the_end(sink_of, journal, fresh, catalogue):
    documents = fresh(6)
    lines = written(journal, documents)
    sink_of().send(lines[:4])
    sink = sink_of()
    sink.send(lines[4:5])
    table = catalogue[lines[0].run]["primary"].base["internal"]
    schema = table.structure().arrow_schema_decoded
    late = pa.Table.from_pandas(table.read().head(2), schema=schema, preserve_index=False)
    table.append_partition(0, late)  # as a server does that was frozen when a request came
    with pytest.raises(SinkDown, match="had other rows: it is written anew"):
        sink.send(lines[5:])
    sink.send(lines[5:])
    assert_same(catalogue, documents)


def test_a_run_that_was_removed_meanwhile_is_written_whole(sink_of, journal, fresh, catalogue):
    documents = fresh(6)
    lines = written(journal, documents)
    sink = sink_of()
    sink.send(lines[:5])
    catalogue[lines[0].run].delete(recursive=True, external_only=False)
    with pytest.raises(SinkDown):
        sink.send(lines[5:])
    sink.send(lines[5:])
    assert_same(catalogue, documents)


def test_a_value_of_another_type_later_in_the_run_makes_its_column_wider(sink_of, journal, fresh, catalogue):
    documents = fresh(5)
    dict(documents)["descriptor"]["data_keys"]["det"]["dtype"] = "integer"
    events_of(documents)[4]["data"]["det"] = 2.5
    lines = written(journal, documents)
    sink = sink_of()
    sink.send(lines[:4])
    with pytest.raises(SinkDown, match="does not fit into column det: its table is written anew"):
        sink.send(lines[4:])
    sink.send(lines[4:])
    assert_same(catalogue, documents)


def test_arrays_in_events_are_arrays(sink_of, journal, fresh, catalogue):
    documents = fresh(3)
    dict(documents)["descriptor"]["data_keys"]["det"] |= {"dtype": "array", "shape": [4], "dtype_numpy": "<f8"}
    spectra = [[float(i), 1.0, 2.0, 3.0] for i in range(3)]
    for event, spectrum in zip(events_of(documents), spectra, strict=True):
        event["data"]["det"] = spectrum
    sink_of().send(written(journal, documents))
    assert catalogue[documents[0][1]["uid"]]["primary"]["det"].read().tolist() == spectra


def test_a_second_descriptor_is_a_change_of_the_configuration(sink_of, journal, fresh, catalogue):
    documents = fresh(2)
    second = dict(documents)["descriptor"] | {"uid": "again", "time": 1001.0}
    second["configuration"] = {"det": {"data": {"gain": 3}, "timestamps": {}, "data_keys": {}}}
    documents.insert(3, ("descriptor", second))
    documents[4][1]["descriptor"] = "again"
    lines = written(journal, documents)
    sink_of().send(lines[:3])
    sink_of().send(lines[3:])
    assert_same(catalogue, documents)
    (update,) = catalogue[lines[0].run]["primary"].metadata["_config_updates"]
    assert update["configuration"]["det"]["data"] == {"gain": 3}


@pytest.fixture
def pictures():
    return np.arange(3 * 4 * 5, dtype="<u2").reshape(3, 4, 5)


def with_pictures(documents, resource):
    """The documents with a key `cam` whose points are in files."""
    uid = documents[0][1]["uid"]
    key = {"source": "cam", "dtype": "array", "shape": [1, 4, 5], "dtype_numpy": "<u2", "external": "STREAM:"}
    dict(documents)["descriptor"]["data_keys"]["cam"] = key
    made = [*documents[:2], ("stream_resource", resource | {"uid": f"{uid}-r", "data_key": "cam", "run_start": uid})]
    for number, event in enumerate(events_of(documents)):
        indices, numbers = {"start": number, "stop": number + 1}, {"start": number + 1, "stop": number + 2}
        datum = {"uid": f"{uid}-r/{number}", "stream_resource": f"{uid}-r", "descriptor": event["descriptor"]}
        made += [("stream_datum", datum | {"indices": indices, "seq_nums": numbers}), ("event", event)]
    return [*made, documents[-1]]


def test_pictures_in_an_hdf5_file_are_an_array(sink_of, journal, fresh, catalogue, pictures, readable):
    import h5py

    with h5py.File(readable / "cam 1.h5", "w") as file:
        file["entry/data/data"] = pictures
    resource = {"mimetype": "application/x-hdf5", "uri": f"file://localhost{readable}/cam%201.h5"}
    documents = with_pictures(fresh(3), resource | {"parameters": {"dataset": "/entry/data/data"}})
    lines = written(journal, documents)
    sink = sink_of()
    sink.send(lines[:5])
    cam = catalogue[lines[0].run]["primary"]["cam"]
    assert cam.read().tolist() == pictures[:1].tolist()
    sink_of().send(lines[5:])
    cam = catalogue[lines[0].run]["primary"]["cam"]
    assert (cam.dtype, cam.read().tolist()) == (np.dtype("<u2"), pictures.tolist())
    assert_same(catalogue, documents)


def test_pictures_in_files_of_their_own_are_an_array(sink_of, journal, fresh, catalogue, pictures, readable):
    from PIL import Image

    for number, picture in enumerate(pictures):
        Image.fromarray(picture).save(readable / f"cam_{number:04d}.tiff")
    resource = {"mimetype": "multipart/related;type=image/tiff", "uri": "file://localhost/of/console/"}
    documents = with_pictures(fresh(3), resource | {"parameters": {"template": "cam_{:04d}.tiff"}})
    sink_of(roots={"/of/console": str(readable)}).send(written(journal, documents))
    cam = catalogue[documents[0][1]["uid"]]["primary"]["cam"]
    assert cam.read().tolist() == pictures.tolist()


def test_files_that_tiled_cannot_read_leave_the_table_whole(sink_of, journal, fresh, catalogue):
    resource = {"mimetype": "application/x-odd", "uri": "file://localhost/odd", "parameters": {}}
    documents = with_pictures(fresh(3), resource)
    sink_of().send(written(journal, documents))
    assert list(catalogue[documents[0][1]["uid"]]["primary"].base) == ["internal"]
    assert_same(catalogue, documents)


def test_a_stream_with_a_slash_in_its_name_is_a_node(sink_of, journal, fresh, catalogue):
    documents = fresh(3)
    dict(documents)["descriptor"]["name"] = "a/b"
    sink_of().send(written(journal, documents))
    assert rows_of(catalogue, documents, "a_b")["seq_num"] == [1, 2, 3]


def test_a_run_that_tiled_refuses_is_said_and_the_next_is_written(sink_of, journal, fresh, catalogue):
    bad, good = fresh(3), fresh(3)
    lines = written(journal, bad)
    sink = sink_of()
    answer = httpx.Response(422, json={"detail": "too much"}, request=httpx.Request("POST", "http://tiled"))
    refusal = mock.Mock(side_effect=httpx.HTTPStatusError("", request=answer.request, response=answer))
    with (
        mock.patch.object(RunNodes, "write", refusal),
        pytest.raises(LineRefused, match="refuses its run: 422 too much"),
    ):
        sink.send(lines)
    with pytest.raises(LineRefused, match="Tiled has refused its run"):
        sink.send(lines[1:])
    sink.send(written(journal, good))
    assert_same(catalogue, good)


def test_a_run_that_cannot_be_read_again_is_left_out(sink_of, fresh):
    first, *lines = lines_of(fresh(3))
    with pytest.raises(LineRefused, match="its file is not in the data folder"):
        sink_of().send(lines)
    with pytest.raises(LineRefused, match="its start document is damaged"):
        sink_of().send([Line(first.key, first.run, "stop", "{}"), *lines])
    odd = Line(lines[1].key, first.run, "event", lines[1].text.replace("seq_num", "number"))
    with pytest.raises(LineRefused, match=r"event .*:3 is not understood: ValueError: it has no seq_num"):
        sink_of().send([first, lines[0], odd])


def test_runs_can_be_in_a_container(sink_of, journal, fresh, catalogue):
    if "raw" not in catalogue:
        catalogue.create_container("raw").create_container("bl12")
    documents = fresh(3)
    sink = sink_of(container="raw/bl12")
    assert sink.check().endswith(" (raw/bl12) takes runs")
    sink.send(written(journal, documents))
    assert_same(catalogue["raw"]["bl12"], documents)
    with pytest.raises(SinkDown, match="has no container raw/bl13: create it"):
        sink_of(container="raw/bl13").check()


def test_a_wrong_key_is_said_without_it(sink_of, monkeypatch):
    monkeypatch.setenv("WRONG", "xyzzywrongkey")
    with pytest.raises(SinkDown, match="does not take this api_key: 401") as down:
        sink_of(api_key="env:WRONG").check()
    assert "xyzzy" not in str(down.value)


def test_nobody_at_the_address_is_said(sink_of):
    with pytest.raises(SinkDown, match=r"no answer from http://127.0.0.1:9: .*refused"):
        sink_of(url="http://127.0.0.1:9").check()


def test_an_address_that_is_none_is_one_line():
    with pytest.raises(ConfigError, match="the url of Tiled begins with https://"):
        make_sink("t", {"sink": "tiled", "url": "tiled.example.org", "api_key": "k"})


# ---- the server fails ----------------------------------------------------------------------------


def send_until_taken(sink, lines):
    """Send lines as a follower does; what the sink has said meanwhile."""
    said = []
    for _ in range(20):
        try:
            sink.send(lines)
        except SinkDown as exc:
            said.append(str(exc))
        else:
            return said
    raise AssertionError(said)


def test_a_frozen_server_that_takes_a_request_late_has_each_row_once(
    sink_of, journal, fresh, catalogue, server, monkeypatch
):
    monkeypatch.setattr("beamshell.follow.tiled.sink._ANSWERS_WITHIN_S", 2.0)
    documents = fresh(10)
    lines = written(journal, documents)
    sink = sink_of()
    send_until_taken(sink, lines[:5])
    server.freeze()
    try:
        with pytest.raises(SinkDown, match=r"no answer from .*timed out"):
            sink.send(lines[5:8])  # the server has this in its socket
    finally:
        server.thaw()
    monkeypatch.setattr("beamshell.follow.tiled.sink._ANSWERS_WITHIN_S", 20)
    after = sink_of()
    send_until_taken(after, lines[5:])
    assert_same(catalogue, documents)
