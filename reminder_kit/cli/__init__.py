"""The command line `reminder-kit`: one module for each group of commands, rendering apart from doing.

Never imported by the rest of the library, and never decides what is sent: the kit does. May import `kit`, `webhook_app`
and everything below them. In reading order:

- `app`: the table of commands, each loaded when it is called; errors as one line and an exit status.
- `options`, `session`: the options that commands share; the configuration and the kit that they lead to.
- `own_kit`: the kit that an app made, in place of a configuration; `recorded`: appointments by the names given.
- `runs`: plan, import, resync; `interventions`: cancel, suppress, allow; `show`: appointments, explain, status.
- `init`, `rules`, `export`, `ledger`, `doctor`, `webhook`, `sandbox`, `demo`: a module for each command of that name.
- `rendering`, `output`, `progress`: plans and reports as lines of text; lines and JSON to stdout, everything else to
  stderr; a bar there, on terminals; `streams`: what becomes of them where they are full or closed.

To know: stdout holds what was asked for and nothing else, so that `--json` can be piped. The docstring of a command is
its help. Whatever must be refused is refused before a kit is opened.
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
