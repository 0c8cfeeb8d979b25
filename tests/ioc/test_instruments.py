"""The demo beamline's instruments that are no IOC: what they answer."""

import os
import select
import threading

import pytest

from beamshell.ioc.instruments import Chiller, GasSupply, Ramp, serve_gas_supply
from beamshell.ioc.process import SerialLine


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_ramp_goes_at_its_rate_and_turns_where_it_is(clock):
    ramp = Ramp(0.0, 2.0, clock)
    ramp.go(10.0)
    clock.now = 2.0
    assert (ramp.value, ramp.moving) == (4.0, True)
    ramp.go(3.0)
    clock.now = 2.25
    assert ramp.value == 3.5
    clock.now = 9.0
    assert (ramp.value, ramp.moving) == (3.0, False)


def test_the_chiller_goes_where_it_is_sent_and_says_when_it_is_there(clock):
    chiller = Chiller(clock)
    assert chiller.put("/setpoint", {"value": 25}) == (200, "{}")
    assert (chiller.get("/setpoint")["value"], chiller.get("/setpoint")["moving"]) == (25.0, True)
    clock.now = 10.0
    assert (chiller.get("/temperature")["value"], chiller.get("/setpoint")["moving"]) == (25.0, False)


@pytest.mark.parametrize(
    ("path", "body", "status", "why"),
    [
        ("/setpoint", {"value": 100}, 400, "100 degC is not between 5 and 80"),
        ("/setpoint", {"value": "warm"}, 400, "a body such as"),
        ("/setpoint", [1], 400, "a body such as"),
        ("/setpoint", {"value": float("nan")}, 400, "a body such as"),
        ("/temperature", {"value": 1}, 405, "/temperature cannot be written"),
    ],
)
def test_the_chiller_says_what_it_refuses(clock, path, body, status, why):
    assert Chiller(clock).put(path, body)[0] == status
    assert why in Chiller(clock).put(path, body)[1]
    assert Chiller(clock).get("/nonesuch") is None


def test_the_gas_supply_answers_each_line(clock):
    supply = GasSupply(clock)
    assert [supply.answer(line) for line in ("SP 3", "SP?", "FLOW?", "PRES?")] == ["OK", "3.000", "0.000", "1.000e-06"]
    clock.now = 5.0
    assert [supply.answer(line) for line in ("FLOW?", "PRES?")] == ["3.000", "3.010e-04"]


@pytest.mark.parametrize("line", ["SP 11", "SP much", "SP nan", "SP", "HELLO", ""])
def test_the_gas_supply_refuses_what_it_does_not_know(clock, line):
    assert GasSupply(clock).answer(line).startswith("ERR ")


def test_the_gas_supply_answers_on_its_line_in_the_order_of_the_questions(clock):
    line = SerialLine()
    thread = threading.Thread(target=serve_until_hung_up, args=(GasSupply(clock), line.instrument))
    thread.start()
    client = os.open(line.path, os.O_RDWR | os.O_NOCTTY)
    while not select.select([client], [], [], 0.05)[0]:  # what is asked before it is switched on is not answered
        os.write(client, b"*IDN?\n")
    while select.select([client], [], [], 0.2)[0]:
        assert os.read(client, 1000).startswith(b"beamshell demo gas supply\n")
    answers = b""
    os.write(client, b"SP?\nFLOW?\nQUIT")
    while answers.count(b"\n") < 2:
        answers += os.read(client, 100)
    assert answers == b"0.000\n0.000\n"
    os.close(client)
    os.close(line._open[1])  # the last end of the cable: the instrument's read ends
    thread.join(5)
    assert not thread.is_alive()
    os.close(line.instrument)


def serve_until_hung_up(supply, descriptor):
    try:
        serve_gas_supply(supply, descriptor)
    except OSError:  # the other end is gone
        return
