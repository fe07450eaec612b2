"""A plugin of pytest: where a file names tests, only those are run, in its order; one that is not there is passed over.

Whoever names a test to pytest itself is refused where it is gone, as a table's tests are with an element of it.
"""

import os
from pathlib import Path

NAMED = "REMINDER_KIT_NAMED"
"""The variable that says which file names tests, a line each; a folder in it stands for all that is in it."""


def pytest_collection_modifyitems(config, items):
    """Leave out what is not named."""
    names = Path(os.environ[NAMED]).read_text(encoding="utf-8").split("\n")
    if not any("::" in name for name in names):
        return
    found = {item.nodeid: item for item in items}
    items[:] = [found.pop(name) for name in names if name in found]
    config.hook.pytest_deselected(items=list(found.values()))
