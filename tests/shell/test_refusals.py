"""Every refusal says in one line what is wrong, and what to type: each command with words that do not fit it."""

from __future__ import annotations

import re

import pytest

from beamshell.shell.commands import commands

LEFT_OUT = {"halt", "abort", "stop", "resume", "last_error", "load_times", "bhelp", "savefig"}
"""What takes any words, or none of those below."""

WRONG_WORDS = ("zzz", "th zzz", "th 1 2 3 4 5 6 7 8 9 10 11 12", "-", "1.5.2", "th,tth", "zzz=1", "999999 zzz")

SAYS_WHAT_TO_TYPE = re.compile(
    r"\nUsage: |did you mean|there (is|are) [a-z]|is none of |it has |it may |the newest| or abort|`| first| such as "
    r"|in its profile|: (write|type|name|choose|give|scan|say|put|try|end|see) "
    r"|; (write|type|give)|write over|(shows|lists|moves|reads) "
)


def test_each_refusal_says_what_to_type(typed):
    silent = []
    for name in sorted(set(commands()) - LEFT_OUT):
        for words in WRONG_WORDS:
            answer = typed(f"{name} {words}")
            if not answer.startswith("beamshell: "):
                continue  # it was understood
            assert "Traceback" not in answer
            if not SAYS_WHAT_TO_TYPE.search(answer):
                silent.append(answer.strip())
    assert silent == [], "\n".join(dict.fromkeys(silent))


@pytest.mark.parametrize(
    "line", ["mov th 1x", "scan det th 0 1 2.5", "ct det 0", "mov det 1", "scan det th 0 1 3 0.1 9"]
)
def test_a_word_that_does_not_fit_is_followed_by_how_the_command_is_typed(line, typed):
    wrong, usage = typed(line).splitlines()
    name = line.split()[0]
    assert wrong.startswith(f"beamshell: {name}: ")
    assert re.fullmatch(rf"Usage: {name} .*, such as: {name} .*", usage)
