"""Values at the prompt: a device with its state, arrays and texts that fit the window, and no number before them.

It knows IPython's display of values, and no session.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from beamshell.plans.computed_axes import computed_axes
from beamshell.shell.device_look import begin_look
from beamshell.shell.device_parts import is_motor
from beamshell.shell.messages_shown import print_pages
from beamshell.shell.motor_look import begin_line, typed_name
from beamshell.text.window import fitted, window_width

_DEVICES_OF_OTHERS = ("ophyd.positioner.PositionerBase", "ophyd.signal.Signal", "ophyd_async.core._device.Device")


def show_values(shell: Any) -> Callable[[], None]:
    """Show the values of a shell so from now on.

    Args:
        shell: the IPython shell; in a notebook values keep their numbers.

    Returns:
        A function that undoes this.
    """
    from beamshell.devices import Device, Signal

    formatter = shell.display_formatter.formatters["text/plain"]
    for kind in (Device, Signal):
        formatter.for_type(kind, _show_device)
    for kind_there in _DEVICES_OF_OTHERS:
        formatter.for_type_by_name(*kind_there.rsplit(".", 1), _show_device)
    formatter.for_type_by_name("numpy", "ndarray", _show_array)
    undo_width = _fit_to_the_window(shell.displayhook, formatter)
    undo_number = without_number(shell.displayhook) if hasattr(shell, "prompts") else lambda: None

    def undo() -> None:
        for kind in (Device, Signal, "numpy.ndarray", *_DEVICES_OF_OTHERS):
            formatter.pop(kind, None)
        undo_width()
        undo_number()

    return undo


def show_motors_asked_for(shell: Any, page_of: Callable[[Any], str]) -> Callable[[], None]:
    """Have `th?` show a motor in words; `th??` shows what Python knows of it, as for any object.

    Args:
        shell: the IPython shell.
        page_of: gives what is shown of a motor.

    Returns:
        A function that undoes this.
    """
    inspector = shell.inspector
    usual = inspector.pinfo

    def show(obj: Any, *args: Any, detail_level: int = 0, **options: Any) -> None:
        if detail_level or isinstance(obj, type) or not is_motor(obj):
            usual(obj, *args, detail_level=detail_level, **options)
        else:
            print_pages(page_of(obj))

    inspector.pinfo = show
    return lambda: delattr(inspector, "pinfo")


def without_number(display_hook: Any) -> Callable[[], None]:
    """Values without `Out[1]:` from now on: the only numbers are those of scans. `_` and `Out` have them all the same.

    Args:
        display_hook: of IPython's terminal shell.

    Returns:
        A function that undoes this.
    """

    def begin_at_the_left() -> None:
        display_hook.prompt_end_newline = True  # a value of several lines needs no line break before it

    display_hook.write_output_prompt = begin_at_the_left
    return lambda: delattr(display_hook, "write_output_prompt")


def _fit_to_the_window(display_hook: Any, formatter: Any) -> Callable[[], None]:
    """Break objects of ours between words, lists and dictionaries between their items; a function that undoes this."""
    texts_of, usual_width = display_hook.compute_format_data, formatter.max_width

    def fitted_texts_of(value: Any) -> Any:
        width = window_width(sys.stdout)
        formatter.max_width = min(usual_width, width or usual_width)
        texts, metadata = texts_of(value)
        if type(value).__module__.startswith("beamshell.") and "text/plain" in texts:
            texts["text/plain"] = fitted(texts["text/plain"], width)
        return texts, metadata

    def undo() -> None:
        del display_hook.compute_format_data
        formatter.max_width = usual_width

    display_hook.compute_format_data = fitted_texts_of
    return undo


def _show_device(device: Any, printer: Any, _cycle: bool) -> None:
    """A device that is typed alone shows its value and its state; a motor its limits too."""
    if is_motor(device) and getattr(device, "connected", True) and not computed_axes(device):
        printer.text(begin_line(device, typed_name(device))())
        return
    known: Any = getattr(device, "known_state", list)()
    look = begin_look(device)()
    printer.text("  ".join([repr(device), *(known or filter(None, look))]))


def _show_array(array: Any, printer: Any, _cycle: bool) -> None:
    """An array whose numbers the terminal does not cut."""
    import numpy as np

    usual, width = np.get_printoptions()["linewidth"], window_width(sys.stdout)
    with np.printoptions(linewidth=usual if width is None else min(usual, width)):
        printer.text(repr(array))
