import struct

import pytest

from beamshell.devices.backends._revival import addresses, answered_numbers, search_datagram


def test_a_search_asks_for_the_name_under_a_number():
    datagram = search_datagram("BL:th", 7)
    assert datagram[:2] == b"\0\0"  # first the protocol's version
    command, size, _, _, number, again = struct.unpack_from(">HHHHII", datagram, 16)
    assert (command, size, number, again) == (6, 8, 7, 7)
    assert datagram[32:] == b"BL:th\0\0\0"


def test_the_numbers_of_all_answers_in_a_datagram_are_found():
    version = struct.pack(">HHHHII", 0, 0, 0, 13, 0, 0)
    answers = [struct.pack(">HHHHII", 6, 8, 5064, 0, 0xFFFFFFFF, number) + bytes(8) for number in (3, 4)]
    assert answered_numbers(version + b"".join(answers)) == [3, 4]
    assert answered_numbers(b"") == []
    assert answered_numbers(answers[0][:10]) == []


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        (
            {"EPICS_CA_ADDR_LIST": "127.0.0.1:6000 10.0.0.255", "EPICS_CA_AUTO_ADDR_LIST": "NO"},
            [("127.0.0.1", 6000), ("10.0.0.255", 5064)],
        ),
        ({"EPICS_CA_SERVER_PORT": "6001"}, [("255.255.255.255", 6001), ("ioc1", 6001)]),
        ({"EPICS_CA_ADDR_LIST": "", "EPICS_CA_AUTO_ADDR_LIST": "NO"}, []),
    ],
)
def test_searches_go_where_the_environment_says(environment, expected):
    assert addresses(environment, "ioc1:34567") == expected
