"""A watch page that serves the data folder of a test as its process does, and a watcher that reads its stream."""

from __future__ import annotations

import http.client
import json
import threading
import time

from beamshell.follow.follower import Follower
from beamshell.follow.page.sink import PageSink
from beamshell.follow.reader import Reader


def wait_for(condition, most_s=60):
    deadline = time.monotonic() + most_s
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return value


class Page:
    """A page that is served, and may be ended and begun again at the same port."""

    def __init__(self, folder, **settings):
        self.folder, self.settings, self.port = folder, settings, 0
        self.thread = None

    def start(self):
        self.sink = PageSink(port=self.port, **self.settings)
        self.sink.folder = self.folder
        self.stopped = threading.Event()
        reader = Reader.from_beginning(self.folder)
        reader.skip_to_now()
        self.thread = threading.Thread(target=Follower(reader, self.sink, None, self.stopped).run)
        self.thread.start()
        self.port = wait_for(lambda: self.sink.port)
        return self

    def stop(self):
        if self.thread is not None:
            self.stopped.set()
            self.thread.join()
            self.thread = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/"

    def ask(self, path, method="GET", **headers):
        """The status, the headers and the body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()


class Watcher:
    """Reads the stream of a page, and merges it as the browser does."""

    def __init__(self, page, **headers):
        self.connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=60)
        self.connection.request("GET", "/live", headers=headers)
        self.answer = self.connection.getresponse()
        self.now = None
        self.size = 0

    def read(self):
        """Take one message.

        Raises:
            EOFError: the page has ended.
        """
        lines = []
        while (line := self.answer.readline()) != b"\n":
            if not line:
                raise EOFError
            lines.append(line)
        self.size += sum(map(len, lines))
        if lines == [b": alive\n"]:
            return
        name, value = lines[0].split()[1], json.loads(lines[1][len(b"data: ") :])
        if name == b"whole":
            self.now = value
            return
        run = value.pop("run", {})
        self.now.update(value)
        if "uid" in run:
            self.now["run"] = run
            return
        if run:
            self.now["run"]["rows"] = [*self.now["run"]["rows"], *run.pop("more_rows", [])][-100:]
            for values, more in zip(self.now["run"]["plot"]["points"], run.pop("more_points", []), strict=False):
                values += more
            self.now["run"].update(run)

    def until(self, condition):
        """Read until the condition holds of what is shown."""
        while self.now is None or not condition(self.now):
            self.read()
        return self.now

    def close(self):
        self.answer.close()
        self.connection.close()


def write(journal, documents):
    for name, doc in documents:
        journal(name, doc)
