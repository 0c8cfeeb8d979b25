"""Random lines as a person types them: the console's commands, good, nearly good and wrong; Python, pastes, magics.

It knows no console. A line carries what it may make move, as far as its writer meant it; `allowed` also reads the text.
"""

from __future__ import annotations

import math
import random
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

MOTORS = {"th": 90.0, "tth": 150.0, "samx": 25.0, "samy": 25.0}
"""Motors of the demo beamline that are checked by position; each with its high limit."""
OTHERS = ("mono.energy", "mono", "temp", "temp_pva", "chiller", "gas", "decay", "shutter", "thickness", "mono.bragg")
DETECTORS = ("det", "scaler", "cam", "mca", "mcs")
MINUS = "\u2212"


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COMMANDS = _words("""
    mov movr umv umvr mv mvr wm wa ct scan rscan grid fscan ascan dscan lup a2scan d2scan mesh dmesh th2th lineup
    loopscan timescan regions xafs tscan align edge knife cen peak com queue rehearse resume stop abort halt suspenders
    md runs export image plotscale devices offline reload load_times last_error bhelp
""")
ODD_NUMBERS = _words(f"""
    1e9 -1e9 1e308 1e999 -inf inf nan 1e-320 -0 007 1_0 0x10 1j .5 -.5 1. +1 1,5 1/3 pi/2 2*3 -(1) {{1+1}} {{np.pi/2}}
    1mm 0.1deg 90deg \u00bd \u0663 1e 1e+ -- 1-2 1..2 0.1.2 99999999999999999999 'x' True None {MINUS}1
""")
WRONG_WORDS = _words("""
    tht samxx dett scna moov \u03b8 caf\u00e9 -- --help -h ? ?? ! !! $HOME ~ / | & > < >> # #go @ % %% { } {} {th} {x}
    ( ) [ ] ; ;; , : = == := field=det time=0.1 k=v * sam* lambda if for in not def class yield ' " \'\'\' \\ \0 \x1b[A
""")
COUNTS = """
    ct; ct 0.01; ct det 0.01; ct det scaler mca; ct cam; ct shutter; loopscan 3 0.01; tscan 0.1s; timescan 0.01
"""
OTHER_COMMANDS = """
    wa; wm th; wm sam*; wm th tth; wm mono; wm shutter; cen; peak; com; cen det; md; md sample LaB6; md del sample;
    runs; runs -1; runs 1; devices; devices th; offline; bhelp scan; bhelp; last_error; load_times; suspenders; queue;
    queue add scan det samx 0 0.2 3; queue add mov samy 0.1; queue run; queue clear; reload; export csv; image cam;
    rehearse scan det th -1 1 3; rehearse mov th 3; resume; stop; abort why not; halt
"""
PYTHON = (
    "x = 1; y = 0.2",
    "wa = 3",
    "del wa",
    "scan = None",
    "runs",
    "runs[-1] if len(runs) else None",
    "len(runs)",
    "th",
    "th.position",
    "det",
    "RE",
    "RE.state",
    "session",
    "mov",
    "scan",
    "[1, 2, 3]",
    "1/0",
    "undefined_name",
    "(",
    "print('mov th 1')",
    "'''mov th 1'''",
    "# mov th 1",
    "def f():\n    return 1\nf()",
    "for i in range(2):\n    pass",
    "if True:\n    wm th\n",
    "RE(bp.count([det], num=2))",
    "RE(bp.nothing())",
    "RE(3)",
    "bp.scan([det], th, 0, 1, 3)",
    "wa()",
    "wm(th)",
    "ct(0.01)",
    "import math; math.pi",
    "_",
    "Out",
    "raise KeyboardInterrupt",
    "assert False, 'no'",
    "%who",
    "%time 1+1",
    "%timeit -n1 -r1 pass",
    "%history",
    "%no_such_magic th",
    "%%time\n1+1",
    "%%bash\necho mov th 1",
    "%%writefile note.txt\nmov th 1\nscan det th -1 1 3\n",
    "%%capture out\nprint(1)",
    "%%no_such_magic\nmov th 1",
    "!echo th 1",
    "th?",
    "scan?",
    "mov??",
    "?mov",
    "help mov",
    "th.velocity.get()",
    "\u00e9 = 2",
    "a = b = ",
    "x = wm th",
    "%pylab_no",
    "%reset_selective -f ^x$",
)


@dataclass
class Line:
    """One cell, and what its writer meant.

    Attributes:
        text: the cell.
        numbers: values that the text says in a way that only its writer knows, such as pi/2.
        goals: of a move that is written well, for each motor its position, unless it is refused.
        steps: the same for a move by distances.
        is_command: whether all of it is typed commands: then nothing but one line of refusal may come.
    """

    text: str
    numbers: list[float] = field(default_factory=list)
    goals: dict[str, float] = field(default_factory=dict)
    steps: dict[str, float] = field(default_factory=dict)
    is_command: bool = True


