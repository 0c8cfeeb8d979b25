"""Numbers, units, counts and file sizes as text.

Pure: it never prints, and knows no device.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

DEFAULT_PRECISION = 3
_LARGEST_FIXED = 1e8
_LARGEST_EXACT_FLOAT = 1e15
_FLOAT_ERROR = 1e-14
"""The relative error of a float after a few sums."""
_SMALLEST_PLAIN, _LARGEST_PLAIN = 1e-4, 1e6
_MOST_PLACES = 12
_LARGEST_GROUPED, _LARGEST_EXPONENT = 1e12, 1000
_SIZES = ("B", "kB", "MB", "GB", "TB")
_FORMAT, _LARGE = re.compile(r"[^{}]{0,20}"), re.compile(r"\d{4}")


def number(
    value: float,
    precision: int | None = None,
    default_precision: int = DEFAULT_PRECISION,
    *,
    as_position: bool = False,
) -> str:
    """A float with `precision` digits after the point, or in powers of ten where those would hide it.

    A control system that never set its precision says 0: a fraction is then written with the default. Zero has no
    sign, also not after rounding.

    Args:
        value: the number.
        precision: digits after the point as the control system says, or None.
        default_precision: digits to use instead.
        as_position: the last digits are noise of a motor: -2e-17 is 0.000, never a power of ten.

    Example:
        >>> number(0.5, 3), number(1.5e-9, 3), number(1e12, 3), number(12034.0, 0), number(-2e-17, 3, as_position=True)
        ('0.500', '1.500e-09', '1.000e+12', '12034', '0.000')
    """
    if not math.isfinite(value):
        return str(value)
    digits = default_precision if precision is None or precision < 0 else precision
    if digits == 0 and not value.is_integer():
        digits = default_precision
    size = abs(value)
    if size >= _LARGEST_FIXED and not (digits == 0 and size < _LARGEST_EXACT_FLOAT):
        return f"{value:.{max(digits, DEFAULT_PRECISION)}e}"
    if 0 < size < _smallest_fixed(digits) and digits > 0 and not as_position:
        return f"{value:.{max(digits, DEFAULT_PRECISION)}e}"
    return fixed(value, digits)


def _smallest_fixed(digits: int) -> float:
    """The smallest number that still shows something with so many digits after the point: two digits, or one."""
    return 10.0 ** (1 - digits if digits >= DEFAULT_PRECISION else -digits)


def number_format(
    precision: int | None = None, default_precision: int = DEFAULT_PRECISION, *, as_position: bool = False
) -> Callable[[float], str]:
    """A function that writes floats as `number` with the same arguments does; for many of them, in a sixth of the time.

    Example:
        >>> text = number_format(3)
        >>> text(0.5), text(1.5e-9), text(1e12)
        ('0.500', '1.500e-09', '1.000e+12')
    """
    digits = default_precision if precision is None or precision < 0 else precision
    smallest = 10.0**-digits if as_position else _smallest_fixed(digits)
    template = f"%.{digits}f"

    def text(value: float) -> str:
        if smallest <= abs(value) < _LARGEST_FIXED and (digits or value.is_integer()):  # nearly always
            return template % value
        return number(value, precision, default_precision, as_position=as_position)

    return text


def fixed(value: float, digits: int) -> str:
    """A number with so many digits after the point; zero has no sign, also not after rounding.

    Example:
        >>> fixed(-0.00004, 4), fixed(-0.25, 1)
        ('0.0000', '-0.2')
    """
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if text.startswith("-") and float(text) == 0 else text


def in_full(value: float, digits: int | None = None) -> str:
    """A number without zeros at its end; zero has no sign.

    Args:
        value: the number.
        digits: significant digits; None for as many as the number has, so that it is read back exactly.

    Example:
        >>> in_full(8978.12345), in_full(-2.0), in_full(-0.0), in_full(0.1 + 0.2, 10)
        ('8978.12345', '-2', '0', '0.3')
    """
    if value == 0:
        return "0"
    return repr(float(value)).removesuffix(".0") if digits is None else f"{value:.{digits}g}"


def large_number(value: float) -> str:
    """A whole number in groups of three digits, or as a power of ten where nobody would count its digits.

    Example:
        >>> large_number(1_000_000), large_number(2.5e300), large_number(-(10**400)), large_number(math.inf)
        ('1 000 000', '2.5e+300', '-1e+400', 'inf')
    """
    if abs(value) < _LARGEST_GROUPED:
        return f"{value:,.0f}".replace(",", " ")
    if isinstance(value, int):
        return ("-" if value < 0 else "") + power_of_ten(math.log10(abs(value)))
    return f"{value:.3g}"


def power_of_ten(exponent: float) -> str:
    """Ten to this power, also where no float is so large.

    Example:
        >>> power_of_ten(2.0), power_of_ten(400.3010299957)
        ('1e+02', '2e+400')
    """
    if exponent >= _LARGEST_EXPONENT:
        return f"more than 1e+{_LARGEST_EXPONENT - 1}"
    whole = math.floor(exponent + 1e-9)
    return f"{10 ** (exponent - whole):.3g}e{whole:+03d}"


def with_error(value: float, error: float) -> str:
    """A value and its standard error in units of its last digit: one digit of the error, or two below 3.

    An error that a float cannot carry beside its value is none.

    Args:
        value: the number.
        error: its standard deviation; without one, six digits of the value are written.

    Example:
        >>> with_error(0.30041, 0.00093), with_error(0.30041, 0.00012), with_error(5029.3, 71.0), with_error(0.25, 0)
        ('0.3004(9)', '0.30041(12)', '5030(70)', '0.25')
        >>> with_error(8867600.0, 1700.0), with_error(0.3, 7e-18)
        ('8.8676(17)e+06', '0.3')
    """
    if not (math.isfinite(value) and math.isfinite(error) and error > _FLOAT_ERROR * abs(value)):
        return f"{value:.6g}"
    value, largest = round(value, _places(error)), max(abs(value), error)
    if _SMALLEST_PLAIN <= largest < _LARGEST_PLAIN:
        return _with_error(value, error)
    power = math.floor(math.log10(max(abs(value), error)))
    from decimal import Decimal  # here, as no console needs it before its first fit

    mantissa, of_error = (float(Decimal(number).scaleb(-power)) for number in (value, error))
    return f"{_with_error(mantissa, of_error)}e{power:+03d}"


def _with_error(value: float, error: float) -> str:
    """A value and its error, both without a power of ten."""
    places = _places(error)
    shown = max(places, 0)
    return f"{fixed(value, shown)}({fixed(round(error, places) * 10.0**shown, 0)})"


def _places(error: float) -> int:
    """Digits after the point that are written of a value with this error; negative for tens, hundreds ..."""
    exponent = math.floor(math.log10(error))
    return -exponent if error >= 2.95 * 10.0**exponent else 1 - exponent


def position_digits(step: float, precision: int | None = None) -> int:
    """Digits after the point of positions: those of the motor, or more where points are nearer to each other.

    Args:
        step: the distance of the points.
        precision: digits after the point as the motor says, or None.

    Example:
        >>> position_digits(0.05, 4), position_digits(0.0002, 3), position_digits(1e9)
        (4, 5, 3)
    """
    for_step = math.ceil(-math.log10(step)) + 1 if step > 0 else 0
    return max(precision or 0, DEFAULT_PRECISION, min(for_step, _MOST_PLACES))


def with_unit(text: str, unit: str) -> str:
    """A written value and its unit: "1.000 deg"; the value alone if it has no unit."""
    return f"{text} {unit}" if unit else text


def label(name: str, unit: str) -> str:
    """A name and the unit of its values, for headings and axes: "th [deg]"."""
    return f"{name} [{unit}]" if unit else name


def counted(number: int, noun: str) -> str:
    """A number and its noun: "1 point", "5 points".

    Args:
        number: the number.
        noun: in the singular; its plural ends in s.
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def file_size(size: int) -> str:
    """A number of bytes: "812 B", "1.2 MB".

    Example:
        >>> file_size(812), file_size(1_234_567), file_size(999_999)
        ('812 B', '1.23 MB', '1 MB')
    """
    power = 0
    while power < len(_SIZES) - 1 and float(f"{size / 1000**power:.3g}") >= 1000:
        power += 1
    return f"{size / 1000**power:.3g} {_SIZES[power]}"


def is_format(spec: str) -> bool:
    """Whether a person's format of a field can be used: it names no other field, and makes no text of a gigabyte.

    Example:
        >>> is_format("06d"), is_format("{points}"), is_format(">999999999")
        (True, False, False)
    """
    return _FORMAT.fullmatch(spec) is not None and _LARGE.search(spec) is None


def port_problem(port: int, lowest: int = 1) -> str:
    """What is wrong with the number of a TCP port, and what to write; "" if nothing is.

    Example:
        >>> port_problem(8040), port_problem(99999999)
        ('', 'port 99999999: write one from 1 to 65535')
    """
    return "" if lowest <= port <= 65535 else f"port {port}: write one from {lowest} to 65535"
