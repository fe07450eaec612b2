"""`python -m reminder_kit`: the command line `reminder-kit`.

Never does anything when it is only imported.
"""

from __future__ import annotations

import sys

from reminder_kit.cli import main

if __name__ == "__main__":
    sys.exit(main())
