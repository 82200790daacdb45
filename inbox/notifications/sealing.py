"""What must not be read in the database: addresses, tokens and links of notifications, sealed with our keys.

Whoever raises an alert has a session and nothing else, so keys and settings are those of the application in whose
context it is raised.
"""

import json
from typing import Any

from flask import current_app

from inbox.errors import Invalid
from inbox.security import Vault
from inbox.settings import Settings

_VAULT = "notifications.vault"


def settings_in_use() -> Settings:
    """Return what this installation is told."""
    settings: Settings = current_app.config["RELEVO"]
    return settings


def vault() -> Vault:
    """Return this installation's vault, made when something is sealed first; raises Invalid without keys."""
    kept: Vault | None = current_app.extensions.get(_VAULT)
    if kept is None:
        settings = settings_in_use()
        kept = current_app.extensions[_VAULT] = Vault(settings.secret_keys, settings.read_secret_keys)
    return kept


def seal(values: dict[str, Any]) -> bytes:
    """Return plain JSON values as they are stored."""
    return vault().seal(json.dumps(values).encode())


def opens(sealed: bytes | None) -> bool:
    """Tell whether a key of ours fits, or nothing is sealed."""
    try:
        return sealed is None or isinstance(unseal(sealed), dict)
    except (Invalid, ValueError):
        return False


def unseal(sealed: bytes) -> dict[str, Any]:
    """Return stored values in the clear; raises Invalid if no key fits."""
    opened: dict[str, Any] = json.loads(vault().open(sealed))
    return opened
