"""The typist: random lines in a real console; nothing may break, hang or move unasked.

By hand: ``python -m tests.system.long.typist --seed 1 --count 20000``. Most rounds drive a console without a screen,
some type keys, Tab and Ctrl+C among them, into a pseudo-terminal.
"""

from __future__ import annotations

import math
import random
import re
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pexpect
from terminal import PATIENCE_S, QUICK, Terminal, environment

from tests.system.long.driven import Answer, DrivenConsole, Ended, Hangs
from tests.system.long.harness import Log, LongTest, Step
from tests.system.long.lines import LAST_MOTORS, MOTORS, Line, allowed, may_move, numbers_in, random_line

SPEED = 100.0
LINES, SCREEN_LINES = 100, 25
ONE_ROUND_IN = 8
"""is typed into a pseudo-terminal."""
TOLERANCE = 0.011
PASTE, END_OF_PASTE = "\x1b[200~", "\x1b[201~"
"""What a terminal sends around a paste."""
KEYS = ("\t", "\t\t", "\x1b[A", "\x1b[D", "\x08", "\x03")
"""Tab, arrows, Backspace, Ctrl+C."""
NOWHERE = (math.inf, -math.inf)

TRACEBACK = "a typed command ends well or with one line of refusal, never with a traceback"
OURS = "Python at the prompt gets no error from inside the package that is not one of ours"
UNASKED = "nothing moves that the line did not name"
ELSEWHERE = "nothing is sent to a position that the line did not ask for"
LAST_SCAN = "cen, peak and com go to a place of the last scan that moved a motor"
REFUSED = "a move that is refused moves nothing"
ARRIVES = "a move that ends well is where the line said"
HANGS = "every line comes back, at the latest after Ctrl+C"
LEFT = "the console does not end by itself"
ANSWERS = "the console goes on answering wa"
IDLE = "after abort the engine is idle"


def _shows_our_traceback(text: str) -> bool:
    return "Traceback (most recent call last)" in text and re.search(r"File .*beamshell/(?!ipython)", text) is not None


def story(rng: random.Random) -> list[Step]:
    """Lines for one console."""
    if rng.randrange(ONE_ROUND_IN):
        return [asdict(random_line(rng)) for _ in range(LINES)]
    return [_keys(rng) for _ in range(SCREEN_LINES)]


def _keys(rng: random.Random) -> Step:
    text = random_line(rng).text
    if rng.random() < 0.1:
        return {"keys": f"{PASTE}{text}{END_OF_PASTE}"}
    letters = list(re.sub(r"[\x00-\x1f\x7f]", " ", text))
    for _ in range(rng.choice((0, 0, 1, 2))):
        letters.insert(rng.randint(0, len(letters)), rng.choice(KEYS))
    return {"keys": "".join(letters)}


def play(steps: list[Step], folder: Path, log: Log) -> None:
    """Type the lines."""
    driven = [number for number, step in enumerate(steps) if "text" in step]
    if driven:
        _drive(steps, driven, folder, log)
    typed = [number for number, step in enumerate(steps) if "keys" in step]
    if typed:
        _type(steps, typed, folder, log)


# ---- without a screen ------------------------------------------------------------------------------


def _drive(steps: list[Step], numbers: list[int], folder: Path, log: Log) -> None:
    data = folder / "data"
    console = DrivenConsole(data, environment(data), *QUICK, f"--Beamshell.demo_ioc_speed={SPEED}")
    queued: list[float] = []
    try:
        positions = console.run("%wm th", PATIENCE_S).positions
        for log.step in numbers:
            line = Line(**steps[log.step])
            if "queue" in line.text:
                queued += numbers_in(line.text)
            answer = console.run(line.text)
            judge(line, answer, positions, queued, log)
            if answer.state != "idle":
                judge(line, end := console.run("abort"), positions, queued, log)
                log.check(end.state == "idle", IDLE, f"{line.text!r}: {end.text[-500:]}")
            positions = answer.positions if answer.state == "idle" else end.positions
            if log.step % 10 == 9:
                places = console.run("%wa", PATIENCE_S)
                log.check("th " in places.text and not places.error, ANSWERS, places.text[-500:])
    except Hangs as exc:
        raise log.fail(HANGS, f"{steps[log.step]}: {exc}") from exc
    except Ended as exc:
        raise log.fail(LEFT, f"{steps[log.step]}: {exc}") from exc
    finally:
        console.close()


