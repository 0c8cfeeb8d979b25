"""Commands about the beamline and the console: devices, offline, reload, doctor, last_error, bhelp and others."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from typing_extensions import override

from beamshell.devices.registry import Offline, lost_channels
from beamshell.devices.summary import address_of
from beamshell.protocols import speaks_asyncio
from beamshell.shell.command import Command
from beamshell.shell.command_set import COMMANDS, command
from beamshell.shell.commands.command_line import TopicSlot
from beamshell.shell.device_look import begin_look
from beamshell.shell.device_parts import part, part_names
from beamshell.shell.messages_shown import print_answer, print_pages, say_error
from beamshell.shell.motor_look import typed_name
from beamshell.shell.parameter_types import Device, Session
from beamshell.shell.slots import DeviceSlot, Slot
from beamshell.shell.tokens import Tokens
from beamshell.text.lists import aligned, listed
from beamshell.text.times import clock_time
from beamshell.text.window import table_in_window, window_width

HEADING = "What there is"
_RECONNECT_S = 3.0
_MORE_HELP = """\
bhelp moving  the commands of a heading
bhelp energy  the commands that have a word in their help
bhelp scan    all about a command, as scan? does
Ctrl+C        pauses a scan; twice pauses it at once"""


@command(HEADING, example="devices th")
def devices(session: Session, device: Device | None = None) -> None:
    """Show all devices with value, state and description, or one device with all its parts and addresses."""
    if device is not None:
        _show_one(device)
        return
    docs = {name: session.registry.entry(name).doc for name in session.registry}
    everything = session.devices.distinct()
    looks = [begin_look(each, session.offline_word) for each in everything.values()]  # asked all at once
    rows = [
        (name, *collect(), docs.get(name, "made at the prompt") or type(each).__name__)
        for (name, each), collect in zip(everything.items(), looks, strict=True)
    ]
    rows += [(name, "", "not there", reason) for name, reason in session.registry.absent.items()]
    if rows:
        print(table_in_window(rows, left_aligned=range(4)))


def _show_one(device: Any) -> None:
    summary = getattr(device, "summary", None)
    if not callable(summary) and part_names(device):
        print(table_in_window(list(_parts(typed_name(device), device)), left_aligned=range(2)))
        return
    text = summary() if callable(summary) else repr(device)
    if text is not None:
        print_answer(text)


def _parts(name: str, device: Any) -> Iterator[tuple[str, str]]:
    """The signals of a device of others with their addresses."""
    for each in part_names(device):
        its_part, typed = part(device, each), f"{name}.{each}"
        if part_names(its_part):
            yield from _parts(typed, its_part)
        else:
            yield typed, address_of(its_part)


@command(HEADING, example="offline")
def offline(session: Session) -> None:
    """Show the devices that do not answer: name, address, since when.

    They connect by themselves when they come back.
    """
    by_device: dict[str, list[Offline]] = {}
    for lost in [*session.registry.offline(), *_lost_of_the_prompt(session)]:
        by_device.setdefault(lost.device.partition(".")[0], []).append(lost)
    for name, channels in by_device.items():
        more = f" and {len(channels) - 1} more" if len(channels) > 1 else ""
        since = clock_time(channels[0].since, time.time()) if channels[0].since else ""
        print_answer(f"{name}  {channels[0].address}{more}  {since and f'since {since}'}".rstrip())
    for name, reason in session.registry.absent.items():
        print_answer(f"{name}  is not there: {reason}")
    if not by_device and not session.registry.absent:
        print_answer("everything answers")


def _lost_of_the_prompt(session: Session) -> Iterator[Offline]:
    """The channels of devices made at the prompt that do not answer; nobody knows since when."""
    own = {name: device for name, device in session.devices.distinct().items() if name not in session.registry}
    looks = {name: begin_look(device) for name, device in own.items() if speaks_asyncio(type(device))}
    for name, device in own.items():
        if name in looks:  # it does not say whether it is connected, so it is asked
            lost = [Offline(name, type(device).__name__, 0.0)] if looks[name]().state == "offline" else []
        else:
            lost = list(lost_channels(name, device, 0.0))
        yield from lost


class DeviceNameSlot(DeviceSlot):
    """The name of a device, which may be offline; it is looked up by the command."""

    word = "device"

    @override
    def read(self, tokens: Tokens, name: str, following: Slot | None) -> str:
        token = tokens.take(name)
        return str(getattr(token, "name", token)).partition(".")[0]


@command(HEADING, example="reconnect temp")
def reconnect(session: Session, names: list[Annotated[str, DeviceNameSlot()]] | None = None) -> None:
    """Make new connections to the devices that do not answer; show which have come back.

    A device that comes back connects by itself, without this. With names, the connections of these devices are made
    anew even if they answer: for a device that is stuck.
    """
    registry = session.registry
    before = {lost.device.partition(".")[0] for lost in registry.offline()}
    registry.renew(*(names or ()))
    after = {lost.device.partition(".")[0] for lost in registry.wait_for_connection(_RECONNECT_S)}
    for name in names or ():
        print_answer(f"{name}  is still offline" if name in after else f"{name}  answers")
    if names:
        return
    for name in sorted(before - after):
        print_answer(f"{name}  is back")
    for name in sorted(after):
        print_answer(f"{name}  is still offline")
    if not before and not after:
        print_answer("everything answers")


@command(HEADING, example="reload")
def reload(session: Session) -> None:
    """Read the device file again, and show what has changed; a device whose line is the same is kept."""
    lines = session.reload_devices()
    print_answer("\n".join(lines) if lines else "nothing has changed")


@command(HEADING, example="load_times")
def load_times(session: Session) -> None:
    """Show how long each device took to make at the start, the slowest first."""
    entries = sorted(map(session.registry.entry, session.registry), key=lambda entry: -entry.load_s)
    for entry in entries:
        print_answer(f"{1000 * entry.load_s:8.1f} ms  {entry.name}  {type(entry.device).__name__}")
    print_answer(
        f"{1000 * sum(entry.load_s for entry in entries):8.1f} ms  all {len(entries)}; connecting goes on beside"
    )


@command(HEADING, example="last_error")
def last_error(session: Session) -> None:
    """Show the last error with all its details."""
    session.last_error.show()


@command(HEADING, example="doctor")
def doctor(session: Session) -> None:
    """Examine the console: data folder, devices, control systems, suspenders and more; each ok, or what to do.

    It moves nothing, and asks no device.
    """
    from beamshell.shell.doctor import findings

    print(table_in_window([finding.cells for finding in findings(session)], left_aligned=range(3)))


@command(HEADING, example="bhelp scan")
def bhelp(topic: Annotated[str, TopicSlot()] = "") -> None:
    """Show the commands by heading, or the help of one.

    With a word of a heading, as in `bhelp moving`, it shows the commands of this heading, each with an example; with
    any other word the commands that have it in their help.
    """
    if topic in COMMANDS:
        print_pages(COMMANDS.find(topic).help(window_width(sys.stdout)))
        return
    for problem in COMMANDS.load_plugins():
        say_error(problem)
    headings = COMMANDS.by_heading()
    if not topic:
        rows = [(heading, listed(each.name for each in its_commands)) for heading, its_commands in headings.items()]
        print_pages("\n".join([*aligned(rows, left_aligned=(0, 1)), "", _MORE_HELP]))
        return
    begins_with_topic = re.compile(rf"\b{re.escape(topic)}", re.IGNORECASE)
    by_heading = {
        heading: its_commands for heading, its_commands in headings.items() if begins_with_topic.search(heading)
    }
    print_pages("\n".join(_with_examples(by_heading or {f"With '{topic}' in the help": COMMANDS.search(topic)})))


@command(HEADING, example="commands energy")
def commands(word: Annotated[str, TopicSlot()] = "") -> None:
    """List the commands that have a word in their name, summary or help, a line each; the best first.

    Without a word it lists all commands.
    """
    for problem in COMMANDS.load_plugins():
        say_error(problem)
    rows = [(each.typical_line, each.summary) for each in COMMANDS.search(word)]
    print_pages("\n".join(aligned(rows, left_aligned=(0, 1))))


def _with_examples(by_heading: Mapping[str, Sequence[Command]]) -> Iterator[str]:
    """The lines of headings, each with its commands: a typical line, the summary, other names."""
    width = max(len(each.typical_line) for its_commands in by_heading.values() for each in its_commands)
    for heading, its_commands in by_heading.items():
        yield heading
        for each in its_commands:
            aliases = f" ({listed(each.aliases)})" if each.aliases else ""
            yield f"  {each.typical_line:<{width}}  {each.summary}{aliases}"
