"""sha256_crypt: the hash of a password in which ELOG takes it: the "SHA-crypt" scheme with SHA-256 and an empty salt.

Python's own module for that left the standard library with 3.13. It knows no logbook.
"""

from __future__ import annotations

from hashlib import sha256

_LETTERS = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ROUNDS = 5000


def sha256_crypt(password: str, salt: str = "") -> str:
    """The 43 letters of the hash, without the scheme and the salt in front of them.

    Args:
        password: as typed.
        salt: at most 16 letters; ELOG uses none.
    """
    word, grains = password.encode(), salt.encode()
    other = sha256(word + grains + word).digest()
    start = sha256(word + grains + _repeated(other, len(word)))
    bits = len(word)
    while bits:  # from the lowest bit of the length on
        start.update(other if bits & 1 else word)
        bits >>= 1
    digest = start.digest()
    words = _repeated(sha256(word * len(word)).digest(), len(word))
    salts = _repeated(sha256(grains * (16 + digest[0])).digest(), len(grains))
    for number in range(_ROUNDS):
        parts = [words if number & 1 else digest]
        parts += [salts] if number % 3 else []
        parts += [words] if number % 7 else []
        parts.append(digest if number & 1 else words)
        digest = sha256(b"".join(parts)).digest()
    return _in_letters(digest)


def _repeated(block: bytes, length: int) -> bytes:
    return (block * (length // len(block) + 1))[:length]


def _in_letters(digest: bytes) -> str:
    """Three bytes as four letters, the lowest six bits first, in the order that the scheme lays down."""
    letters = []
    high, middle, low = 0, 10, 20
    for _ in range(10):
        letters.append(_letters((digest[high] << 16) | (digest[middle] << 8) | digest[low], 4))
        high, middle, low = low + 1, high + 1, middle + 1
    letters.append(_letters((digest[31] << 8) | digest[30], 3))
    return "".join(letters)


def _letters(bits: int, number: int) -> str:
    return "".join(_LETTERS[(bits >> 6 * place) & 63] for place in range(number))
