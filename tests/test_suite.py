"""The rules that tests/conftest.py gives the suite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent


def test_a_keyboard_interrupt_fails_its_test_and_the_next_one_runs(tmp_path: Path) -> None:
    (tmp_path / "test_two.py").write_text(
        "import os, signal, time\n"
        "def test_first():\n    os.kill(os.getpid(), signal.SIGINT)\n    time.sleep(60)\n"
        "def test_second():\n    pass\n"
    )
    command = ["-m", "pytest", "-c", TESTS.parent / "pyproject.toml", "-p", "conftest", "-n", "1", tmp_path]
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        | {"PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "a KeyboardInterrupt came out of" in done.stdout
