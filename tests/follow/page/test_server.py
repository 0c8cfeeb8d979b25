"""The page over HTTP: who may see it, what it refuses, how small it is, and that one watcher never holds up another."""

from __future__ import annotations

import gzip
import json
import socket
import threading

import pytest
from watch_page import wait_for, write

from beamshell.errors import ConfigError, SinkDown
from beamshell.follow.page.server import compressed_assets
from beamshell.follow.page.sink import PageSink

DATA = ["/live", "/runs", "/run?uid=1"]


def answer_to(page, lines):
    """The first line of the answer to a request of any form."""
    with socket.create_connection(("127.0.0.1", page.port), timeout=60) as connection:
        connection.sendall(lines.replace("\n", "\r\n").encode() + b"\r\n\r\n")
        return connection.makefile("rb").readline().decode()


def test_all_its_files_have_at_most_40_kb_and_come_from_it_alone():
    assets = compressed_assets()
    assert sum(map(len, assets.values())) <= 40_000
    for path in ("/", "/page.css", "/page.js", "/draw.js"):
        assert "//" not in gzip.decompress(assets[path]).decode().replace("// ", "")


@pytest.mark.parametrize("name", ["evil.example", "evil.example:8040", "127.0.0.1.evil.example", "", "10.0.0.1"])
def test_a_browser_that_was_led_here_by_another_name_is_refused(serve, name):
    assert serve().ask("/", Host=name)[0] == 421


@pytest.mark.parametrize("name", ["localhost:8040", "127.0.0.1", "[::1]:8040"])
def test_a_name_of_this_computer_is_answered(serve, name):
    assert serve().ask("/", Host=name)[0] == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_every_other_method_is_refused(serve, method):
    page = serve()
    for path in ("/", "/runs"):
        status, headers, _ = page.ask(path, method)
        assert (status, headers["Allow"]) == (405, "GET")


def test_a_page_of_another_site_may_not_use_it(serve):
    _, headers, _ = serve().ask("/runs", Origin="http://evil.example")
    assert "Access-Control-Allow-Origin" not in headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_data_need_the_token_and_a_wrong_one_is_refused(serve):
    page = serve(token="s3cret")
    for path in DATA:
        assert page.ask(path)[0] == 401
        assert page.ask(path, Authorization="Bearer s3cre")[0] == 401
        assert page.ask(f"{path}{'&' if '?' in path else '?'}token=s3cret")[0] == 401  # a URL is written into logs
    assert page.ask("/runs", Authorization="Bearer s3cret")[0] == 200
    assert page.ask("/")[0] == 200  # it asks for the token


def test_beyond_this_computer_a_token_is_needed():
    with pytest.raises(ConfigError, match="needs a token"):
        PageSink(host="0.0.0.0")


def test_beyond_this_computer_it_is_called_by_its_name_or_an_address(serve):
    page = serve(host="0.0.0.0", token="s3cret", names=["bl7.example.org"])
    for name in ("bl7.example.org", "10.1.2.3:8040", socket.gethostname(), "localhost"):
        assert page.ask("/", Host=name)[0] == 200
    assert page.ask("/", Host="evil.example")[0] == 421


def test_a_port_that_is_taken_is_said_and_tried_again(serve, folder):
    page = serve()
    sink = PageSink(port=page.port)
    sink.folder = folder
    with pytest.raises(SinkDown, match=r"Address already in use: free the port, or choose another one"):
        sink.poll()
    assert sink.check() == f"the page is at {page.url}"
    page.stop()
    sink.poll()
    assert sink.port == page.port
    sink.close()
    with pytest.raises(SinkDown, match="no page at"):
        sink.check()


def test_odd_requests_do_no_harm(serve):
    page = serve()
    assert "404" in answer_to(page, "GET /../../etc/passwd HTTP/1.1\nHost: localhost")
    assert "404" in answer_to(page, "GET /%2e%2e/secret HTTP/1.1\nHost: localhost")
    assert "501" in answer_to(page, "BREW / HTTP/1.1\nHost: localhost")
    assert page.ask("/run?uid=nothing")[0] == 400
    assert page.ask("/runs?q=" + "x" * 10_000)[0] in (200, 400)
    assert page.ask("/")[0] == 200


