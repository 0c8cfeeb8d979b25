"""Who gets the documents, in which order, whoever fails."""

from __future__ import annotations

import logging

import pytest

from beamshell.engine.dispatcher import NAMES, Dispatcher
from beamshell.errors import UnknownName


@pytest.fixture
def failures():
    return []


@pytest.fixture
def dispatcher(failures):
    return Dispatcher(lambda subscription, name, exc: failures.append((subscription.token, name, str(exc))))


def test_documents_go_to_those_who_want_them(dispatcher):
    received = []
    dispatcher.subscribe(lambda name, doc: received.append(("all", name)))
    dispatcher.subscribe(lambda name, doc: received.append(("event", name)), "event")
    for name in NAMES:
        dispatcher.process(name, {})
    assert [name for who, name in received if who == "all"] == list(NAMES)
    assert [name for who, name in received if who == "event"] == ["event"]


def test_writers_are_served_first_and_the_others_in_the_order_in_which_they_came(dispatcher):
    received = []
    for word, writer in (("one", False), ("two", False), ("file", True), ("three", False)):
        dispatcher.subscribe(lambda name, doc, word=word: received.append(word), writer=writer)
    dispatcher.process("start", {})
    assert received == ["file", "one", "two", "three"]


def test_all_who_fail_are_informed_of_after_all_were_served(dispatcher, failures):
    received = []

    def raises(name, doc):
        raise ValueError("broken")

    first = dispatcher.subscribe(raises)
    dispatcher.subscribe(lambda name, doc: received.append(len(failures)))
    second = dispatcher.subscribe(raises, "stop")
    dispatcher.process("stop", {})
    assert received == [0]
    assert failures == [(first, "stop", "broken"), (second, "stop", "broken")]


def test_an_operator_who_breaks_into_one_subscriber_keeps_no_other_from_the_document(dispatcher, failures):
    received = []

    def hangs(name, doc):
        raise KeyboardInterrupt

    dispatcher.subscribe(hangs)
    dispatcher.subscribe(lambda name, doc: received.append(name))
    dispatcher.process("event", {})
    assert received == ["event"]
    assert len(failures) == 1


def test_what_must_end_the_process_is_not_held_up(dispatcher):
    def leaves(name, doc):
        raise SystemExit(3)

    dispatcher.subscribe(leaves)
    with pytest.raises(SystemExit):
        dispatcher.process("event", {})


def test_a_subscriber_may_unsubscribe_itself_and_another_while_it_is_served(dispatcher):
    received = []

    def once(name, doc):
        received.append("once")
        dispatcher.unsubscribe(token)

    token = dispatcher.subscribe(once)
    dispatcher.subscribe(lambda name, doc: received.append("always"))
    dispatcher.process("event", {})
    dispatcher.process("event", {})
    assert received == ["once", "always", "always"]


def test_tokens_are_never_used_again(dispatcher):
    tokens = []
    for _ in range(3):
        tokens.append(dispatcher.subscribe(print))
        dispatcher.unsubscribe(tokens[-1])
        dispatcher.unsubscribe(tokens[-1])
    assert len(set(tokens)) == 3


def test_the_listing_is_in_the_order_of_service_and_readable(dispatcher):
    def table(name, doc): ...

    def file(name, doc): ...

    dispatcher.subscribe(table, "event")
    dispatcher.subscribe(file, writer=True)
    assert [subscription.function for subscription in dispatcher.listing()] == [file, table]
    assert repr(dispatcher.listing()[0]).endswith("file gets all, a writer>")
    dispatcher.unsubscribe_all()
    assert dispatcher.listing() == ()


@pytest.mark.parametrize(("function", "name", "error"), [(print, "evnt", UnknownName), ("print", "all", TypeError)])
def test_what_can_never_be_served_is_refused(dispatcher, function, name, error):
    with pytest.raises(error, match=name if error is UnknownName else "'print'"):
        dispatcher.subscribe(function, name)


def test_documents_of_the_fields_own_enumeration_are_known_by_their_name(dispatcher):
    from event_model import DocumentNames

    received = []
    dispatcher.subscribe(lambda name, doc: received.append(name), DocumentNames.event)
    dispatcher.process("event", {})
    assert received == ["event"]


def test_left_alone_a_failure_goes_to_the_log(caplog):
    dispatcher = Dispatcher()

    def broken(name, doc):
        raise ValueError("not today")

    dispatcher.subscribe(broken)
    with caplog.at_level(logging.ERROR):
        dispatcher.process("start", {})
    assert "broken gets all" in caplog.text
    assert "not today" in caplog.text