def random_line(rng: random.Random) -> Line:
    """One line or paste."""
    kind = rng.choices(("command", "damaged", "words", "python", "paste", "junk"), (45, 22, 10, 13, 7, 3))[0]
    if kind == "command":
        return _command(rng)
    if kind == "damaged":
        return _damaged(rng, _command(rng))
    if kind == "words":
        text = " ".join([rng.choice(COMMANDS), *(_any_word(rng) for _ in range(rng.randint(0, 5)))])
        return Line(text, is_command=_is_one_command(text))
    if kind == "python":
        return Line(rng.choice(PYTHON), is_command=False)
    if kind == "paste":
        return _paste(rng)
    letters = "".join(
        chr(rng.choice([rng.randint(32, 126), rng.randint(160, 0x2FFF)])) for _ in range(rng.randint(1, 20))
    )
    return Line(letters, is_command=False)


def _paste(rng: random.Random) -> Line:
    lines = [_command(rng) if rng.random() < 0.7 else _damaged(rng, _command(rng)) for _ in range(rng.randint(2, 3))]
    texts = [line.text for line in lines]
    shape = rng.choice(("rows", "semicolons", "loop", "percent", "comment"))
    if shape == "semicolons":
        text = "; ".join(texts)
    elif shape == "loop":
        text = "for i in (1, 2):\n" + "".join(f"    {each}\n" for each in texts)
    elif shape == "percent":
        text = "\n".join(f"%{each}" for each in texts)
    elif shape == "comment":
        text = "  # then\n".join(texts)
    else:
        text = "\n".join(texts)
    return Line(text, [number for line in lines for number in line.numbers], is_command=False)


def _damaged(rng: random.Random, line: Line) -> Line:
    """A line with a slip of the fingers or two."""
    text = line.text
    for _ in range(rng.randint(1, 2)):
        words = text.split(" ")
        at = rng.randrange(len(words))
        slip = rng.randrange(8)
        if slip == 0:
            words[at] = _any_word(rng)
        elif slip == 1:
            del words[at]
        elif slip == 2:
            words.insert(at, _any_word(rng))
        elif slip == 3:
            words[at] = words[at] + rng.choice("'\"()[]{}#;,?=%\\ \t")
        elif slip == 4:
            other = rng.randrange(len(words))
            words[at], words[other] = words[other], words[at]
        elif slip == 5 and words[at]:
            letter = rng.randrange(len(words[at]))
            words[at] = words[at][:letter] + words[at][letter + 1 :]
        elif slip == 6:
            words[at] = words[at].upper()
        else:
            words[at] = words[at] * 2
        text = " ".join(words)
    return Line(text, line.numbers, is_command=_is_one_command(text))


def _is_one_command(text: str) -> bool:
    """Whether a text is one command and can't be meant as Python, such as `wa = 3`."""
    first = text.lstrip("% ").split(" ")[0]
    return first in COMMANDS and not re.search(r"[\n;]|^%?\w+\s*([-+*/%@&|^]*=|:)", text)


def _any_word(rng: random.Random) -> str:
    pool = rng.choice(
        (tuple(MOTORS), OTHERS, DETECTORS, ODD_NUMBERS, WRONG_WORDS, COMMANDS, ("0", "1", "-1", "3", "0.01"))
    )
    return rng.choice(pool)


def _position(rng: random.Random, motor: str) -> float:
    return round(rng.uniform(-0.3, 1) * min(MOTORS[motor], 20.0) / 2, rng.randint(0, 3))


def _number(rng: random.Random, line: Line, value: float) -> str:
    """A number as text: mostly plainly, at times in another way that the line then knows."""
    if rng.random() < 0.9:
        return f"{value:g}"
    word, number = rng.choice(
        (("pi/2", math.pi / 2), ("{1+1}", 2.0), ("2*3", 6.0), ("-(1)", -1.0), (MINUS + "1", -1.0))
    )
    line.numbers.append(number)
    return word


def _command(rng: random.Random) -> Line:
    """A command that is written well."""
    line = Line("")
    writer = rng.choice((_move, _move, _scan, _scan, _two_motors, _ready_made))
    line.text = writer(rng, line)
    return line


