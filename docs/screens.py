"""Write the pictures of the screen in the documentation: ``python docs/screens.py [FOLDER]``; CI runs it too.

Each scene is typed at the demo beamline in a real terminal of its width, and what it shows is drawn as an SVG file.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path
from shutil import copy
from typing import Any

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests"))

from terminal import Terminal  # noqa: E402  # the tests type at it too

CELL_WIDTH, CELL_HEIGHT = 8.4, 18
COLOURS = {
    "default": "#d8d8d8",
    "black": "#686868",
    "red": "#ff6b60",
    "green": "#8fd460",
    "brown": "#e5c060",
    "blue": "#6fb1ff",
    "magenta": "#e087e0",
    "cyan": "#5fd0d0",
    "white": "#ffffff",
}
BACKGROUND = "#1c1f24"


@dataclass(frozen=True)
class Scene:
    """What a person types, and when the picture is taken.

    Args:
        name: of the file.
        title: what the picture shows, for those who cannot see it.
        lines: typed one after the other, each when the prompt is back.
        until: called after the last line in place of waiting for the prompt.
        columns: the width of the terminal.
        words: options of the command line.
        speed: how many times faster than in life the demo beamline runs.
    """

    name: str
    title: str
    lines: tuple[str, ...]
    until: Callable[[Terminal, int], None] | None = None
    columns: int = 80
    words: tuple[str, ...] = ()
    speed: float = 10.0


def half_way(terminal: Terminal, start: int) -> None:
    """Return when the table has its fifth point."""
    terminal.wait_for_point(5, start)


def on_the_way(terminal: Terminal, start: int) -> None:
    """Return when the first motor is on its way."""
    terminal.wait_for(r"s left", start)


def paused(terminal: Terminal, start: int) -> None:
    """Press Ctrl+C twice after the third point; return when the prompt is back."""
    terminal.wait_for_point(3, start)
    terminal.press_twice(start)


SCENES = (
    Scene("scan", "a scan with its table and peak", ("scan det th -1 1 11 0.1",)),
    Scene("scan-40", "the same scan in 40 columns", ("scan det th -1 1 11 0.1",), columns=40),
    Scene("scan-running", "a scan on its way", ("scan det th -1 1 21 1",), until=half_way, speed=1.0),
    Scene("paused", "a scan paused by Ctrl+C", ("scan det th -1 1 21 0.5",), until=paused, speed=1.0),
    Scene("plot", "a scan plotted in the terminal", ("scan det th -1 1 21 0.1",), words=("--Beamshell.plots=text",)),
    Scene(
        "plot-fit",
        "a fitted curve in the plot in the terminal",
        ("scan det th -1 1 21 0.1", "fit gauss"),
        words=("--Beamshell.plots=text",),
    ),
    Scene("grid", "a grid in shades", ("grid cam samx -2 2 9 samy -2 2 9", "plot"), columns=100),
    Scene("fit", "a fit with its errors", ("scan det th -1 1 21 0.1", "fit gauss", "savefig scan")),
    Scene("umv", "two motors on their way", ("umv th 30 tth 10",), until=on_the_way, speed=1.0),
    Scene("help", "all commands on one screen", ("bhelp",), columns=100),
    Scene("refused", "a scan beyond a limit is refused before anything moves", ("scan det th 80 95 11",)),
    Scene("positions", "what the motors say", ("mov th 1.5", "wm th tth samx")),
)


def main(folder: Path, scenes: Iterable[Scene] = SCENES) -> None:
    """Write the pictures of the scenes into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for scene in scenes:
        with tempfile.TemporaryDirectory() as data:
            terminal = Terminal(Path(data), scene.words, scene.speed, scene.columns)
            try:
                cells = play(terminal, scene)
            finally:
                terminal.close()
            for figure in Path(data).rglob("*.png"):
                copy(figure, folder)
        (folder / f"{scene.name}.svg").write_text(svg(cells, scene.title), encoding="utf-8")
        print(f"{scene.name}.svg: {scene.title}")


def play(terminal: Terminal, scene: Scene) -> list[list[Any]]:
    """Type the scene; what is on the screen from its first line on."""
    terminal.wait_for_prompt()
    above = len(terminal.cells) - 1
    *first, last = scene.lines
    for line in first:
        terminal.do(line)
    start = terminal.begin(last)
    if scene.until is None:
        terminal.wait_for_prompt(start - 1)
    else:
        scene.until(terminal, start)
    return terminal.cells[above:]


def svg(cells: list[list[Any]], title: str) -> str:
    """The picture of a screen.

    Args:
        cells: characters with their colours, line by line.
        title: what it shows.
    """
    width, height = len(cells[0]) * CELL_WIDTH + 16, len(cells) * CELL_HEIGHT + 16
    rows = [
        _text(list(run), x, y)
        for y, line in enumerate(cells)
        for _, group in groupby(enumerate(line), key=lambda cell: _style(cell[1]))
        for x, run in [_placed(group)]
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width:g}" height="{height:g}" rx="6" fill="{BACKGROUND}"/>',
            '<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">',
            *filter(None, rows),
            "</g>",
            "</svg>\n",
        ]
    )


def _placed(group: Iterable[tuple[int, Any]]) -> tuple[int, list[Any]]:
    cells = list(group)
    return cells[0][0], [cell for _, cell in cells]


def _style(cell: Any) -> tuple[str, str, bool]:
    ink, paper = (cell.bg, cell.fg) if cell.reverse else (cell.fg, cell.bg)
    return ink, paper, cell.bold


def _text(run: list[Any], x: int, y: int) -> str:
    """The drawing of neighbouring characters of one style; "" if nothing is to be seen."""
    text, (ink, paper, bold) = "".join(cell.data for cell in run), _style(run[0])
    left, top, wide = 8 + x * CELL_WIDTH, 8 + y * CELL_HEIGHT, len(run) * CELL_WIDTH
    box = ""
    if run[0].reverse or paper != "default":
        fill = COLOURS["default"] if run[0].reverse and paper == "default" else _colour(paper)
        box = f'<rect x="{left:.1f}" y="{top}" width="{wide:.1f}" height="{CELL_HEIGHT}" fill="{fill}"/>'
    if not text.strip():
        return box
    fill = BACKGROUND if run[0].reverse and ink == "default" else _colour(ink)
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'{box}<text x="{left:.1f}" y="{top + 13}" fill="{fill}"{weight} textLength="{wide:.1f}">{escape(text)}</text>'
    )


def _colour(name: str) -> str:
    """The colour that pyte calls so: one of the eight by name, bright or not, or six hexadecimal digits."""
    name = name.removeprefix("bright")
    return COLOURS.get(name, f"#{name}" if len(name) == 6 else COLOURS["default"])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS / "screens")
