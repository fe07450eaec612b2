"""Fixtures of the stories."""

from __future__ import annotations

import pytest

from tests.factories import EVENING
from tests.stories.clinic import Clinic


@pytest.fixture
def evening(make_kit):
    """A kit that tells people of all their appointments of a day, the evening before."""
    return make_kit([EVENING])


@pytest.fixture
def clinic(tmp_path):
    """Return a factory of clinics; one with `file` has a ledger that several kits share."""
    made = []

    def make(*given, file=False, **named):
        made.append(Clinic(tmp_path if file else None, *given, **named))
        return made[-1]

    yield make
    for one in made:
        for kit in one.kits:
            kit.close()
