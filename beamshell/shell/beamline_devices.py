"""The devices of a console: loading and reloading of the device file, and the report of devices that are offline.

It knows the registry and the loader. It waits for no device while it loads.
"""

from __future__ import annotations

import re
import time
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from beamshell.channels.deferred import libraries, searches
from beamshell.errors import ConfigError, UsageError
from beamshell.shell.messages_shown import say
from beamshell.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Set
    from pathlib import Path

    from beamshell.devices.loader import Changes
    from beamshell.devices.registry import Offline, Registry
    from beamshell.shell.profile import Beamshell

TIME_TO_ANSWER_S = 3.0
"""Seconds that a device has to answer before it is called offline, if it was first asked after the start-up."""

_SAID_AFTER_S = 2.0
_NAME = re.compile(r"[^\W\d]\w*")
_PLAIN = (int, float, str, ModuleType, FunctionType)
"""Variables of these types stand for no device."""


class BeamlineDevices:
    """The devices of one console: those of its device file or, without a file and a demo IOC, two simulated ones.

    Args:
        config: the settings of the beamline.
        device_file: the device file; None if the profile names none.
        data_folder: where devices that write files put them; None if there is no data folder.
        report: called with each problem of the device file.
        meaning: what a name means at the prompt already, such as "a command"; "" if a device may have it.

    Attributes:
        registry: the devices by name.
        offline_report: names the devices that do not answer.
    """

    def __init__(
        self,
        config: Beamshell,
        device_file: Path | None,
        *,
        data_folder: Path | None,
        report: Callable[[BaseException], None],
        meaning: Callable[[str], str] = lambda _name: "",
    ) -> None:
        from beamshell.devices.registry import Registry

        self.registry = Registry(data_folder, meaning)
        self._config = config
        self._device_file = device_file
        self._report = report
        self._supplemental: Any = None
        if device_file is not None:
            self._load(device_file)
        elif not config.demo_ioc:
            from beamshell.devices import sim

            self.registry.add(sim.motor, tags=["motor"])
            self.registry.add(sim.det, tags=["detector"], readout="point")
        self.offline_report = OfflineReport(self.registry, config.connect_wait)

    def _load(self, device_file: Path) -> None:
        from beamshell.devices.loader import load_devices

        libraries.close()  # opened when one is needed, or in idle time at the prompt
        _, problems = load_devices(device_file, self.registry)
        for problem in problems:
            self._report(problem)

    def reload(self) -> Changes:
        """Read the device file again; a device whose line has not changed stays the same object.

        Raises:
            ConfigError: the profile names no device file.
        """
        if self._device_file is None:
            raise ConfigError("this console has no device file to reload: set devices_file in its profile")
        from beamshell.devices.loader import reload_devices

        changes, problems = reload_devices(self._device_file, self.registry)
        for problem in problems:
            self._report(problem)
        return changes

    def record_baseline(self, preprocessors: list[Any]) -> None:
        """Let each run record the devices with `readout: baseline` and `readout: monitored` beside its plan.

        Args:
            preprocessors: the engine's; the entry that an earlier call made is replaced.
        """
        from beamshell.plans.preprocessors import SupplementalData

        if self._supplemental in preprocessors:
            preprocessors.remove(self._supplemental)
        baseline = self.registry.select(readout="baseline") if self._config.baseline else {}
        monitors = self.registry.select(readout="monitored")
        if baseline or monitors:
            self._supplemental = SupplementalData(baseline=baseline.values(), monitors=monitors.values(), report=say)
            preprocessors.append(self._supplemental)

    def needed_by(self, line: str, variables: Mapping[str, Any]) -> set[str] | None:
        """The devices that a command needs: those that it names, and those that every run reads.

        Args:
            line: the command as it is typed, without its own name.
            variables: those at the prompt.

        Returns:
            Their names; None if it may need any: it names no device, or a tag, a pattern or a variable of the person.
        """
        words = set(_NAME.findall(line))
        named = words & set(self.registry)
        others = [variables[word] for word in words - named if word in variables]
        if not named or "*" in line or words & self.registry.tags or not all(isinstance(it, _PLAIN) for it in others):
            return None
        in_every_run = (self.registry.select(readout=readout) for readout in ("point", "baseline", "monitored"))
        return named.union(self._config.detectors, *in_every_run)

    def default_detectors(self, tag: str = "") -> list[Any]:
        """The detectors that are read when a command names none.

        Args:
            tag: those that have this tag in the device file, if any has it.

        Raises:
            UsageError: there are none; name a detector, or give one `readout: point` in the device file.
        """
        if tag and (tagged := list(self.registry.select(tag=tag).values())):
            return tagged
        if self._config.detectors:
            return [self.registry.find(name) for name in self._config.detectors]
        detectors = list(self.registry.select(readout="point").values())
        if not detectors:
            raise UsageError("no detector is read by default: name one, or give it `readout: point` in the device file")
        if offline := [detector.name for detector in detectors if not getattr(detector, "connected", True)]:
            raise UsageError(
                f"{listed(offline)} is read where no detector is named, and does not answer: name others, such as det"
            )
        return detectors


