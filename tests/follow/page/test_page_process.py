"""The page as a process of its own: killed, it is there again with all of the run; its token is in no file."""

from __future__ import annotations

import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest
from watch_page import wait_for, write

from beamshell.errors import UsageError
from beamshell.follow.status import FollowerStatus, status_path

CODE = """
import sys
from pathlib import Path
from beamshell.follow.process import follow
block = {"sink": "page", "port": int(sys.argv[2]), "token": "env:PAGE_TOKEN"}
sys.exit(follow(Path(sys.argv[1]), "watch", block, with_console=True))
"""


@pytest.fixture
def start(folder, monkeypatch):
    monkeypatch.setenv("PAGE_TOKEN", "s3cret")
    processes = []

    def start(port):
        words = [sys.executable, "-c", CODE, str(folder), str(port)]
        with (folder / "page.log").open("ab") as log:
            processes.append(subprocess.Popen(words, stdin=subprocess.PIPE, stdout=log, stderr=log))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdin.close()


def is_up(folder, process):
    status = FollowerStatus.load(status_path(folder, "watch"))
    return status is not None and status.state == "up to date" and status.process["pid"] == process.pid


def test_killed_in_a_scan_it_shows_all_of_it_when_it_is_back(folder, journal, scan, start, watch, serve):
    port = serve().port  # a free one, which is free again below
    serve.end()
    documents = scan(60)
    done = 0
    for more in (20, 40, len(documents)):
        process = start(port)
        wait_for(lambda process=process: is_up(folder, process))
        write(journal, documents[done:more])
        done = more
        watcher = watch(SimpleNamespace(port=port), Authorization="Bearer s3cret")
        rows = watcher.until(lambda now, more=more: now["run"] and len(now["run"]["rows"]) == min(more - 2, 60))
        assert [int(row[0]) for row in rows["run"]["rows"]] == list(range(1, min(more - 2, 60) + 1))
        process.kill()
        process.wait()
    assert b"s3cret" not in b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_its_token_is_in_no_list_of_processes_and_no_error(folder, start, serve):
    page = serve()
    process = start(page.port)  # it is taken
    wait_for(lambda: (status := FollowerStatus.load(status_path(folder, "watch"))) and status.error)
    with open(f"/proc/{process.pid}/cmdline", "rb") as file:
        assert b"s3cret" not in file.read()
    process.stdin.close()
    process.wait()
    assert b"s3cret" not in b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_command_serves_the_page_until_sigterm(folder, serve, watch):
    port = serve().port
    serve.end()
    words = ["watch", "--page", f"--port={port}", f"--data={folder}"]
    process = subprocess.Popen([sys.executable, "-m", "beamshell", *words], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr.readline() == f"beamshell: {folder} at http://127.0.0.1:{port}/ until Ctrl+C\n"
        wait_for(lambda: FollowerStatus.load(status_path(folder, f"page-{port}")))
        wait_for(lambda: is_listening(port))
        watcher = watch(SimpleNamespace(port=port))
        watcher.read()
        assert watcher.now["state"]["state"] == "no console"
        second = subprocess.run([sys.executable, "-m", "beamshell", *words], stderr=subprocess.PIPE, text=True)
        assert "another process shows it there already" in second.stderr
        process.terminate()
        assert process.wait() == 0
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.parametrize("words", [["--page", "--port", "x"], ["--page", "now"]])
def test_the_command_says_how_it_is_written(words, tmp_path):
    from beamshell.shell.followers import watch

    with pytest.raises(UsageError, match=r"write beamshell watch --page \[--port 8040\]"):
        watch([*words, f"--data={tmp_path}"])


@pytest.mark.parametrize("port", ["0", "99999999"])
def test_the_command_refuses_a_port_that_no_browser_can_open(port, tmp_path):
    from beamshell.shell.followers import watch

    with pytest.raises(UsageError, match=f"^port {port}: write one from 1 to 65535"):
        watch(["--page", f"--port={port}", f"--data={tmp_path}"])


def is_listening(port):
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0
