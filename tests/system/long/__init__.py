"""Long tests of the whole console, run by hand with a seed and a count; see CONTRIBUTING.md."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # for `terminal` and `console_output`, also outside pytest
