"""The mark `few(n)`: of a test's many cases n are quick, the others of the long runs (`nightly`). A pytest plug-in.

Which these are follows from their names, and so is the same on every machine; a case that is asked for alone is run.
"""

from __future__ import annotations

from zlib import crc32

import pytest


def rest_of(names, count):
    """Return those that are left when some of the names were drawn, as it were by lot."""
    return sorted(names, key=lambda name: (crc32(name.encode()), name))[count:]


@pytest.hookimpl(tryfirst=True)  # before tests are left out by their marks
def pytest_collection_modifyitems(items):
    cases = {}
    for item in items:
        mark = item.get_closest_marker("few")
        if mark and not item.get_closest_marker("slow"):
            cases.setdefault((item.nodeid.partition("[")[0], *mark.args), {})[item.nodeid] = item
    for (_, count), found in cases.items():
        for name in rest_of(found, count):
            found[name].add_marker(pytest.mark.nightly)
