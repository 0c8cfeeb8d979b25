"""The parent's side of the demo IOC."""

import pytest

from beamshell.errors import IocError
from beamshell.ioc.process import DemoIoc


def test_the_shared_ioc_answers(demo_ioc):
    assert demo_ioc.is_alive()


def test_a_port_in_use_is_refused_with_its_number(demo_ioc):
    with pytest.raises(IocError, match=f"port {demo_ioc.port} is in use"):
        DemoIoc.start(port=demo_ioc.port)
