"""What there is and how it fares: devices, offline, reconnect, reload, load_times, last_error, bhelp."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from beamshell.errors import UnknownName
from beamshell.shell.command import Command, any_device
from beamshell.shell.commands import by_heading
from beamshell.shell.commands._all import COMMANDS
from beamshell.shell.magic_line import Words, find_device, nearest

if TYPE_CHECKING:
    from beamshell.shell.session import Session


_RECONNECT_S = 3.0


@COMMANDS.add("[device]", example="devices th", slots=any_device)
def devices(session: Session, words: Words) -> None:
    """Show what there is, or one device with all its parts."""
    if words:
        _show_one(find_device(words.take("device"), session.devices))
        words.end()
        return
    entries = [_entry(name, device) for name, device in session.registry.items()]
    widths = [max((len(entry[n]) for entry in entries), default=0) for n in range(3)]
    for entry in entries:
        print("  ".join(cell.ljust(width) for cell, width in zip(entry, (*widths, 0), strict=True)).rstrip())


def _entry(name: str, device: Any) -> tuple[str, str, str, str]:
    address = getattr(device, "prefix", "") or getattr(device, "source", "") or ""
    state = "" if getattr(device, "connected", True) else "OFFLINE"
    doc = getattr(device, "doc", "")
    return name, type(device).__name__, str(address), f"{state}  {doc if isinstance(doc, str) else ''}".strip()


def _show_one(device: Any) -> None:
    summary = getattr(device, "summary", None)
    text = summary() if callable(summary) else repr(device)
    if text is not None:
        print(text)


@COMMANDS.add(example="offline")
def offline(session: Session, words: Words) -> None:
    """Show what does not answer: device, address, since when.

    It connects by itself when it comes back.
    """
    words.end()
    by_device: dict[str, list[tuple[str, Any]]] = {}
    for dotted, address, since in session.registry.offline():
        by_device.setdefault(dotted.partition(".")[0], []).append((address, since))
    for name, channels in by_device.items():
        address, since = channels[0]
        more = f" and {len(channels) - 1} more" if len(channels) > 1 else ""
        print(f"{name}  {address}{more}  {_since(since)}".rstrip())
    for name, reason in session.registry.absent.items():
        print(f"{name}  is not there: {reason}")
    if not by_device and not session.registry.absent:
        print("everything answers")


@COMMANDS.add("[device ...]", example="reconnect temp", slots=any_device)
def reconnect(session: Session, words: Words) -> None:
    """Give up the connections of what does not answer and make new ones; show what has come back and what has not.

    What comes back connects by itself, without this. With devices, theirs are made anew even if they answer: for one
    that is stuck.
    """
    names = []
    while words:
        names.append(words.take("device").partition(".")[0])
    session.registry.renew(*names)
    if names:
        away = {lost.device.partition(".")[0] for lost in session.registry.wait_for_connection(_RECONNECT_S)}
        for name in names:
            print(f"{name}  is still offline" if name in away else f"{name}  answers")
        return
    before = {lost.device.partition(".")[0] for lost in session.registry.offline()}
    after = {lost.device.partition(".")[0] for lost in session.registry.wait_for_connection(_RECONNECT_S)}
    for name in sorted(before - after):
        print(f"{name}  is back")
    for name in sorted(after):
        print(f"{name}  is still offline")
    if not before and not after:
        print("everything answers")


@COMMANDS.add(example="reload")
def reload(session: Session, words: Words) -> None:
    """Read the device file again, and show what has changed: a device whose line is the same stays the same."""
    words.end()
    lines = session.reload_devices()
    print("\n".join(lines) if lines else "nothing has changed")


@COMMANDS.add(example="load_times")
def load_times(session: Session, words: Words) -> None:
    """Show how long each device took to make at the start, the slowest first."""
    words.end()
    entries = sorted(map(session.registry.entry, session.registry), key=lambda entry: -entry.load_s)
    for entry in entries:
        print(f"{1000 * entry.load_s:8.1f} ms  {entry.name}  {type(entry.device).__name__}")
    print(f"{1000 * sum(entry.load_s for entry in entries):8.1f} ms  all {len(entries)}; connecting goes on beside")


def _since(since: Any) -> str:
    if not isinstance(since, int | float):
        return "" if since is None else f"since {since}"
    return f"since {time.strftime('%H:%M:%S', time.localtime(since))}"


@COMMANDS.add(example="last_error")
def last_error(session: Session, words: Words) -> None:
    """Show the last error with all its details."""
    words.end()
    session.show_last_error()


@COMMANDS.add("[command]", example="bhelp scan")
def bhelp(_session: Session, words: Words) -> None:
    """Show the commands, or the help of one."""
    if words:
        word = words.take("command")
        if word not in COMMANDS:
            raise UnknownName(f"no command '{word}'{nearest(word, COMMANDS.names)}")
        print(COMMANDS[word].help())
        return
    width = max(len(command.example) for command in COMMANDS.commands)
    for heading, its_commands in by_heading().items():
        print(f"\n{heading}")
        for command in its_commands:
            print(f"  {command.example:<{width}}  {command.summary}{_other_words(command)}")
    print("\nbhelp scan, or scan?, tells all about one. Ctrl+C pauses a scan; twice pauses it at once.")


def _other_words(command: Command) -> str:
    return f" ({', '.join(command.aliases)})" if command.aliases else ""
