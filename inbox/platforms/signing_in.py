"""Signing in on the platform itself (OAuth): begin, which gives an address to go to, and finish, with the code.

A connector that has it is a SignsInThere beside being a contract.Connector. What `begin` returns as pending is kept,
sealed, with whoever began; the app is kept once for each server and address of ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from inbox.platforms.contract import Http, Secret
from inbox.platforms.outgoing import Verified


@dataclass(frozen=True)
class App:
    """What a server calls Relevo, and the scopes that it was registered with."""

    client_id: str
    client_secret: str = field(repr=False)
    scopes: str = ""


@dataclass(frozen=True)
class SignIn:
    """A sign-in that begins: what the member typed, where the platform sends them back, and how we know them again."""

    given: Mapping[str, str]
    redirect_uri: str
    state: str


@dataclass(frozen=True)
class Begun:
    """Where the member goes, which server that is, the app, and what finishing needs."""

    url: str
    service_url: str
    app: App
    pending: Mapping[str, str] = field(repr=False)


@runtime_checkable
class SignsInThere(Protocol):
    """A connector whose members sign in on the platform."""

    out_of_band_uri: str  # where a code is shown for copying instead of sent back; "": not offered

    def server_of(self, given: Mapping[str, str]) -> str:
        """Return the address of the server that was named, to find its app; raises Refused. Pure."""
        ...

    def begin_sign_in(self, sign_in: SignIn, app: App | None, http: Http) -> Begun:
        """Return where to go; registers an app where `app` is None. Raises PlatformError."""
        ...

    def finish_sign_in(self, pending: Mapping[str, str], app: App, code: str, http: Http) -> tuple[Secret, Verified]:
        """Exchange the code that the platform sent back. Raises PlatformError."""
        ...
