"""KafkaSink: writes documents into a Kafka topic, in the form of bluesky-kafka, each once and in the order of its run.

A message is the msgpack of `[name, document]`; its key is the uid of the run, so that a run is in one partition. Its
header "line" is the `Line.key`, by which a follower that starts again knows what the topic has.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

from beamshell.errors import ConfigError, LineRefused, SinkDown
from beamshell.follow.lines import Line
from beamshell.follow.sink import Sink

_ANSWERS_WITHIN_S = 5.0
_LOOK_BACK = 2000
"""Messages at the end of each partition in which a follower looks for what it has sent before."""

_HEADER = "line"


class KafkaSink(Sink):
    """Writes every document into a topic.

    Args:
        servers: where a broker answers, such as "broker1:9092,broker2:9092".
        beamline: the first part of the topic "BEAMLINE.bluesky.runengine.documents".
        topic: another topic.
        settings: further settings of librdkafka, such as those of SASL.

    Raises:
        ConfigError: neither a beamline nor a topic is named, a setting is wrong, or a library is not installed.
    """

    def __init__(
        self, servers: str, beamline: str = "", topic: str = "", settings: dict[str, Any] | None = None
    ) -> None:
        try:
            import confluent_kafka
            import msgpack
        except ImportError as exc:
            raise ConfigError(f'{exc.name} is not installed: pip install "beamshell[kafka]"') from exc
        if not (beamline or topic):
            raise ConfigError("which topic? Name the beamline: it is BEAMLINE.bluesky.runengine.documents")
        self.topic = topic or f"{beamline}.bluesky.runengine.documents"
        self._servers = servers
        self._pack = msgpack.packb
        self._settings = {"bootstrap.servers": servers, **(settings or {})}
        self._complaint = ""
        try:
            self._producer = confluent_kafka.Producer(
                {
                    **self._settings,
                    "enable.idempotence": True,  # neither twice nor out of order, whatever is tried again
                    "message.timeout.ms": 0,  # never given up
                    "error_cb": self._note,
                    "logger": _Silent(),
                }
            )
        except (confluent_kafka.KafkaException, ValueError, TypeError) as exc:
            raise ConfigError(f"Kafka does not take these settings: {exc}") from exc
        self._under_way: set[str] = set()  # keys of lines that the producer has and the broker not yet
        self._arrived: set[str] | None = None  # keys of lines that the broker has; None until it was asked

    def send(self, lines: Sequence[Line]) -> None:
        """Write lines; when this returns, all replicas have them.

        Raises:
            SinkDown: no broker has confirmed them; those that are under way stay so.
            LineRefused: a document is too large, or msgpack cannot hold it.
        """
        if self._arrived is None:
            self._arrived = set(self._keys_in_topic())
        refused = None
        for line in lines:
            if line.key in self._arrived or line.key in self._under_way:
                continue
            try:
                self._produce(line)
            except LineRefused as exc:
                refused = exc
                break
        if self._producer.flush(_ANSWERS_WITHIN_S):
            raise SinkDown(self._silence())
        if refused is not None:
            raise refused
        self._arrived.difference_update({line.key for line in lines})  # they do not come again

    def check(self) -> str:
        """Ask a broker for the topic: a test message would be a document that nobody expects.

        Raises:
            SinkDown: none answers.
        """
        from confluent_kafka import KafkaException

        try:
            about = self._producer.list_topics(timeout=_ANSWERS_WITHIN_S)
        except KafkaException as exc:
            raise SinkDown(self._silence()) from exc
        there = "is there" if self.topic in about.topics else "is made with the first run, if the broker allows it"
        return f"a broker of {self._servers} answers; the topic {self.topic} {there}"

    def close(self) -> None:
        """Wait for what is under way."""
        self._producer.flush(_ANSWERS_WITHIN_S)

    def _produce(self, line: Line) -> None:
        from confluent_kafka import KafkaException

        try:
            value = self._pack([line.name, line.doc], default=_complex)
            self._under_way.add(line.key)
            self._producer.produce(
                self.topic,
                value,
                key=line.run,
                headers={_HEADER: line.key},
                on_delivery=lambda error, _message: self._confirm(line, error),
            )
        except (KafkaException, TypeError, ValueError, OverflowError) as exc:
            self._under_way.discard(line.key)
            raise LineRefused(line, str(exc)) from exc
        except BufferError:  # the producer is full: it takes more when the broker has taken some
            self._under_way.discard(line.key)
            self._producer.poll(0.1)
            raise SinkDown(self._silence()) from None

    def _confirm(self, line: Line, error: Any) -> None:
        """Note that a line has arrived; one that has not is produced again when it is sent again."""
        self._under_way.discard(line.key)
        if error is None and self._arrived is not None:
            self._arrived.add(line.key)
        elif error is not None:
            self._complaint = str(error)

    def _keys_in_topic(self) -> Iterator[str]:
        """The keys of the last lines in the topic."""
        from confluent_kafka import Consumer, KafkaException, TopicPartition

        consumer = Consumer(
            {**self._settings, "group.id": "beamshell", "enable.auto.commit": False, "logger": _Silent()}
        )
        try:
            about = consumer.list_topics(self.topic, timeout=_ANSWERS_WITHIN_S).topics[self.topic]
            for number in about.partitions:
                partition = TopicPartition(self.topic, number)
                low, high = consumer.get_watermark_offsets(partition, timeout=_ANSWERS_WITHIN_S)
                partition.offset = max(low, high - _LOOK_BACK)
                consumer.assign([partition])
                deadline = time.monotonic() + _ANSWERS_WITHIN_S
                while partition.offset < high:
                    message: Any = consumer.poll(0.1)
                    if message is None or message.error():
                        if time.monotonic() > deadline:
                            raise SinkDown(self._silence())
                        continue
                    partition.offset = message.offset() + 1
                    yield from (key.decode() for name, key in message.headers() or () if name == _HEADER)
        except KafkaException as exc:
            raise SinkDown(f"{self._silence()} ({exc.args[0]})") from exc
        finally:
            consumer.close()

    def _note(self, error: Any) -> None:
        self._complaint = str(error.str() if hasattr(error, "str") else error)

    def _silence(self) -> str:
        return f"no broker of {self._servers} answers{f': {self._complaint}' if self._complaint else ''}"


class _Silent:
    """Takes what librdkafka would print."""

    def log(self, *_words: Any) -> None:
        """Say nothing: what matters is in the state of the follower."""


def _complex(value: Any) -> Any:
    """A complex number, as msgpack-numpy writes it."""
    if isinstance(value, complex):
        return {b"complex": True, b"data": repr(value)}
    raise TypeError(f"a {type(value).__name__} cannot be written")
