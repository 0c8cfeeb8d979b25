"""What arithmetic in a word comes to, and what is none; names are looked up, nothing is run."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beamshell.shell.arithmetic import Expression, NotArithmeticError

NUMBERS = {"x": 2.0, "th.position": 0.5, "pi": math.pi}


def value(word):
    return Expression(word).value(NUMBERS.__getitem__)


@pytest.mark.parametrize(
    ("word", "number"),
    [
        ("1.5", 1.5),
        ("-1e-3", -1e-3),
        ("1+1", 2),
        ("pi/2", math.pi / 2),
        ("-x", -2),
        ("2*(x-th.position)", 3),
        ("x**0.5", math.sqrt(2)),
        ("7//x", 3),
        ("7%x", 1),
        ("np.pi", math.pi),
        ("{np.pi/2}", math.pi / 2),
        ("sqrt(x)", math.sqrt(2)),
        ("math.atan2(1,x)", math.atan2(1, 2)),
        ("np.arctan(x)", math.atan(2)),
        ("abs(-x)", 2),
    ],
)
def test_names_of_numbers_and_arithmetic_come_to_a_number(word, number):
    assert value(word) == pytest.approx(number)


@pytest.mark.parametrize("minus", ["\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212", "\uff0d"])
def test_a_minus_of_typography_is_a_minus(minus):
    assert value(f"{minus}1.5") == -1.5
    assert value(f"3{minus}x") == 1


def test_full_width_digits_are_digits_and_other_signs_are_those_of_the_keyboard():
    assert value("\uff11\uff12\uff0e\uff15") == 12.5
    assert value("3\u00d7x") == 6
    assert value("\u200b3\ufeff") == 3


@pytest.mark.parametrize(
    "word",
    [
        *("", "abc def", "1,5", "0x10", "1_0", "--1", "x if x else 1", "x == 2", "[x]", "x[0]", "'a'", "True", "1j"),
        *("lambda: 1", "(x := 3)", "__import__('os')", "x.__class__", "_x", "().__class__", "open('f')", "f'{x}'"),
        *("th.stop()", "os.system('ls')", "sqrt(x=1)", "sqrt(*x)", "not x", "~x", "x<<3", "10²", "await x"),
    ],
)
def test_nothing_else_is_arithmetic(word):
    with pytest.raises(NotArithmeticError):
        value(word)


def test_a_name_of_python_that_is_looked_up_is_only_ever_a_number():
    asked = []
    with pytest.raises(KeyError):
        Expression("True_x+open").value(lambda name: asked.append(name) or {}[name])
    assert asked == ["True_x"]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("9**9**9**9", "too large"),
        ("1/0", "division by zero"),
        ("sqrt(-1)", "domain"),
        ("(-8)**0.5", "not a real number"),
        ("foo(1)", "no function 'foo': did you mean floor?"),
        ("+".join("1" * 200), "too long"),
    ],
)
def test_what_comes_to_no_number_says_why(word, reason):
    with pytest.raises(NotArithmeticError) as refused:
        value(word)
    assert reason in str(refused.value)


def test_the_names_that_are_needed_are_known_before_anything_is_computed():
    assert Expression("2*x+sin(th.position)-np.pi").names == ["x", "th.position"]


@given(st.text(max_size=40))
def test_any_word_is_a_number_or_refused(word):
    try:
        assert isinstance(Expression(word).value(lambda _name: 1.0), float | int)
    except NotArithmeticError:
        pass
