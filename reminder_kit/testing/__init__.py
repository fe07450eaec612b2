"""For tests of hosts, and of providers and ledgers that others write.

Never imported by the rest of the library; needs pytest.
"""

from __future__ import annotations

import pytest

__all__: list[str] = []

pytest.register_assert_rewrite("reminder_kit.testing.ledger_contract", "reminder_kit.testing.provider_contract")
