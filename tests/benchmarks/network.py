"""Round trips and milliseconds on a slow network: points, staging, moves and tables, ours beside bluesky and ophyd.

The demo beamline, twenty times as fast as life, is behind a proxy that delays each direction. Round trips are counted
as `RoundTrips` of tests/network_proxy.py says. Both consoles run in one process, by turns.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))  # for network_proxy

from measure import machine, median, table
from network_proxy import NetworkProxy

DELAYS_MS = (0, 10, 50, 200)
POINTS, STEP = 4, 0.05
TARGETS = {"a point: motor and counter": 3, "a point: motor and camera": 5, "staging of a camera": 6}
TARGETS |= {"mov th, to its last line": 2, "wm of four motors": 1, "wa": 1, "ct det": 2}

Sample = tuple[int, float]
"""Round trips, and seconds."""


class Network:
    """The proxy, which the other process has."""

    def __init__(self, control: Connection) -> None:
        self._control = control

    def _ask(self, *words: Any) -> Any:
        self._control.send(words)
        return self._control.recv()

    def delay(self, seconds: float) -> None:
        self._ask("delay", seconds)

    def reset(self) -> float:
        """Count from 0; the time."""
        self._ask("reset")
        return time.perf_counter()

    def sample(self, begun: float) -> Sample:
        took = time.perf_counter() - begun
        return self._ask("number"), took


class Marks:
    """The round trips between the documents of a run."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._begun = 0.0
        self.samples: list[tuple[str, Sample]] = []

    def begin(self) -> None:
        self.samples = []
        self._begun = self._network.reset()

    def __call__(self, name: str, _: Any) -> None:
        if name in ("start", "descriptor", "event"):
            self.samples.append((name, self._network.sample(self._begun)))
            self._begun = self._network.reset()

    def of(self, name: str) -> list[Sample]:
        return [sample for each, sample in self.samples if each == name]


def typical(samples: list[Sample]) -> Sample:
    """The median of the round trips, and of the seconds."""
    return round(median(trips for trips, _ in samples)), median(took for _, took in samples)


# ---- ophyd's devices ---------------------------------------------------------------------------------------------


def their_devices(folder: str) -> dict[str, Any]:
    """A motor, a counter and a camera of ophyd; the camera with the settings and the order of ours."""
    import ophyd
    from ophyd import Component, Device, DeviceStatus, EpicsSignal, EpicsSignalRO, EpicsSignalWithRBV

    class Counter(Device):
        counts = Component(EpicsSignalRO, ":S")
        count_time = Component(EpicsSignal, ":TP", kind="config")
        start = Component(EpicsSignal, ":CNT", kind="omitted", put_complete=True)

        def trigger(self) -> Any:
            return self.start.set(1)

    def setting(suffix: str, **kwargs: Any) -> Any:
        return Component(EpicsSignalWithRBV, suffix, kind="omitted", **kwargs)

    class Camera(Device):
        acquire = Component(EpicsSignal, "cam1:Acquire", kind="omitted")
        mode, images, trigger_mode = setting("cam1:ImageMode"), setting("cam1:NumImages"), setting("cam1:TriggerMode")
        wait_for_plugins = Component(EpicsSignal, "cam1:WaitForPlugins", kind="omitted")
        exposure, period = setting("cam1:AcquireTime"), setting("cam1:AcquirePeriod")
        stats, computes, centroid = (setting(f"Stats1:{name}") for name in _STATISTICS)
        total = Component(EpicsSignalRO, "Stats1:Total_RBV")
        x, y = Component(EpicsSignalRO, "Stats1:CentroidX_RBV"), Component(EpicsSignalRO, "Stats1:CentroidY_RBV")
        hdf = setting("HDF1:EnableCallbacks")
        template = setting("HDF1:FileTemplate", string=True)
        file_mode, number = setting("HDF1:FileWriteMode"), setting("HDF1:NumCapture")
        lazy_open = Component(EpicsSignal, "HDF1:LazyOpen", kind="omitted")
        path, file = setting("HDF1:FilePath", string=True), setting("HDF1:FileName", string=True)
        capture = Component(EpicsSignal, "HDF1:Capture", kind="omitted")
        written = Component(EpicsSignalRO, "HDF1:NumCaptured_RBV")

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.stage_sigs.update(mode=1, images=1, trigger_mode=0, wait_for_plugins=1, stats=1, computes=1)
            self.stage_sigs.update(centroid=1, hdf=1, template="%s%s.h5", file_mode=2, number=0, lazy_open=1)
            self.stage_sigs.update(path=f"{folder}/")  # the IOC puts the slash there
            self.stage_sigs.update(file=f"theirs{time.time():.0f}", capture=1)

        def trigger(self) -> Any:
            status = DeviceStatus(self)
            self.acquire.put(1, callback=lambda **_: status.set_finished())
            return status

    return {
        "th": ophyd.EpicsMotor("BL:th", name="th"),
        "det": Counter("BL:det", name="det"),
        "cam": Camera("BL:cam:", name="cam"),
    }


_STATISTICS = ("EnableCallbacks", "ComputeStatistics", "ComputeCentroid")


# ---- what is measured --------------------------------------------------------------------------------------------