def test_fifty_watchers_see_a_scan_while_one_takes_nothing(serve, journal, scan, watch):
    page = serve()
    with socket.socket() as hung:
        hung.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        hung.connect(("127.0.0.1", page.port))
        hung.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        watchers = [watch(page) for _ in range(50)]
        wait_for(lambda: page.sink.watchers == 51)
        documents = scan(3000)
        write(journal, documents)
        seen = []

        def look(watcher):
            seen.append(watcher.until(lambda now: now["run"] and now["run"]["end"])["run"]["rows"][-1][0])

        threads = [threading.Thread(target=look, args=[watcher]) for watcher in watchers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert seen == ["3000"] * 50


def test_the_page_ends_while_browsers_look_and_one_hangs(serve, watch):
    page = serve()
    watcher = watch(page)
    watcher.read()
    with socket.create_connection(("127.0.0.1", page.port)):
        page.stop()
    with pytest.raises(EOFError):
        watcher.read()
    assert not any(thread.name in ("page", "pictures") for thread in threading.enumerate())


def test_one_who_joins_late_sees_the_run_as_those_who_were_there(serve, journal, scan, watch):
    page = serve()
    early = watch(page)
    documents = scan(101)
    write(journal, documents[:60])
    early.until(lambda now: now["run"] and now["run"]["points"] > 10)
    late = watch(page)
    late.read()
    write(journal, documents[60:])
    runs = [each.until(lambda now: now["run"] and now["run"]["end"])["run"] for each in (early, late)]
    assert runs[0]["plot"] == runs[1]["plot"]
    assert runs[0]["rows"] == runs[1]["rows"]


def test_a_page_that_begins_in_the_middle_of_a_run_shows_all_of_it(serve, journal, log, scan, watch):
    documents = scan(50)
    log.add("opened", operator="anna")
    log.add("plan", command="scan det th 0 49 50")
    write(journal, documents[:30])
    shown = watch(serve()).until(lambda now: now["run"] and len(now["run"]["rows"]) == 28)
    assert shown["state"]["state"] == "running"
    assert len(shown["run"]["plot"]["points"][0]) == 28


def test_after_the_last_run_it_is_shown(serve, journal, scan, watch):
    write(journal, scan(5))
    page = serve()
    assert watch(page).until(lambda now: now["run"])["run"]["end"].startswith("scan 1: success, 5 points")


def test_past_runs_are_found_and_read_with_a_ratio(serve, journal, make_run):
    documents = make_run(["th"], ["det", "i0"], [(0.0, 10.0, 2.0), (1.0, 30.0, 3.0)], sample="LaB6")
    write(journal, documents)
    page = serve()
    found = json.loads(gzip.decompress(page.ask("/runs?q=LaB6")[2]))
    assert [(run["scan"], run["status"]) for run in found["runs"]] == [(1, "success")]
    assert json.loads(gzip.decompress(page.ask("/runs?q=CeO2")[2]))["foot"].startswith("no run")
    run = json.loads(gzip.decompress(page.ask(f"/run?uid={documents[0][1]['uid']}&y=det/i0")[2]))
    assert run["plot"]["points"] == [[0, 1], [5, 10]]


def test_messages_come_while_it_is_watched(serve, log, watch):
    watcher = watch(serve())
    watcher.read()
    log.add("opened", operator="anna")
    log.add("typed", line="mov th 1")
    assert watcher.until(lambda now: now["messages"])["messages"][0][1:] == ["typed", "mov th 1"]


def test_documents_that_are_none_do_not_take_it_away(serve, journal, scan, watch):
    page = serve()
    (_, start), (_, descriptor), (_, event), *_ = scan()
    odd = {"scan_id": {"a": [1]}, "motors": 7, "hints": "none", "sample": "<script>alert(1)</script>"}
    write(journal, [("start", start | {"uid": "odd"} | odd)])
    write(journal, [("descriptor", descriptor | {"run_start": "odd", "data_keys": {"det": None}, "hints": []})])
    write(journal, [("event", event | {"data": {"det": {"x": 1}}}), ("event", event | {"data": [1]})])
    write(journal, scan(4, time=2000.0))
    shown = watch(page).until(lambda now: now["run"] and now["run"]["end"])
    assert len(shown["run"]["rows"]) == 4


@pytest.mark.parametrize("port", [-1, 99999999])
def test_a_port_that_does_not_exist_is_refused_before_it_serves(port):
    with pytest.raises(ConfigError, match=f"^port {port}: write one from 0 to 65535"):
        PageSink(port=port)
