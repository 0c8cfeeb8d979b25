"""Which channel an address gets, from which factory."""

import contextlib
import threading

import pytest
from tiny_package import installed

from beamshell.channels.factory import (
    ChannelFactory,
    SimulatedFactory,
    UnconnectedFactory,
    channel_factory,
    current_factory,
    open_channel,
    set_default_factory,
)
from beamshell.channels.soft import NamedSoftChannel, SoftChannel
from beamshell.devices import Component, Device, EpicsSignal
from beamshell.errors import ConfigError, UnknownName


def test_on_a_twin_nothing_real_is_read():
    with channel_factory(SimulatedFactory()):
        for address in ("http://chiller.local/x", "serial:///dev/ttyUSB0#POS", "tango://a/b/c/d"):
            channel = open_channel(address, busy="/moving", units="mm")
            assert isinstance(channel, NamedSoftChannel)
            assert (channel.connected, channel.units) == (True, "mm")
            channel.close()
        assert open_channel("soft://x").source == "soft://x"
        assert type(open_channel("ca://BL:th")).__name__ == "CaChannel"


def test_a_scheme_of_no_control_system_is_refused_on_a_twin_too():
    with channel_factory(SimulatedFactory()), pytest.raises(UnknownName, match="gpib"):
        open_channel("gpib://1")


def test_an_unconnected_channel_shows_its_address_and_loads_no_control_system():
    with channel_factory(UnconnectedFactory()):
        assert (open_channel("BL:th").source, open_channel("pva://BL:x").source) == ("ca://BL:th", "pva://BL:x")


def test_after_the_block_the_factory_is_the_one_before():
    before = current_factory()
    with channel_factory(UnconnectedFactory()), channel_factory(SimulatedFactory()):
        assert isinstance(current_factory(), SimulatedFactory)
    assert current_factory() is before


def test_other_threads_have_the_default_of_the_process():
    record = []
    with channel_factory(UnconnectedFactory()):
        thread = threading.Thread(target=lambda: record.append(current_factory()))
        thread.start()
        thread.join()
    assert record == [current_factory()]


def test_the_default_of_the_process_can_be_set():
    before, other = current_factory(), UnconnectedFactory()
    set_default_factory(other)
    try:
        assert current_factory() is other
    finally:
        set_default_factory(before)


class Pair(Device):
    now = Component(EpicsSignal, "A")
    later = Component(EpicsSignal, "B", lazy=True)


def test_parts_that_a_device_builds_later_come_from_the_factory_it_was_made_with():
    opened = []

    class Recording(ChannelFactory):
        def open(self, address, **options):
            opened.append(address)
            return SoftChannel(address)

    with channel_factory(Recording()):
        pair = Pair("X:", name="pair")
    assert opened == ["X:A"]
    assert pair.later.get() == 0.0
    assert opened == ["X:A", "X:B"]


@pytest.fixture
def offered(tmp_path):
    """Another package offers the scheme gpib; it is given the text of its module."""
    with contextlib.ExitStack() as stack:

        def offer(source):
            groups = {"beamshell.schemes": {"gpib": "GpibChannel"}}
            stack.enter_context(installed(tmp_path, "gpib_for_beamshell", source, groups))

        yield offer


def test_another_package_can_add_a_scheme(offered):
    offered(
        "from beamshell.channels.soft import SoftChannel\n"
        "class GpibChannel(SoftChannel):\n"
        "    def __init__(self, name, **options):\n"
        "        super().__init__(f'gpib://{name}', 5.0)\n"
    )
    assert EpicsSignal("gpib://7/volts", name="volts").get() == 5.0


def test_a_package_that_cannot_be_imported_is_one_line_with_its_name(offered):
    offered("import no_such_library\n")
    with pytest.raises(ConfigError, match=r"^the package gpib_for_beamshell .*'gpib'.*no_such_library'$"):
        open_channel("gpib://7/volts")
