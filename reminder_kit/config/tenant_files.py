"""Tenants as files: a folder with a TOML file for each, laid over what all have in common.

Never opens a ledger or speaks to a provider. What a tenant's file says wins: a value by itself, a table key by key, the
rules as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reminder_kit.config.loading import Config, checked, parsed
from reminder_kit.errors import ConfigurationError
from reminder_kit.model.host_data import shown_name
from reminder_kit.model.suggestions import suggestion

__all__ = ["COMMON", "TenantFiles", "laid_over", "require_named"]

COMMON = ("ledger", "namespace", "tenants")
"""What is everybody's, and stands in the common file alone."""

_LISTED = 20
"""Tenants that are named to who names one that there is not."""


class TenantFiles:
    """The tenants that a file names by `[tenants] folder`, each a file of its own there: `north.toml` is `north`.

    Raises `ConfigurationError` where there is no such folder, or the common file can't be read.
    """

    def __init__(self, common: Config) -> None:
        assert common.tenants_folder is not None  # noqa: S101 - whoever has none has no tenants
        self.folder = common.tenants_folder
        self._text, self._values = parsed(common.path)
        if not self.folder.is_dir():
            raise ConfigurationError(
                f"{common.path}: [tenants] folder: there is no folder {self.folder}, seen from {Path.cwd()}: make it, "
                "with a file for each tenant (north.toml)"
            )

    def names(self) -> list[str]:
        """Return the tenants that have a file, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.toml"))

    def config(self, name: str) -> Config | None:
        """Return the configuration of a tenant; None: it has no file. Raises as `load` does, naming its file."""
        path = self.folder / f"{name}.toml"
        if path.name != f"{name}.toml" or "\0" in name or not path.is_file():
            return None
        text, own = parsed(path)
        if wrong := [key for key in COMMON if key in own]:
            raise ConfigurationError(f"{path}: {wrong[0]} is all tenants' together: it belongs into the common file")
        common = {key: value for key, value in self._values.items() if key != "tenants"}
        values = {**laid_over(common, own), "namespace": name}
        return checked(path, text if "rules" in own else self._text, values)

    def build(self, name: str) -> dict[str, Any] | None:
        """Return the arguments of a tenant's kit, as `Tenants` asks for them; None: it has no file."""
        found = self.config(name)
        if found is None:
            return None
        return {key: value for key, value in found.arguments().items() if key not in COMMON}


def laid_over(common: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return what all have in common with what one says itself: tables key by key, anything else as a whole."""
    found = dict(common)
    for key, value in own.items():
        before = common.get(key)
        found[key] = {**before, **value} if isinstance(before, dict) and isinstance(value, dict) else value
    return found


def require_named(common: Config, name: str, files: TenantFiles) -> Config:
    """Return the configuration of the tenant that was named; raises `ConfigurationError` where it has no file."""
    found = files.config(name)
    if found is None:
        names = files.names()
        hint = suggestion(name, names)
        if len(names) > _LISTED and not hint.startswith("did"):
            hint = f"it has {len(names)} others"
        raise ConfigurationError(f"{common.path}: there is no tenant {shown_name(name)} in {files.folder}: {hint}")
    return found
