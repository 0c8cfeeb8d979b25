"""TiledSink: writes runs into a Tiled catalogue, each row of a table once and in its order.

Tiled cannot tell whether it has a row: appending twice makes two. So after a doubt the run is read from its file again,
the rows that Tiled has are counted, and the rest is appended. When such a run has ended its rows are compared with
those of the file, and a table that has others is written anew.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby, islice
from typing import Any

from beamshell.errors import BeamshellError, ConfigError, LineRefused, SinkDown, UnknownName
from beamshell.follow.lines import Line, document_line
from beamshell.follow.sink import Sink
from beamshell.follow.tiled.columns import ColumnTooNarrowError
from beamshell.follow.tiled.nodes import RunNodes
from beamshell.follow.tiled.run import TiledRun
from beamshell.store import Runs
from beamshell.store.asset_readers import AssetReaders

_log = logging.getLogger(__name__)

_CONNECTS_WITHIN_S = 5.0
_ANSWERS_WITHIN_S = 20.0
_MOST_ROWS = 10_000
"""Rows that are appended at once when a run is read from its file again."""

_NOT_FOR_EVER = (401, 403, 404, 408, 409, 429)
"""The refusals of a server that are not about what was sent."""


class TiledSink(Sink):
    """Writes every run.

    Args:
        url: of the server, such as "https://tiled.example.org".
        api_key: that may create, write and register: write it as "env:NAME" or "keyring:SERVICE/USER".
        container: that holds the runs, such as "raw/bl12"; it exists already. "" is the root.
        every: seconds between two writings; what is measured meanwhile is written together.
        roots: folders of files as the server has them, by those of the documents.

    Raises:
        ConfigError: the URL is none, or tiled is not installed.
    """

    def __init__(
        self, url: str, api_key: str, container: str = "", every: float = 0.5, roots: dict[str, str] | None = None
    ) -> None:
        os.environ.setdefault("TILED_RETRY_ATTEMPTS", "1")  # the follower tries again, and says so meanwhile
        try:
            import httpx
            import pyarrow  # noqa: F401  where it is missing, better now than at the first run
            import tiled.client  # noqa: F401
        except ImportError as exc:
            raise ConfigError(f'{exc.name} is not installed: pip install "beamshell[tiled]"') from exc
        if not url.startswith(("http://", "https://")) or not httpx.URL(url).host:
            raise ConfigError("the url of Tiled begins with https:// or http:// and a host")
        self.every = every
        self._url, self._api_key, self._container = url, api_key, container
        self._assets = AssetReaders()
        self._assets.roots = dict(roots or {})
        self._catalogue: Any = None
        self._runs: dict[str, tuple[TiledRun, RunNodes]] = {}
        self._refused: deque[str] = deque(maxlen=1000)  # runs that Tiled will never take
        self._written_anew: deque[str] = deque(maxlen=1000)
        self._wider: dict[str, dict[str, dict[str, Any]]] = {}  # types of columns, by run and stream

    def send(self, lines: Sequence[Line]) -> None:
        """Write lines.

        Raises:
            SinkDown: Tiled does not take them now.
            LineRefused: it will never take this run.
        """
        for uid, group in groupby(lines, key=lambda line: line.run):
            of_run = list(group)
            if uid in self._refused:
                raise LineRefused(of_run[0], "Tiled has refused its run")
            try:
                self._guard(partial(self._write, uid, of_run))
            except RunRefusedError as exc:
                self._refused.append(uid)
                self._runs.pop(uid, None)
                raise LineRefused(of_run[0], str(exc)) from exc
            except SinkDown:
                self._runs.pop(uid, None)  # what of it has arrived is looked at before it goes on
                raise

    def check(self) -> str:
        """Make a container and remove it.

        Raises:
            SinkDown: Tiled does not take it.
        """

        def try_it() -> None:
            key = f"beamshell-check-{os.getpid()}"
            self._root.create_container(key=key).delete()

        self._guard(try_it)
        return f"{self._place} takes runs"

    def close(self) -> None:
        """Close the connection."""
        if self._catalogue is not None:
            self._catalogue.context.close()
            self._catalogue = None

    # ---- a run -----------------------------------------------------------------------------------

    def _write(self, uid: str, lines: Sequence[Line]) -> None:
        """Bring a run up to these lines."""
        if uid not in self._runs:
            self._runs[uid] = self._resumed(uid, _number(lines[0]))
        run, nodes = self._runs[uid]
        for line in lines:
            if _number(line) > run.line:
                _take(run, line)
                run.line = _number(line)
        if run.start_doc is None:
            raise RunRefusedError("its start document is damaged")
        nodes.write(run)
        if run.files_have_changed:
            self._register(run, nodes)
        if run.stop_doc is not None:
            self._finish(run, nodes)
            del self._runs[uid], self._wider[uid]

    def _resumed(self, uid: str, number: int) -> tuple[TiledRun, RunNodes]:
        """A run as it was before a line, and its nodes; what Tiled does not have of it is written."""
        run, nodes = TiledRun(uid, self._wider.setdefault(uid, {})), RunNodes(self._root)
        if number == 1:
            return run, nodes
        if self.folder is None:
            raise SinkDown("this sink needs a data folder: it is used by a follower")
        try:
            path = Runs(self.folder)[uid].path
        except UnknownName as exc:
            raise RunRefusedError("its file is not in the data folder") from exc
        try:
            with path.open("rb") as file:
                for place, raw in enumerate(islice(file, number - 1), start=1):
                    line = document_line(raw, uid, place)
                    if line is not None:
                        _take(run, line)
                    run.line = place
                    if run.unwritten >= _MOST_ROWS:
                        nodes.write(run)
        except OSError as exc:
            raise SinkDown(f"{exc.filename}: {exc.strerror}") from exc
        return run, nodes

    def _register(self, run: TiledRun, nodes: RunNodes) -> None:
        """Register the arrays in files; the table is written whether Tiled takes them or not."""
        import httpx

        run.files_have_changed = False
        try:
            nodes.register(run.arrays_in_files(self._assets))
        except httpx.HTTPStatusError as exc:
            if not _is_for_ever(exc.response.status_code):
                raise
            _log.warning("the files of run %s are not registered: %s", run.uid, _detail(exc.response))

    def _finish(self, run: TiledRun, nodes: RunNodes) -> None:
        """Compare the tables with the run, then write that it has ended."""
        for stream in filter(nodes.has_other_rows, run.streams.values()):
            name = f"the table {stream.name} of run {run.uid[:8]}"
            if run.uid in self._written_anew:
                _log.warning("%s was written anew, and has other rows again", name)
                continue
            self._written_anew.append(run.uid)
            nodes.remove_table(stream)
            raise SinkDown(f"{name} had other rows: it is written anew")
        nodes.end(run)

    # ---- the server ------------------------------------------------------------------------------

    @property
    def _place(self) -> str:
        return f"{self._url}{f' ({self._container})' if self._container else ''}"

    @property
    def _root(self) -> Any:
        """The container that holds the runs."""
        if self._catalogue is None:
            import httpx
            from tiled.client import from_context
            from tiled.client.context import Context

            timeout = httpx.Timeout(_ANSWERS_WITHIN_S, connect=_CONNECTS_WITHIN_S)
            context, _parts = Context.from_any_uri(self._url, api_key=self._api_key, timeout=timeout)
            try:
                self._catalogue = self._container_in(from_context(context))
            except BaseException:
                context.close()
                raise
        return self._catalogue

    def _container_in(self, root: Any) -> Any:
        """The container of the runs, below the root of the catalogue."""
        for key in filter(None, self._container.split("/")):
            if key not in root:
                raise SinkDown(f"{self._url} has no container {self._container}: create it, or ask who may")
            root = root[key]
        return root

    def _guard(self, work: Callable[[], None]) -> None:
        """Do something with the server.

        Raises:
            SinkDown: it does not answer, or cannot do it now.
            RunRefusedError: it will never take this.
        """
        import httpx

        try:
            work()
        except httpx.HTTPStatusError as exc:
            status = exc.response.status_code
            if status in (401, 403):
                raise SinkDown(f"{self._place} does not take this api_key: {status}") from exc
            why = f"{status} {_detail(exc.response)}"
            if _is_for_ever(status):
                raise RunRefusedError(f"{self._place} refuses its run: {why}") from exc
            raise SinkDown(f"{self._place} cannot take it: {why}") from exc
        except httpx.HTTPError as exc:
            raise SinkDown(f"no answer from {self._place}: {str(exc) or type(exc).__name__}") from exc
        except ColumnTooNarrowError as exc:
            raise SinkDown(f"a value does not fit into column {exc.column}: its table is written anew") from exc
        except (ValueError, LookupError, TypeError, AttributeError) as exc:
            if isinstance(exc, BeamshellError):
                raise
            _log.exception("an answer of Tiled")
            raise SinkDown(f"{self._place} does not answer as Tiled does: {type(exc).__name__}") from exc


class RunRefusedError(Exception):
    """Tiled will never take a run, or nobody can read it."""


def _is_for_ever(status: int) -> bool:
    """Whether a refusal is about what was sent."""
    return 400 <= status < 500 and status not in _NOT_FOR_EVER


def _detail(answer: Any) -> str:
    """What Tiled says of a refusal, in one line."""
    try:
        detail = answer.json()["detail"]
    except (ValueError, LookupError, TypeError):
        return str(answer.reason_phrase)
    return " ".join(str(detail).split())[:200]


def _take(run: TiledRun, line: Line) -> None:
    """Give a line to its run; a document of another program may say anything."""
    try:
        run(line.name, line.doc)
    except (LookupError, ValueError, TypeError, AttributeError) as exc:
        raise RunRefusedError(f"{line.name} {line.key} is not understood: {type(exc).__name__}: {exc}") from exc


def _number(line: Line) -> int:
    """The number of a line in the file of its run."""
    return int(line.key.rpartition(":")[2])
