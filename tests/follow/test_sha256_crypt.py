"""The hash of a password is that of the system's library."""

from __future__ import annotations

import pytest

from beamshell.follow.sha256_crypt import sha256_crypt


@pytest.mark.parametrize(
    ("password", "salt", "expected"),
    [
        ("Hello world!", "saltstring", "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
        ("Hello world!", "", "mAwMsDaqjtxAtGqstEIf7OBR15rgcx.jSKGM94IKRj/"),
        ("a" * 70, "", "ydUV7CC9zSKzAFvOz2erQdZ22I7luAmutc8fLKyDhQ0"),
        ("", "", "3c2QQ0KjIU1OLtB29cl8Fplc2WN7X89bnoEjaR7tWu."),
        ("pässwörd", "", "mKQo8jxnSGdiQXLLbG6q6DWxJBvvxqZ7fk8JqDxTCx5"),
    ],
)
def test_the_hash_is_that_of_the_systems_crypt(password, salt, expected):
    assert sha256_crypt(password, salt) == expected
