"""What several tests of tenants share."""

from __future__ import annotations

import pytest

from tests.kit.practices import Platform


@pytest.fixture
def platform():
    """The practices of a platform, each with a provider's account of its own."""
    made = Platform()
    yield made
    made.close()
