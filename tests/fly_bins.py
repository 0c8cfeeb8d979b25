"""Flights past a counter whose news is late, early, missing or jittered: how far off are its bins?

Run by hand, ``python tests/fly_bins.py`` prints a table of such flights, which are random with fixed seeds and need no
clock and no device, and one of real flights on the demo beamline.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from beamshell.devices.epics.flight_log import FlightLog
from beamshell.devices.epics.fly_motor import MotorFlyer
from beamshell.devices.epics.mcs import MultichannelScaler
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.ioc.process import DemoIoc

BINS = 101
FLIGHTS = 200
SHOWN_S = 0.1
"""How often a counter that pushes its news does so."""
_READBACK_S = 0.1
_DELIVERY_S, _START_S = 0.001, 0.002
"""The fastest delivery of news to the console; the mean time beyond that, and of a counter to start after a command."""


@dataclass(frozen=True)
class News:
    """What becomes of the news of a counter.

    Attributes:
        poll_s: how often the number of full bins is polled; 0 pushes it.
        late_s: all time stamps of that are late by a random time up to this.
        all_late: the start and the end of the count are told as late as the full bins.
        ahead: so many bins are counted as full before they are.
        jitter_s: standard deviation of all time stamps of the counter.
        missing: the part of the news that is lost.
        clock_s: how far the clock of the counter is ahead of that of the motor.
    """

    poll_s: float = 0.0
    late_s: float = 0.0
    all_late: bool = False
    ahead: int = 0
    jitter_s: float = 0.0
    missing: float = 0.0
    clock_s: float = 0.0


def flown(dwell_s: float, news: News, random: np.random.Generator) -> FlightLog:
    """The log of a flight whose first bin begins at time 0, and whose motor is then at -0.5 and goes a step a bin."""
    log, console = FlightLog(dwell_s), random.uniform(-1e6, 1e6)  # the clock of the console is another one

    def received(moment: float) -> float:
        return float(moment + console + _DELIVERY_S + random.exponential(_START_S))

    end, phase = BINS * dwell_s, random.uniform()
    late_s = news.late_s if news.all_late else 0.0
    for moment in np.arange(-1.0 + phase * _READBACK_S, end + 1.0, _READBACK_S):
        log.add_position(moment / dwell_s - 0.5, moment, received(moment))
    log.note_command(console - _DELIVERY_S - random.exponential(_START_S))
    stamps = random.normal(news.clock_s, news.jitter_s, 10_000)
    if random.uniform() >= news.missing:
        log.note_start(random.uniform(0, late_s) + stamps[0])
    interval_s = news.poll_s or SHOWN_S
    polls = np.append(np.arange(phase * interval_s, end, interval_s), end if news.poll_s == 0 else end + interval_s)
    for poll, stamp in zip(polls, stamps[1:], strict=False):
        if random.uniform() >= news.missing:
            full = min(BINS, int(poll / dwell_s + 1e-9) + news.ahead)
            log.add_full_bins(full, poll + random.uniform(0, news.late_s) + stamp)
    log.note_end(BINS, received(end + random.uniform(0, late_s)))
    return log


def worst_steps(dwell_s: float, news: News, flights: int = FLIGHTS) -> float:
    """The largest error of a position in these flights, in steps from point to point."""
    random = np.random.default_rng([int(1e6 * dwell_s), 12])
    worst = 0.0
    for _ in range(flights):
        _, places = flown(dwell_s, news, random).points(BINS)
        worst = max(worst, float(np.abs(places - np.arange(BINS)).max()))
    return worst


KINDS = {
    "told as it happens": News(),
    **{f"channels polled every {poll:g} s": News(poll_s=poll, late_s=poll) for poll in (0.1, 0.5, 2.0)},
    **{
        f"start and end polled too, every {poll:g} s": News(poll_s=poll, late_s=poll, all_late=True)
        for poll in (0.1, 0.5)
    },
    "a bin is told as full when it begins": News(ahead=1),
    "9 of 10 news are lost": News(missing=0.9),
    "time stamps jitter by 20 ms": News(jitter_s=0.02),
    "its clock is 1 s ahead": News(clock_s=1.0),
    "its clock is 1 s behind": News(clock_s=-1.0),
}
"""The rows of the table. A polled time stamp may be late by a whole poll."""
DWELLS_S = (0.002, 0.01, 0.05, 0.2, 1.0)


def demo_worst_steps(dwell_s: float, bins: int) -> float:
    """The largest error of a position in a flight of th on the demo beamline, beside the encoder of its counter."""
    th = EpicsMotor("BL:th", name="th")
    mcs = MultichannelScaler("BL:mcs:", name="mcs", counters={"it": 3, "encoder": 4})
    for device in (th, mcs):
        device.wait_for_connection(timeout=10)
    flyer = MotorFlyer(name="th_fly", motor=th, counter=mcs, tolerance=1.0)  # a start that is late is no error here
    flyer.prepare({"start": -1, "stop": 1, "num": bins, "time": dwell_s}).wait(60)
    flyer.kickoff().wait(10)
    flyer.complete().wait(60)
    (page,) = flyer.collect_pages()
    errors = np.subtract(page["data"]["th"], page["data"]["mcs_encoder"])
    return float(np.abs(errors).max()) / (2 / (bins - 1))


def main() -> None:
    """Print the tables of docs/how-to/fly-scans.md."""
    print("| news of the counter | " + " | ".join(f"dwell {dwell_s:g} s" for dwell_s in DWELLS_S) + " |")
    print("|---|" + "--:|" * len(DWELLS_S))
    for kind, news in KINDS.items():
        print(f"| {kind} | " + " | ".join(f"{worst_steps(dwell_s, news):.2f}" for dwell_s in DWELLS_S) + " |")
    with DemoIoc.start(seed=1) as ioc:
        os.environ.update(ioc.client_environment)
        print("\n| demo beamline | dwell | bins | worst error in steps |\n|---|--:|--:|--:|")
        for dwell_s, bins in ((0.003, 601), (0.01, 201), (0.05, 101), (0.2, 21)):
            print(f"| fscan th -1 1 | {dwell_s:g} s | {bins} | {demo_worst_steps(dwell_s, bins):.3f} |")


if __name__ == "__main__":
    main()