def _move(rng: random.Random, line: Line) -> str:
    command = rng.choice(("mov", "mv", "umv", "movr", "mvr", "umvr"))
    words = [command]
    plain = True
    targets: dict[str, float] = {}
    for motor in rng.sample(list(MOTORS), rng.choice((1, 1, 1, 2))):
        value = _position(rng, motor)
        if command.endswith("r"):
            value = round(value / 8, 3)
        word = rng.choice(ODD_NUMBERS) if rng.random() < 0.1 else _number(rng, line, value)
        plain &= word == f"{value:g}"
        targets[motor] = float(f"{value:g}")
        words += [motor, word]
    if rng.random() < 0.1:
        device = rng.choice(("temp 296", "mono.energy 8.99", "decay 0.1", "mono 9"))
        return " ".join([*words, device])
    if plain and command.endswith("r"):
        line.steps = targets
    elif plain:
        line.goals = targets
    return " ".join(words)


def _scan(rng: random.Random, line: Line) -> str:
    command = rng.choice(_words("scan rscan ascan dscan lineup align edge knife fscan regions th2th"))
    motor = rng.choice(list(MOTORS))
    start, end = (_number(rng, line, round(rng.uniform(-1, 1), 2)) for _ in range(2))
    points = rng.choice(("1", "2", "3", "5", "0", "-1", "1.5", "1000000"))
    detectors = rng.choice(("", "", "det ", "scaler ", "det scaler ", "cam "))
    time = rng.choice(("", " 0.01", " 0.02", " 0", " -1"))
    if command == "fscan":
        return f"fscan th {start} {end} {rng.choice(('5', '11', '3'))} 0.05"
    if command == "regions":
        return f"regions {motor} {start}:{end}:0.2"
    if command == "th2th":
        return f"th2th {start} {end} 2 0.01"
    return f"{command} {detectors}{motor} {start} {end} {points}{time}"


def _two_motors(rng: random.Random, line: Line) -> str:
    command = rng.choice(("grid", "a2scan", "d2scan", "mesh", "dmesh"))
    one, two = rng.sample(list(MOTORS), 2)
    low, high = _number(rng, line, 0.0), _number(rng, line, round(rng.uniform(0, 1), 2))
    if command == "grid":
        return f"grid det {one} {low} {high} 2 {two} {low} {high} 2"
    if command in ("mesh", "dmesh"):
        return f"{command} {one} {low} {high} 2 {two} {low} {high} 1 0.01"
    return f"{command} {one} {low} {high} {two} {low} {high} 2 0.01"


def _ready_made(rng: random.Random, line: Line) -> str:
    return rng.choice(rng.choice((COUNTS, OTHER_COMMANDS, OTHER_COMMANDS)).split(";")).strip()


# ---- what a line may move --------------------------------------------------------------------------

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
VARIABLES = {"x": 1.0, "y": 0.2, "pi": math.pi}
"""What the lines of PYTHON put into names, and those that are there from the start."""
_NAME = re.compile(r"\b(?:x|y|pi)\b")
ALL_MOTORS = re.compile(r"\b(?:queue|resume|th2th)\b")
LAST_MOTORS = re.compile(r"\b(?:cen|peak|pic|com)\b")


def numbers_in(text: str) -> list[float]:
    """All numbers that a text may mean, with either sign."""
    plain = unicodedata.normalize("NFKC", text).replace(MINUS, "-").replace("_", "")
    values = {float(match) for match in _NUMBER.findall(plain)} | {VARIABLES[name] for name in _NAME.findall(plain)}
    for word in plain.split():  # of 2*3, 1+1 or pi/2 no result is larger than the product or the sum
        terms = [abs(float(match)) for match in _NUMBER.findall(word)] + [
            VARIABLES[name] for name in _NAME.findall(word)
        ]
        values |= {math.prod(max(1.0, term) for term in terms), sum(terms)}
    return sorted(values | {-value for value in values} | {0.0})


RUN_UP = 5.0
"""Before and behind a flight, in units of its motor: where it speeds up and slows down; 2.6 was seen."""


def may_move(line: Line, device: str) -> bool:
    """Whether a line names a device in any way."""
    name = device.partition(".")[0].removesuffix("_pva")
    patterns = re.findall(r"\w+(?=\*)", line.text)
    return name in line.text or ALL_MOTORS.search(line.text) is not None or any(map(name.startswith, patterns))


def allowed(line: Line, start: float, earlier: Iterable[float] = ()) -> tuple[float, float]:
    """The lowest and highest position that a line may send a motor to.

    Args:
        line: the line.
        start: where the motor is.
        earlier: more numbers that count, such as those of queued lines.
    """
    numbers = [*numbers_in(line.text), *line.numbers, *(-number for number in line.numbers), *earlier]
    if re.search(r"\b(?:align|lineup)\b", line.text):
        numbers += [-1.0, 1.0]
    # A line moves by one distance, a paste by several, one after the other.
    distances = numbers if line.is_command else [2 * sum(map(abs, numbers)), -2 * sum(map(abs, numbers))]
    places = [start, *numbers, *(start + distance for distance in distances)]
    run_up = RUN_UP if "fscan" in line.text else 0.0
    return min(places) - run_up, max(places) + run_up
