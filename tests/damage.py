"""Damage that a disk, a power failure or a hand does to a file of lines, as Hypothesis strategies."""

from __future__ import annotations

import json

from hypothesis import strategies as st

WRONG_VALUES = (None, True, -1, 0, 2**70, float("nan"), float("inf"), 1e300, "", "x" * 99, "\ud800", [], {}, [1])
JUNK = (
    b"\n",
    b"\x00" * 512,
    b"\xff\xfe\n",
    b"[" * 5000 + b"\n",
    b'["event", {}]\n',
    b'["stop", {"uid": 1}]\n',
    b"null\n",
)


@st.composite
def damaged_bytes(draw, content):
    """Bytes with one to three kinds of damage."""
    for _ in range(draw(st.integers(1, 3))):
        content = draw(st.sampled_from(_KINDS))(draw, content)
    return content


def _flip(draw, content):
    """Some bytes are changed."""
    changed = bytearray(content)
    for _ in range(draw(st.integers(1, 8)) if content else 0):
        at = draw(st.integers(0, len(changed) - 1))
        changed[at] ^= 1 << draw(st.integers(0, 7))
    return bytes(changed)


def _cut(draw, content):
    return content[: draw(st.integers(0, len(content)))]


def _zero(draw, content):
    """A block that was never written."""
    at = draw(st.integers(0, len(content)))
    end = at + draw(st.sampled_from((1, 100, 4096)))
    return content[:at] + bytes(len(content[at:end])) + content[end:]


def _insert(draw, content):
    at = draw(st.integers(0, len(content)))
    return content[:at] + draw(st.sampled_from(JUNK)) + content[at:]


def _of_lines(change):
    def damage(draw, content):
        lines = content.splitlines(keepends=True)
        return b"".join(change(draw, lines)) if lines else content

    return damage


def _index(draw, lines):
    return draw(st.integers(0, len(lines) - 1))


def _repeat(draw, lines):
    at = _index(draw, lines)
    return [*lines[:at], lines[at] * draw(st.integers(2, 3)), *lines[at + 1 :]]


def _swap(draw, lines):
    one, other = _index(draw, lines), _index(draw, lines)
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def _remove(draw, lines):
    del lines[_index(draw, lines)]
    return lines


def _change_a_value(draw, lines):
    """A value anywhere in one line has another type."""
    at = _index(draw, lines)
    try:
        entry = json.loads(lines[at])
    except ValueError:
        return lines
    holder = entry
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = draw(st.sampled_from(keys))
        if isinstance(holder[key], dict | list) and holder[key] and draw(st.integers(0, 3)):
            holder = holder[key]
            continue
        if isinstance(holder, dict) and draw(st.booleans()):
            del holder[key]
        else:
            holder[key] = draw(st.sampled_from(WRONG_VALUES))
        lines[at] = json.dumps(entry).encode() + b"\n"
        return lines


_change = _of_lines(_change_a_value)
_KINDS = (_flip, _cut, _zero, _insert, _of_lines(_repeat), _of_lines(_swap), _of_lines(_remove), *[_change] * 6)
