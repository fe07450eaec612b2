"""A plugin of pytest: has `coverage` note which test ran a line, under the name by which that test is asked for."""

from __future__ import annotations

import pytest
from coverage import Coverage


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    Coverage.current().switch_context(item.nodeid)
    return (yield)