class OfflineReport:
    """Reports each device that does not answer, once, and not before it has had the time to answer.

    Args:
        registry: the devices, which have just been loaded.
        wait_s: seconds from now that the first report waits for them.
        clock: gives seconds, from any start.
    """

    def __init__(self, registry: Registry, wait_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._registry = registry
        self._clock = clock
        self._loaded_at = clock()
        self._wait_s = wait_s
        self._deferred: Set[str] = set()  # devices that no command has needed yet, and whose libraries were not there
        self._unheard: set[str] | None = None  # devices that may not have had the time to answer; None before the first

    @property
    def left_s(self) -> float:
        """Remaining seconds in which the devices may answer before the first command."""
        return max(0.0, self._loaded_at + self._wait_s - self._clock())

    @property
    def offline_word(self) -> str:
        """What a device is called that does not answer now: just after the start it may only be slow."""
        is_early = not searches.is_open or self._clock() - self._loaded_at < TIME_TO_ANSWER_S
        return "connecting" if is_early else "OFFLINE"

    def names(self) -> list[str]:
        """The devices that are offline now, without those that may not have had the time to answer."""
        if self._unheard is None or self.offline_word != "OFFLINE":
            return []
        names = dict.fromkeys(_device_of(channel) for channel in self._registry.offline())
        return [name for name in names if name not in self._deferred]

    def show_new(self, needed: Set[str] | None = None) -> None:
        """Report the offline devices that were not reported before; the first call waits for devices to answer.

        Args:
            needed: the devices whose libraries are waited for, if they are not imported yet; None for all.
        """
        if self._unheard is None:
            if not searches.is_open:
                if not searches.wait(_SAID_AFTER_S):
                    say("waiting for the IOC of this console to answer (Ctrl+C ends the wait)")
                    searches.wait()
                self._loaded_at = self._clock()  # nothing could answer before
            self._deferred = set() if needed is None else self._registry.deferred() - needed
            self._show(self._registry.wait_for_connection(self.left_s, but_for=self._deferred))
            return
        if late := self._deferred if needed is None else self._deferred & needed:
            self._registry.wait_for_connection(self._wait_s, but_for=set(self._registry) - late)
            self._deferred = self._deferred - late
        if self._unheard:
            self._show([channel for channel in self._registry.offline() if _device_of(channel) in self._unheard])

    def _show(self, offline: list[Offline]) -> None:
        is_first, elapsed_s, now = self._unheard is None, self._clock() - self._loaded_at, time.time()
        ages = {_device_of(channel): now - channel.since for channel in offline}
        # An age below 0: the computer's clock was set back since.
        names = [name for name, age_s in ages.items() if not 0 <= age_s < TIME_TO_ANSWER_S]
        slow = [name for name, age_s in ages.items() if elapsed_s <= age_s < TIME_TO_ANSWER_S]
        self._unheard = set(ages) - set(names)
        if names:
            say(f"offline: {listed(names)} (type offline for the addresses)")
        if slow and is_first:
            say(f"connecting: {listed(slow)} (type offline for the addresses)")


def _device_of(channel: Offline) -> str:
    return channel.device.partition(".")[0]
