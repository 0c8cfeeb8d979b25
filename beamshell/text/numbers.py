"""A number as a person reads it: as many digits as it is worth.

Pure: it never prints.
"""

from __future__ import annotations

import math

DEFAULT_PRECISION = 3
_LARGEST_FIXED = 1e8
_LARGEST_EXACT_FLOAT = 1e15


def number(
    value: float, precision: int | None, default_precision: int = DEFAULT_PRECISION, *, as_position: bool = False
) -> str:
    """A float with `precision` digits after the point, or in powers of ten where those would hide it.

    A control system that never set its precision says 0: a fraction is then shown with the default.

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
    smallest_fixed = 10.0 ** (1 - digits if digits >= DEFAULT_PRECISION else -digits)  # two digits to be seen, or one
    if 0 < size < smallest_fixed and digits > 0 and not as_position:
        return f"{value:.{max(digits, DEFAULT_PRECISION)}e}"
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text
