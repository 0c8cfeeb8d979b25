"""Documents in Kafka: each once and in the order of its run, whatever is killed, on librdkafka's own mock cluster."""

from __future__ import annotations

import json
import socket
import time

import msgpack
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from beamshell.errors import ConfigError, LineRefused, SinkDown
from beamshell.follow.lines import Line
from beamshell.follow.settings import make_sink

TOPIC = "demo.bluesky.runengine.documents"


@pytest.fixture(scope="module")
def cluster():
    """The address of a broker that lives in a producer of this process."""
    owner = Producer({"bootstrap.servers": "unused", "test.mock.num.brokers": 1})
    (broker,) = owner.list_topics(timeout=30).brokers.values()
    yield f"{broker.host}:{broker.port}"
    owner.flush(5)


@pytest.fixture
def sink_of(cluster):
    sinks = []

    def make(**settings):
        sinks.append(make_sink("kafka", {"sink": "kafka", "servers": cluster, "beamline": "demo", **settings}))
        return sinks[-1]

    yield make
    for sink in sinks:
        sink.close()


def messages(cluster, topic=TOPIC):
    """All messages of the topic: by run, their names, documents and headers."""
    consumer = Consumer({"bootstrap.servers": cluster, "group.id": "test", "enable.auto.commit": False})
    by_run = {}
    try:
        for number in consumer.list_topics(topic, timeout=30).topics[topic].partitions:
            _low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=30)
            consumer.assign([TopicPartition(topic, number, 0)])
            at = 0
            deadline = time.monotonic() + 60
            while at < high:
                assert time.monotonic() < deadline
                message = consumer.poll(0.5)
                if message is not None and not message.error():
                    at = message.offset() + 1
                    by_run.setdefault(message.key().decode(), []).append(message)
    finally:
        consumer.close()
    return by_run


def documents_in(cluster, run, topic=TOPIC):
    return [tuple(msgpack.unpackb(message.value())) for message in messages(cluster, topic).get(run, ())]


def lines_of(documents):
    uid = documents[0][1]["uid"]
    return [Line(f"{uid}:{n}", uid, name, json.dumps(doc)) for n, (name, doc) in enumerate(documents, start=1)]


@pytest.fixture
def fresh(scan):
    """Scans whose runs no other test has."""
    import uuid

    def make(points=3):
        documents = scan(points)
        old, new = documents[0][1]["uid"], str(uuid.uuid4())
        return [(name, json.loads(json.dumps(doc).replace(old, new))) for name, doc in documents]

    return make


def test_a_consumer_reads_the_documents_in_their_order(cluster, sink_of, fresh):
    documents, others = fresh(20), fresh(2)
    sink_of().send([*lines_of(documents)[:5], *lines_of(others), *lines_of(documents)[5:]])
    for each in (documents, others):
        assert documents_in(cluster, each[0][1]["uid"]) == each


def test_a_follower_that_starts_again_leaves_out_what_the_topic_has(cluster, sink_of, fresh):
    documents = fresh(10)
    sink_of().send(lines_of(documents)[:7])
    sink_of().send(lines_of(documents)[3:])  # as after a kill
    assert documents_in(cluster, documents[0][1]["uid"]) == documents


def test_the_key_is_the_run_and_the_header_the_line(cluster, sink_of, fresh):
    documents = fresh(1)
    lines = lines_of(documents)
    sink_of().send(lines)
    found = messages(cluster)[documents[0][1]["uid"]]
    assert [dict(message.headers())["line"].decode() for message in found] == [line.key for line in lines]


def test_a_document_that_is_too_large_is_refused_and_the_others_arrive(cluster, sink_of, fresh):
    documents = fresh(2)
    documents[2][1]["data"]["det"] = "x" * 2_000_000
    sink = sink_of()
    lines = lines_of(documents)
    with pytest.raises(LineRefused, match=f"event {lines[2].key} is left out: .*size"):
        sink.send(lines)
    sink.send(lines[3:])
    assert documents_in(cluster, documents[0][1]["uid"]) == [*documents[:2], *documents[3:]]


def test_a_number_that_msgpack_cannot_hold_is_refused(sink_of):
    with pytest.raises(LineRefused, match="event u:3 is left out"):
        sink_of().send([Line("u:3", "u", "event", json.dumps({"data": {"det": 2**70}}))])


def test_no_broker_is_a_sink_that_is_down_and_named(sink_of, fresh, monkeypatch):
    monkeypatch.setattr("beamshell.follow.sinks.kafka._ANSWERS_WITHIN_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    sink = sink_of(servers=address)
    with pytest.raises(SinkDown, match=f"no broker of {address} answers"):
        sink.send(lines_of(fresh()))
    with pytest.raises(SinkDown, match=f"no broker of {address} answers"):
        sink.check()


def test_a_check_asks_for_the_topic(cluster, sink_of, fresh):
    sink_of().send(lines_of(fresh()))
    assert sink_of().check() == f"a broker of {cluster} answers; the topic {TOPIC} is there"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"beamline": ""}, "which topic"),
        ({"settings": {"no.such.setting": 1}}, "Kafka does not take these settings: .*no.such.setting"),
    ],
)
def test_a_wrong_setting_is_one_line(settings, message):
    with pytest.raises(ConfigError, match=message):
        make_sink("kafka", {"sink": "kafka", "servers": "127.0.0.1:1", "beamline": "demo", **settings})
