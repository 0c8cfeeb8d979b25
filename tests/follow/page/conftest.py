"""A page that serves the data folder of a test, and watchers of it."""

from __future__ import annotations

import contextlib

import pytest
from watch_page import Page, Watcher


@pytest.fixture
def serve(folder):
    pages = []

    def serve(**settings):
        pages.append(Page(folder, **settings))
        return pages[-1].start()

    def end():
        for page in pages:
            page.stop()

    serve.end = end
    yield serve
    end()


@pytest.fixture
def watch():
    with contextlib.ExitStack() as stack:

        def watch(page, **headers):
            watcher = Watcher(page, **headers)
            stack.callback(watcher.close)
            return watcher

        yield watch
