"""`python -m reminder_kit`: the command line.

Never does anything when imported.
"""

from __future__ import annotations

import sys

from reminder_kit.cli import main

if __name__ == "__main__":
    sys.exit(main())
