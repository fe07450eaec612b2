"""httpx as a library: loaded without its command line, which takes a sixth of a web worker's memory for nothing.

Changes nothing for a host that imports httpx as well, before or after: what `httpx.main` needs (click, rich, pygments:
some 90 modules and 5 MiB) is loaded when that is called.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["httpx"]

_COMMAND_LINE = "httpx._main"


def _main(*args: Any, **options: Any) -> Any:
    """Run httpx's command line, which is loaded now."""
    from httpx._main import main

    httpx.main = main
    return main(*args, **options)


@contextmanager
def _without_command_line() -> Iterator[None]:
    """Have httpx find no command line, as where it is installed without what that needs; unless it is loaded."""
    if "httpx" in sys.modules:
        yield
        return
    sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment] # by which an import fails
    try:
        yield
    finally:
        if sys.modules.get(_COMMAND_LINE) is None:
            sys.modules.pop(_COMMAND_LINE, None)
    httpx.main = _main  # type: ignore[assignment] # a command, once it is called


with _without_command_line():
    import httpx
