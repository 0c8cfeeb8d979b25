"""A script is cut into complete cells whose lines keep their numbers."""

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from beamshell.shell.script_cells import Cell, cells_of, numbered_as_in

SCRIPT = """\
a = 1; mov th 1

for i in (1, 2):
    mov th {i}

    wa
# a comment
if a:
    pass
else:
    pass
%%bash
ls
pwd

x = [1,
2]
def f():
    return 1
"""


def test_each_cell_is_complete_and_knows_its_first_line():
    cells = list(cells_of(SCRIPT, TransformerManager().check_complete))
    assert [(cell.first_line, cell.text.splitlines()[0]) for cell in cells] == [
        (1, "a = 1; mov th 1"),
        (3, "for i in (1, 2):"),
        (7, "# a comment"),
        (8, "if a:"),
        (12, "%%bash"),
        (16, "x = [1,"),
        (18, "def f():"),
    ]
    assert "".join(cell.text for cell in cells).split() == SCRIPT.split()


@pytest.mark.parametrize("text", ["", "\n \n", "def f(:\n"])
def test_what_is_empty_is_no_cell_and_what_is_wrong_is_one(text):
    assert len(list(cells_of(text, TransformerManager().check_complete))) == bool(text.strip())


def test_the_line_of_an_error_is_that_of_the_script(prompt, capsys):
    lines = [*["\n"] * 4, "x = 1\n", "for i in (1,):\n", "    missing\n"]
    cell = Cell("".join(lines[4:]), 5)
    with numbered_as_in(lines, cell, prompt.shell):
        result = prompt.shell.run_cell(cell.text)
    assert capsys.readouterr().err == "beamshell: NameError: name 'missing' is not defined (line 7: missing)\n"
    assert cell.line_of(result.error_in_exec, prompt.names) == 7
    assert cell.line_of(ValueError("of nowhere"), prompt.names) == 5


def test_a_line_that_is_no_python_has_its_number_too(prompt, capsys):
    cell = Cell("(1\n", 5)
    with numbered_as_in([*["\n"] * 4, "(1\n"], cell, prompt.shell):
        result = prompt.shell.run_cell(cell.text)
    assert cell.line_of(result.error_before_exec or result.error_in_exec, prompt.names) == 5
    prompt("mising")  # typed afterwards, it has a number of its own again
    assert "line" not in capsys.readouterr().err.splitlines()[-1]
