"""What must not be read in the database: addresses, tokens and links of notifications, sealed with our keys.

Whoever raises an alert has a session and nothing else, so this process's keys are said once, when the app is made.
"""

import json
from typing import Any

from inbox.errors import Invalid
from inbox.security import Vault
from inbox.settings import Settings

_settings: Settings | None = None
_vault: Vault | None = None


def set_up(settings: Settings) -> None:
    """Say whose keys and addresses this process uses; the keys are looked at when something is sealed first."""
    global _settings, _vault
    _settings, _vault = settings, None


def settings_in_use() -> Settings:
    """Return what this installation is told; raises Invalid before `set_up`."""
    if _settings is None:
        raise Invalid("secret_keys_missing")
    return _settings


def vault() -> Vault:
    """Return this installation's vault; raises Invalid without keys."""
    global _vault
    if _vault is None:
        settings = settings_in_use()
        _vault = Vault(settings.secret_keys, settings.read_secret_keys)
    return _vault


def seal(values: dict[str, Any]) -> bytes:
    """Return plain JSON values as they are stored."""
    return vault().seal(json.dumps(values).encode())


def unseal(sealed: bytes) -> dict[str, Any]:
    """Return stored values in the clear; raises Invalid if no key fits."""
    opened: dict[str, Any] = json.loads(vault().open(sealed))
    return opened
