"""A long test: rounds of random steps, the rules that they must keep, and the smallest steps that break one.

It knows no console. A round is a list of steps that can be written as JSON and played again.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Step = dict[str, Any]
MOST_REPLAYS = 8
"""How often steps are played again to find fewer that break the same rule."""


@dataclass(frozen=True)
class Problem:
    """A rule that was broken, by which step, and what was seen."""

    rule: str
    step: int
    detail: str


class CannotGoOn(Exception):
    """A rule was broken, and nothing can be played after it: the console hangs or has ended."""


@dataclass
class Log:
    """What one round has shown.

    Attributes:
        figures: how often something was tried, by its name.
        problems: the rules that were broken.
        step: the number of the step that is being played.
    """

    figures: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    step: int = 0

    def check(self, holds: object, rule: str, detail: object = "") -> None:
        """Note that a rule is broken, unless it holds."""
        if not holds:
            self.problems.append(Problem(rule, self.step, str(detail)))

    def fail(self, rule: str, detail: object = "") -> CannotGoOn:
        """Note that a rule is broken; the exception to raise, since the round is over."""
        self.check(False, rule, detail)
        return CannotGoOn(rule)


@dataclass(frozen=True)
class LongTest:
    """One long test.

    Attributes:
        name: of its module.
        unit: what `--count` counts: the steps.
        story: the steps of one round, from a random source.
        play: plays steps in an empty folder and writes down in the log what it sees.
        awaited: rules that are known to be broken and are being mended; they are counted, and do not fail the test.
    """

    name: str
    unit: str
    story: Callable[[random.Random], list[Step]]
    play: Callable[[list[Step], Path, Log], None]
    awaited: frozenset[str] = frozenset()

    def played(self, steps: list[Step]) -> Log:
        """What these steps show."""
        log = Log()
        with tempfile.TemporaryDirectory(prefix=f"beamshell-{self.name}-") as folder:
            try:
                self.play(steps, Path(folder), log)
            except CannotGoOn:
                pass
        log.figures[self.unit] += min(log.step + 1, len(steps))
        return log

    def smallest(self, steps: list[Step], problem: Problem) -> tuple[list[Step], bool]:
        """The fewest steps found that break the same rule, and whether they have broken it when played again."""

        def breaks(some: list[Step]) -> bool:
            return any(other.rule == problem.rule for other in self.played(some).problems)

        best, replays, again = steps[: problem.step + 1], 0, False
        if breaks(best[-1:]):
            return best[-1:], True
        size = len(best) // 2
        while size and replays < MOST_REPLAYS:
            for begin in range(0, len(best) - 1, size):
                fewer = best[:begin] + best[min(begin + size, len(best) - 1) :]
                replays += 1
                if breaks(fewer):
                    best, again = fewer, True
                    break
                if replays >= MOST_REPLAYS:
                    break
            else:
                size //= 2
        return best, again or breaks(best)

    def main(self, words: Sequence[str] | None = None) -> int:
        """Play rounds until there were enough steps or the time is over; 1 if a rule was broken."""
        options = self._options(words)
        if options.replay:
            log = self.played(json.loads(Path(options.replay).read_text()))
            self._show(log.figures, Counter(problem.rule for problem in log.problems))
            for problem in log.problems:
                print(f"{problem.rule}: {problem.detail}")
            return int(any(problem.rule not in self.awaited for problem in log.problems))
        figures: Counter[str] = Counter()
        broken: Counter[str] = Counter()
        end = time.monotonic() + 60 * options.minutes
        while figures[self.unit] < options.count and time.monotonic() < end:
            seed = f"{options.seed}/{figures['rounds']}"
            steps = self.story(random.Random(seed))[: options.steps]
            log = self.played(steps)
            figures.update(log.figures)
            figures["rounds"] += 1
            for problem in log.problems:
                broken[problem.rule] += 1
                if broken[problem.rule] == 1:
                    self._tell(seed, steps, problem, shrink=problem.rule not in self.awaited and not options.no_shrink)
        self._show(figures, broken)
        return int(any(rule not in self.awaited for rule in broken))

    def _options(self, words: Sequence[str] | None) -> argparse.Namespace:
        parser = argparse.ArgumentParser(prog=f"python -m tests.system.long.{self.name}")
        parser.add_argument("--seed", default="1", help="the same rounds again")
        parser.add_argument("--count", type=int, default=1000, help=f"of {self.unit}, at least")
        parser.add_argument("--minutes", type=float, default=60.0, help="begin no round after them")
        parser.add_argument("--steps", type=int, help="of each round, no more than these")
        parser.add_argument("--no-shrink", action="store_true", help="do not look for fewer steps that break a rule")
        parser.add_argument("--replay", metavar="FILE", help="play the steps in this file instead (JSON)")
        return parser.parse_args(words)

    def _tell(self, seed: str, steps: list[Step], problem: Problem, *, shrink: bool) -> None:
        print(f"\n{self.name}, round {seed}, step {problem.step}: {problem.rule}\n{problem.detail}", flush=True)
        if not shrink:
            print(f"the step: {json.dumps(steps[problem.step])}", flush=True)
            return
        fewest, again = self.smallest(steps, problem)
        print("the smallest steps found:" if again else "the steps, which did not break it again:")
        print(json.dumps(fewest), flush=True)

    def _show(self, figures: Counter[str], broken: Counter[str]) -> None:
        print(f"\n{self.name}: " + ", ".join(f"{number} {name}" for name, number in figures.items()))
        for rule, number in broken.items():
            print(f"  {number} times broken{' (awaited)' if rule in self.awaited else ''}: {rule}")
        if not broken:
            print("  no rule was broken")
