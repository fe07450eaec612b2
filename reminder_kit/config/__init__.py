"""Configuration: a TOML file and the environment, as the arguments of a kit.

May import what a file can name: `providers`, `calendars`, `transport`, `ledger`, `planning` and all below. In reading
order:

    checks          one value each: what TOML gave and the key's name in, what is meant out
    arguments       the arguments of a kit in code, by the same checks
    provider_table  [provider] and [fallback] as arguments of a provider's class
    loading         `load` and `Config`: tables, rules, secrets
    tenant_files    a folder with a file for each tenant, laid over what all have in common
    json_schema     JSON Schemas of the file, for editors

What to know:

- A file that is wrong anywhere configures nothing; the error names file, key, value and what would be right.
- Secrets never stand in the file: a key that looks like one is refused, and named as the variable it belongs to.
- Nothing is opened by loading: provider and ledger are built when they are asked for.
"""

from __future__ import annotations

from reminder_kit.config.loading import DEFAULT_LEDGER, DEFAULT_PATH, LEDGER_VARIABLE, Config, load

__all__ = ["DEFAULT_LEDGER", "DEFAULT_PATH", "LEDGER_VARIABLE", "Config", "load"]
