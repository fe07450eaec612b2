"""The command line `reminder-kit`: one module for each group of commands, rendering apart from doing.

Never imported by the library; imports of a command are paid for only by that command.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line and return its exit status.

    0: all done; 1: some items failed, and are listed; 2: usage or configuration; 3: the
    plan was refused as unsafe. `arguments` default to those of the process.
    """
    from reminder_kit.cli.app import run

    return run(arguments)
