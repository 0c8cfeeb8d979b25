"""Jupyter: the profile that a kernel opens, plots below its cells, and its entry in Jupyter's list of kernels.

It knows no run and no device.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from beamshell.errors import ConfigError, UsageError
from beamshell.shell.launch_options import LaunchOptions
from beamshell.shell.messages_shown import DONE, say
from beamshell.shell.profile import find_profile

OPTIONS = "BEAMSHELL_OPTIONS"
"""Environment variable: the options of the command `beamshell` for a shell that another program has started."""


def options_of_environment() -> LaunchOptions | None:
    """The options with which `%load_ext beamshell` opens a profile; None if the environment names none.

    Raises:
        ConfigError: there is no such profile.
        UsageError: a word is no option that says which beamline is opened.
    """
    words = shlex.split(os.environ.get(OPTIONS, ""))
    if not words:
        return None
    options = LaunchOptions.read(words)
    others = [word for word in options.ipython_words if not word.startswith("--Beamshell.")]
    if others:
        raise UsageError(
            f"{OPTIONS}: {' '.join(others)}: only --profile, --data, --twin and --Beamshell.NAME=VALUE count"
        )
    return options


def is_kernel(shell: Any) -> bool:
    """True for the shell of a Jupyter kernel."""
    return getattr(shell, "kernel", None) is not None


def show_plots_inline(shell: Any) -> Callable[[], None]:
    """Show the plots of scans below the cells of this notebook, updated in place; returns what undoes it."""
    from beamshell.callbacks.figures import windows
    from beamshell.callbacks.inline import InlineFigures

    figures = InlineFigures(_show)
    windows.make_manager = figures.new_manager
    shell.events.register("pre_run_cell", begin := lambda _info: figures.begin_cell())

    def undo() -> None:
        windows.make_manager = None
        shell.events.unregister("pre_run_cell", begin)

    return undo


def _show(png: bytes, display_id: str, is_new: bool) -> None:
    from IPython.display import Image, display, update_display

    publish: Any = display if is_new else update_display
    make_image: Any = Image
    publish(make_image(png, format="png"), display_id=display_id)


# ---- the list of kernels -------------------------------------------------------------------------


def install_kernel(words: list[str]) -> int:
    """Put a kernel into Jupyter's list that opens a profile; returns the exit status.

    Args:
        words: the options of the console that the kernel opens; --prefix FOLDER is where Jupyter looks for kernels.

    Raises:
        ConfigError: there is no such profile, or Jupyter's part of it is not installed.
    """
    parser = argparse.ArgumentParser(prog="beamshell kernel", description="Offer a beamline as a kernel in Jupyter.")
    parser.add_argument("--profile", default="demo", help="the beamline: a profile's name, or a folder")
    parser.add_argument("--data", help="the folder of data and metadata")
    parser.add_argument("--twin", action="store_true", help="the same beamline, simulated: nothing real moves")
    parser.add_argument("--prefix", help="install into FOLDER/share/jupyter/kernels, not into your home folder")
    options = parser.parse_args(words)
    try:
        from jupyter_client.kernelspec import KernelSpecManager
    except ImportError as exc:
        raise ConfigError("Jupyter's kernel is not installed: pip install 'beamshell[notebook]'") from exc
    profile = find_profile(options.profile, Path(options.data).expanduser() if options.data else None)
    beamline = profile.name.removeprefix("profile_") + ("-twin" if options.twin else "")
    console = ["--profile", str(profile), *(["--twin"] if options.twin else [])]
    if options.data:
        console += ["--data", str(Path(options.data).expanduser().absolute())]
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--ext=beamshell"],
        "display_name": f"beamshell {beamline}",
        "language": "python",
        "interrupt_mode": "signal",
        "env": {OPTIONS: shlex.join(console)},
    }
    with TemporaryDirectory(prefix="beamshell-kernel-") as folder:
        (Path(folder) / "kernel.json").write_text(json.dumps(spec, indent=1), encoding="utf-8")
        manager: Any = KernelSpecManager()
        where = {"prefix": options.prefix} if options.prefix else {"user": True}
        path = manager.install_kernel_spec(folder, f"beamshell-{beamline}", **where)
    say(f"Jupyter offers 'beamshell {beamline}' now: {path}")
    return DONE
