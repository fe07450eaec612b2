"""Fixtures of the stories."""

from __future__ import annotations

import pytest

from tests.factories import EVENING


@pytest.fixture
def evening(make_kit):
    """A kit that tells people of all their appointments of a day, the evening before."""
    return make_kit([EVENING])
