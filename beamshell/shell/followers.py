"""The followers of a console: their processes are started with it; how they fare is shown at the prompt."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from beamshell.errors import UnknownName, UsageError
from beamshell.follow.process import RUNS_ALREADY, follow
from beamshell.follow.settings import checked_blocks, make_sink
from beamshell.follow.status import FOLDER, FollowerStatus, status_path
from beamshell.follow.supervisor import Supervisor
from beamshell.shell.launch_options import take_beamline, take_flag, take_option
from beamshell.shell.messages_shown import DONE, FAILED, say, say_error
from beamshell.store.processes import why_dead
from beamshell.text.nearest import unknown
from beamshell.text.numbers import counted, port_problem
from beamshell.text.times import clock_time, duration
from beamshell.text.window import table_in_window

_SILENT_S = 5.0
"""Seconds without a new status after which a process is said to hang."""

_LOG_LINES = 10


def start_followers(
    blocks: Mapping[str, Any], folder: Path, profile: Path | None, say: Callable[[str], None]
) -> Supervisor:
    """Start a process for each block of the profile; one that is wrong is said, and costs the others nothing."""
    right, problems = checked_blocks(blocks)
    for problem in problems:
        say(str(problem))
    command = [sys.executable, "-m", "beamshell", "follow", "--with-console", f"--data={folder}"]
    if profile is not None:
        command.append(f"--profile={profile}")
    supervisor = Supervisor(folder, command, list(right), say)
    supervisor.start()
    return supervisor


# ---- beamshell follow, beamshell check ------------------------------------------------------------


def run_follower(words: list[str]) -> int:
    """`beamshell follow NAME`: follow until SIGTERM or Ctrl+C; without a name show how all of them fare.

    Raises:
        BeamshellError: there is no such follower, or its settings are wrong.
    """
    with_console, words = take_flag(words, "--with-console")
    folder, config, names = take_beamline(words)
    blocks, _problems = checked_blocks(config.followers)
    if not names:
        print("\n".join(follower_lines(config.followers, folder)))
        return DONE
    if len(names) > 1:
        raise UsageError(f"one follower a process: beamshell follow {names[0]}")
    return follow(folder, names[0], _block(blocks, names[0]), with_console=with_console)


def watch(words: list[str]) -> int:
    """`beamshell watch`: show here what happens; with `--page [--port N]` in browsers of this computer; until Ctrl+C.

    Raises:
        UsageError: a word is unknown, or the port is none that a browser can open.
    """
    is_page, words = take_flag(words, "--page")
    if not is_page:
        from beamshell.shell.watch import watch as watch_here

        return watch_here(words)
    from beamshell.follow.page.sink import DEFAULT_PORT

    port, words = take_option(words, "--port", str(DEFAULT_PORT))
    folder, _config, words = take_beamline(words)
    if words or not port.isdecimal():
        raise UsageError("write beamshell watch --page [--port 8040] [--profile NAME] [--data FOLDER]")
    if problem := port_problem(int(port)):
        raise UsageError(problem)
    say(f"{folder} at http://127.0.0.1:{port}/ until Ctrl+C")
    status = follow(folder, f"page-{port}", {"sink": "page", "port": int(port)}, with_console=False)
    if status == RUNS_ALREADY:
        say("another process shows it there already")
    return status


def check_followers(words: list[str]) -> int:
    """`beamshell check [NAME]`: send a test message through each follower, or one of them."""
    _folder, config, names = take_beamline(words)
    blocks, problems = checked_blocks(config.followers)
    if not config.followers:
        say(_NONE)
    for problem in problems:
        say_error(problem)
    status = FAILED if problems else DONE
    for name in names or blocks:
        try:
            sink = make_sink(name, _block(blocks, name))
            say(f"{name}: {sink.check()}")
            sink.close()
        except Exception as exc:  # noqa: BLE001  the others are checked too
            say_error(exc)
            status = FAILED
    return status


_NONE = "the profile names no followers: c.Beamshell.followers in its ipython_config.py"


def _block(blocks: Mapping[str, dict[str, Any]], name: str) -> dict[str, Any]:
    if not blocks:
        raise UnknownName(f"no follower '{name}': name it in c.Beamshell.followers")
    if name not in blocks:
        raise unknown("follower", name, blocks)
    return blocks[name]


# ---- how they fare -----------------------------------------------------------------------------


def follower_lines(blocks: Mapping[str, Any], folder: Path, name: str = "") -> list[str]:
    """How the followers fare, a line each; of one of them more.

    Raises:
        UnknownName: there is no such follower.
    """
    if not blocks and not name:
        return [_NONE]
    blocks, problems = checked_blocks(blocks)
    names = [name] if name else list(blocks)
    rows = [["follower", "sink", "state", "behind", "sent", "lines/s"]]
    details = [] if name else [str(problem) for problem in problems]
    for each in names:
        status = FollowerStatus.load(status_path(folder, each))
        rows.append([each, str(_block(blocks, each)["sink"]), *_cells(status)])
        if status is not None and status.error:
            details.append(f"{each}: {clock_time(status.error_time, time.time())}  {status.error}")
        if status is not None and status.refused:
            details.append(f"{each}: {counted(status.refused, 'line')} refused, and left out")
    if name:
        details += _log_lines(folder / FOLDER / f"{name}.log")
    return [table_in_window(rows, left_aligned=[0, 1, 2]), *details]


def _cells(status: FollowerStatus | None) -> list[str]:
    if status is None:
        return ["never started", "", "", ""]
    behind = f"{duration(status.behind_s)}, {status.behind_bytes} bytes" if status.behind_bytes else ""
    return [_state(status), behind, str(status.sent), f"{status.rate:.0f}" if status.rate else ""]


def _state(status: FollowerStatus) -> str:
    now = time.time()
    if status.state not in ("ended", "failed", "broken"):
        if why := why_dead(status.process):
            return f"dead: {why}"
        if now - status.time > _SILENT_S:
            return f"silent for {duration(now - status.time)}"
    return f"{status.state} since {clock_time(status.since, now)}"


def _log_lines(log: Path) -> list[str]:
    try:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
    except OSError:
        return []
