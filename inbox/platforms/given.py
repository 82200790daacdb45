"""A credential that is used before it is kept: while signing in."""

from dataclasses import dataclass

from inbox.platforms.contract import Refresher, Secret, TokenExpired


@dataclass(frozen=True)
class Given:
    """A contract.SecretKeeper for a credential that is not kept yet."""

    secret: Secret

    def current(self) -> Secret:
        """Return what was given."""
        return self.secret

    def refresh(self, refresher: Refresher, stale: Secret) -> Secret:
        """Tokens that do not expire are not refreshed."""
        raise TokenExpired("this token can't be refreshed")
