"""Devices of a file that are made of others of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beamshell.devices.device import Device
from beamshell.devices.loader import load_devices, reload_devices


class Cart(Device):
    """Made of other devices."""

    device_arguments = ("horse", "goods")

    def __init__(self, prefix: str = "", *, horse: Any, goods: Any = (), **kwargs: Any) -> None:
        self.horse, self.goods = horse, goods
        super().__init__(prefix, **kwargs)


CART = f"{__name__}.Cart"


@pytest.fixture
def write(tmp_path: Path):
    path = tmp_path / "devices.yml"

    def write(text: str) -> Path:
        path.write_text(text.replace("CART", CART))
        return path

    return write


def test_a_name_becomes_the_device_wherever_it_stands_in_the_file(write):
    registry, problems = load_devices(
        write("cart: {class: CART, horse: x, goods: [x, y]}\nx: {class: sim_motor}\ny: {class: sim_motor}\n")
    )
    assert problems == []
    assert registry["cart"].horse is registry["x"]
    assert registry["cart"].goods == [registry["x"], registry["y"]]


def test_a_part_of_a_device_can_be_named(write):
    registry, problems = load_devices(write("x: {class: sim_motor}\ncart: {class: CART, horse: x.readback}\n"))
    assert problems == []
    assert registry["cart"].horse is registry["x"].readback


def test_a_cart_may_be_drawn_by_a_cart(write):
    registry, problems = load_devices(
        write("a: {class: CART, horse: b}\nb: {class: CART, horse: x}\nx: {class: sim_motor}\n")
    )
    assert problems == []
    assert registry["a"].horse.horse is registry["x"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("cart: {class: CART, horse: z}", "cart: horse: no device 'z'"),
        ("cart: {class: CART, horse: off}", "cart: horse: no device 'off': it is switched off at"),
        ("cart: {class: CART, horse: cart}", "cart: horse: no device 'cart'"),
        ("cart: {class: CART, horse: 3}", "cart: horse is 3; write the name of a device"),
        ("cart: {class: CART, horse: x, goods: [{y: 1}]}", "cart: goods is {'y': 1}; write the name of a device"),
    ],
)
def test_a_name_that_does_not_exist_is_reported_with_its_place(write, line, words):
    path = write(f"x: {{class: sim_motor}}\noff: {{class: sim_motor, enabled: false}}\n{line}\n")
    registry, problems = load_devices(path)
    assert [f"{path}:3:" in str(problem) and words in str(problem) for problem in problems] == [True], problems
    assert list(registry) == ["x"]


def test_a_device_that_is_made_anew_is_given_to_those_made_of_it(write):
    path = write("x: {class: sim_motor}\ncart: {class: CART, horse: x}\n")
    registry, _ = load_devices(path)
    before = registry["cart"]
    changes, problems = reload_devices(write("x: {class: sim_motor}\ncart: {class: CART, horse: x}\n"), registry)
    assert (changes.lines(), problems, registry["cart"]) == ([], [], before)
    changes, _ = reload_devices(write("x: {class: sim_motor, value: 3}\ncart: {class: CART, horse: x}\n"), registry)
    assert set(changes.replaced) == {"x", "cart"}
    assert registry["cart"].horse is registry["x"]