def judge(line: Line, answer: Answer, positions: dict[str, float], queued: list[float], log: Log) -> None:
    """Hold what a line has done against the rules.

    Args:
        line: the line.
        answer: what it has done.
        positions: of the motors, before it.
        queued: the numbers in lines that were queued before.
        log: gets the rules that are broken.
    """
    seen = f"{line.text!r}\n{answer.text[-1500:]}"
    log.figures["refusals" if answer.refused else "errors of Python" if answer.error else "done"] += 1
    log.figures["presses"] += answer.pressed
    if answer.error and not answer.refused:
        log.check(not line.is_command, TRACEBACK, f"{seen}\n{answer.trace[-1500:]}")
        log.check(line.is_command or not answer.ours, OURS, f"{seen}\n{answer.trace[-1500:]}")
    log.check("last_error" in line.text or not _shows_our_traceback(answer.text), TRACEBACK, seen)
    for device, values in answer.writes.items():
        log.figures["motions"] += len(values)
        _judge_motion(line, device, values, answer, positions, queued, log)
    goals = line.goals | {motor: positions.get(motor, math.nan) + step for motor, step in line.steps.items()}
    if goals and answer.refused and not answer.pressed:
        log.check(not answer.writes, REFUSED, f"{answer.writes} by {seen}")
    if goals and not answer.error and not answer.pressed:
        arrived = all(abs(answer.positions.get(motor, math.nan) - goal) < TOLERANCE for motor, goal in goals.items())
        log.check(arrived, ARRIVES, f"{answer.positions} after {seen}")


def _judge_motion(
    line: Line,
    device: str,
    values: list[Any],
    answer: Answer,
    positions: dict[str, float],
    queued: list[float],
    log: Log,
) -> None:
    """Whether a line may send a device to these values."""
    asks_for_last_scan = LAST_MOTORS.search(line.text) is not None
    last = answer.last.get(device, NOWHERE) if asks_for_last_scan else NOWHERE
    if may_move(line, device):
        earlier = [*(last if last is not NOWHERE else ()), *(queued if "queue" in line.text else ())]
        rule, (low, high) = ELSEWHERE, allowed(line, positions.get(device, 0.0), earlier)
    else:
        rule, (low, high) = LAST_SCAN if asks_for_last_scan else UNASKED, last
    if device in MOTORS or rule is not ELSEWHERE:  # the units of the others are not those of their channels
        inside = all(low - TOLERANCE <= value <= high + TOLERANCE for value in values)
        log.check(inside, rule, f"{device} to {values} by {line.text!r}\n{answer.text[-1500:]}")


# ---- on a screen -----------------------------------------------------------------------------------


def _type(steps: list[Step], numbers: list[int], folder: Path, log: Log) -> None:
    terminal = Terminal(folder / "screen", (), SPEED)
    try:
        terminal.wait_for_prompt()
        for log.step in numbers:
            _type_line(terminal, steps[log.step]["keys"], log)
        log.check("th " in terminal.do("%wa"), ANSWERS, terminal.text()[-1000:])
    except (AssertionError, pexpect.EOF, OSError) as exc:
        ended = not terminal.process.isalive()
        raise log.fail(LEFT if ended else HANGS, f"{steps[log.step]}: {str(exc)[-1500:]}") from exc
    finally:
        terminal.close()


def _type_line(terminal: Terminal, keys: str, log: Log) -> None:
    start = terminal.row
    terminal.process.send(keys + "\r")
    log.figures["lines on a screen"] += 1
    terminal.sleep(0.3)
    deadline = time.monotonic() + PATIENCE_S
    pressed = False  # which may empty the line and stay on its row
    while not (terminal.at_prompt and (pressed or terminal.row > start)):
        if time.monotonic() > deadline:
            raise log.fail(HANGS, f"{keys!r}: {terminal.text()[-1500:]}")
        terminal.press_ctrl_c()
        terminal.sleep(0.3)
        pressed = True
    if terminal.state:
        terminal.do("%abort")
    log.check(not terminal.state, IDLE, terminal.text()[-1500:])
    text = terminal.text(start)
    is_ours = "last_error" not in text and _shows_our_traceback(text)
    log.check(not is_ours, TRACEBACK, f"{keys!r}\n{text[-2000:]}")


TYPIST = LongTest("typist", "lines", story, play, awaited=frozenset({LAST_SCAN}))

if __name__ == "__main__":
    sys.exit(TYPIST.main())