def scans(network: Network, engine: Any, scan: Any, motor: Any, detectors: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The points of a scan of each detector, and how the camera is staged."""
    marks = Marks(network)
    token = engine.subscribe(marks)
    for what, detector in detectors.items():
        marks.begin()
        engine(scan([detector], motor, 0.0, STEP * POINTS, POINTS + 1))
        if what == "camera":  # staged before the run is opened
            yield "staging of a camera", typical(marks.of("start"))
        yield f"a point: motor and {what}", typical(marks.of("event")[1:])
    engine.unsubscribe(token)


def once(network: Network, work: Callable[[], object]) -> Sample:
    begun = network.reset()
    with contextlib.redirect_stdout(io.StringIO()):
        work()
    return network.sample(begun)


def ours(network: Network, devices: dict[str, Any], shell: Any) -> dict[str, Sample]:
    from beamshell import RunEngine, plans

    detectors = {"counter": devices["det"], "camera": devices["cam"]}
    measured = dict(scans(network, RunEngine(), plans.scan, devices["th"], detectors))
    places = iter([0.1, 0.2, 0.1])
    for what, line in (
        ("mov th, to its last line", lambda: f"mov th {next(places)}"),
        ("wm of four motors", lambda: "wm th tth samx samy"),
        ("wa", lambda: "wa"),
        ("ct det", lambda: "ct det"),
    ):
        measured[what] = typical([once(network, lambda line=line: shell.run_cell(line())) for _ in range(3)])
    return measured


def theirs(network: Network, devices: dict[str, Any], engine: Any) -> dict[str, Sample]:
    from bluesky import plan_stubs, plans

    detectors = {"counter": devices["det"], "camera": devices["cam"]}
    measured = dict(scans(network, engine, plans.scan, devices["th"], detectors))
    places = iter([0.1, 0.2, 0.1])
    for what, work in (
        ("mov th, to its last line", lambda: engine(plan_stubs.mv(devices["th"], next(places)))),
        ("ct det", lambda: engine(plans.count([devices["det"]]))),
    ):
        measured[what] = typical([once(network, work) for _ in range(3)])
    return measured


# ---- all of it ---------------------------------------------------------------------------------------------------


def client(who: str, descriptor: int) -> None:
    """The other process: one of the two consoles."""
    control = Connection(descriptor)
    network = Network(control)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["BEAMSHELL_DATA"] = os.environ["IPYTHONDIR"] = folder
        if who == "beamshell":
            from beamshell import devices as ours_devices
            from beamshell.devices.epics.counter import EpicsCounter

            made = {name: ours_devices.EpicsMotor(f"BL:{name}", name=name) for name in ("th", "tth", "samx", "samy")}
            made["det"] = EpicsCounter("BL:det", name="det")
            made["cam"] = ours_devices.EpicsAreaDetector("BL:cam:", name="cam", write_folder=folder)
            arguments = (made, prompt(made))
        else:
            import bluesky

            made, arguments = their_devices(folder), ()
            arguments = (made, bluesky.RunEngine({}))
        for device in made.values():
            device.wait_for_connection(timeout=30)
        for milliseconds in DELAYS_MS:
            network.delay(milliseconds / 1000)
            result = (ours if who == "beamshell" else theirs)(network, *arguments)
            control.send(("result", milliseconds, result))
            control.recv()
        network.delay(0.0)
        for device in made.values():
            if getattr(device, "_staged", None) or hasattr(device, "unstage"):
                device.unstage()
    control.send(("end",))
    sys.stdout.flush()
    os._exit(0)


def prompt(devices: dict[str, Any]) -> Any:
    """A prompt without a terminal."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    from beamshell.shell import extension

    os.environ["BEAMSHELL_PLOTS"] = "none"
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    session = extension.load(shell)
    for device in devices.values():
        session.registry.add(device)
    session.names.set_devices(session.registry)
    return shell


def run(who: str, proxy: NetworkProxy, environment: dict[str, str]) -> dict[int, dict[str, Sample]]:
    """What one console needs, by delay in ms."""
    here, there = Pipe()
    command = [sys.executable, __file__, who, str(there.fileno())]
    results: dict[int, dict[str, Sample]] = {}
    with subprocess.Popen(command, env=environment, pass_fds=(there.fileno(),)) as process:
        there.close()
        while (words := here.recv())[0] != "end":
            match words:
                case ("delay", seconds):
                    proxy.delay(seconds)
                case ("reset",):
                    proxy.round_trips.reset()
                case ("result", milliseconds, result):
                    results[milliseconds] = result
            here.send(proxy.round_trips.number)
        process.wait()
    return results


def main() -> None:
    from beamshell.ioc import network
    from beamshell.ioc.process import DemoIoc

    print(machine())
    with DemoIoc.start(seed=1, speed=20) as ioc:
        ioc.wait_ready()
        port = network.free_port()
        address = {"EPICS_CA_ADDR_LIST": f"{network.LOOPBACK}:{port}"}
        with NetworkProxy(ioc.port, port) as proxy:
            environment = os.environ | ioc.client_environment | address
            results = {who: run(who, proxy, environment) for who in ("beamshell", "bluesky and ophyd")}
    show(results)


def show(results: dict[str, dict[int, dict[str, Sample]]]) -> None:
    counted_at = DELAYS_MS[-1]  # where the client is never slower than the network
    lines = []
    for what, target in TARGETS.items():
        trips = [by_delay[counted_at].get(what, (None, 0.0))[0] for by_delay in results.values()]
        is_met = "met" if trips[0] <= target else "MISSED"
        lines.append([what, *("-" if each is None else str(each) for each in trips), f"<= {target}: {is_met}"])
    table("Round trips", ["", *results, "target"], lines)
    for who, by_delay in results.items():
        lines = []
        for what in TARGETS:
            times = [by_delay[delay][what][1] for delay in DELAYS_MS if what in by_delay[delay]]
            lines.append([what, *(f"{seconds * 1e3:.0f} ms" for seconds in times)] if times else [])
        table(f"Time, {who}", ["", *(f"{delay} ms each way" for delay in DELAYS_MS)], filter(None, lines))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        client(sys.argv[1], int(sys.argv[2]))
    else:
        main()
