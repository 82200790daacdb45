"""Signing in: with a pasted token, or on the server itself by OAuth with PKCE (mastodon.md §2)."""

import base64
import hashlib
import re
from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from inbox.platforms.contract import (
    Answered,
    Http,
    Malformed,
    PermissionMissing,
    PlatformError,
    RateLimited,
    Refused,
    Secret,
    TokenExpired,
    Unavailable,
)
from inbox.platforms.given import Given
from inbox.platforms.mastodon import errors
from inbox.platforms.mastodon.calls import Calls
from inbox.platforms.mastodon.people import scope_of
from inbox.platforms.mastodon.profile import SCOPES, Instance, instance_of, lacking, read_profile
from inbox.platforms.mastodon.values import load_or_none, text
from inbox.platforms.outgoing import Verified
from inbox.platforms.signing_in import App, Begun, SignIn
from inbox.security import new_token

APP_NAME = "Relevo"
COARSE = ("read", "write")
OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
_INVISIBLE = re.compile(r"[\s\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


def clean_service(typed: str) -> str:
    """Return a server's address as typed or pasted: a domain, an address, or a whole handle of somebody there."""
    bare = _INVISIBLE.sub("", typed).rstrip("/")
    if not bare:
        raise Refused("no server was given", code="server_missing")
    scheme, has_scheme, rest = bare.partition("://")
    if not has_scheme:
        scheme, rest = "https", bare
    host = rest.split("/")[0].rpartition("@")[2]
    if not host:
        raise Refused("no server was given", code="server_missing")
    return f"{scheme.lower()}://{host.lower()}"


def take_token(given: Mapping[str, str], http: Http) -> tuple[Secret, Verified]:
    """Turn {service_url, access_token} into a credential. Raises PlatformError; see finish for its codes."""
    service_url = clean_service(given.get("service_url", ""))
    token = _INVISIBLE.sub("", given.get("access_token", "")).removeprefix("Bearer")
    if not token or not token.isascii():
        raise Refused("no token was given", code="token_missing")
    return _checked(service_url, http, {"access_token": token})


def begin(sign_in: SignIn, app: App | None, http: Http) -> Begun:
    """Register Relevo at the server where that was not done, and return where the member goes."""
    service_url = clean_service(sign_in.given.get("service_url", ""))
    metadata = _metadata(service_url, http)
    if app is None or not _is_known(app, metadata, service_url, http):
        app = _register(service_url, metadata, sign_in.redirect_uri, http)
    verifier = new_token()
    query = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": sign_in.redirect_uri,
        "scope": app.scopes,
        "state": sign_in.state,
        # who does not know PKCE leaves these two aside
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
    }
    place = _endpoint(metadata, "authorization_endpoint", service_url, "/oauth/authorize")
    between = "&" if urlsplit(place).query else "?"
    pending = {"service_url": service_url, "verifier": verifier, "redirect_uri": sign_in.redirect_uri}
    return Begun(f"{place}{between}{urlencode(query)}", service_url, app, pending)


def finish(pending: Mapping[str, str], app: App, code: str, http: Http) -> tuple[Secret, Verified]:
    """Exchange the code for a token and ask whose it is: of some servers any code gets one (measured on snac).

    Raises PlatformError: code_refused, app_refused, and the codes of take_token.
    """
    service_url = pending["service_url"]
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "redirect_uri": pending["redirect_uri"],
        "code_verifier": pending["verifier"],
        "scope": app.scopes,
    }
    place = _endpoint(_metadata(service_url, http), "token_endpoint", service_url, "/oauth/token")
    # A code counts once: asked again after a lost answer it would be refused, so this is a write.
    body = _form_answer(_post(http, place, form), "code_refused")
    token = text(body, "access_token")
    if not token:
        raise Refused("the server gave no token", code="code_refused")
    granted = text(body, "scope")
    lacks = lacking(granted)
    if lacks is not None:
        raise PermissionMissing(errors.SCOPES[lacks], code=lacks)
    return _checked(service_url, http, {"access_token": token, "scope": granted or app.scopes})


def _checked(service_url: str, http: Http, values: dict[str, str]) -> tuple[Secret, Verified]:
    instance = _instance(service_url, http)
    if instance.api_version is not None:
        values["api_version"] = str(instance.api_version)
    secret = Secret(values)
    calls = Calls(service_url, http, Given(secret))
    try:
        verified = read_profile(calls)
        calls.get("/api/v1/notifications", [("limit", "1")], for_send=True)
    except TokenExpired as error:
        if error.code != "token_expired":
            raise
        raise Refused(error.detail, code="token_refused") from None
    except Malformed as error:
        raise Unavailable(error.detail, code="not_this_platform") from None
    if not verified.is_alive:
        raise TokenExpired(code=verified.dead_reason)
    lacks = lacking(" ".join(verified.permissions))
    if lacks is not None:
        raise PermissionMissing(errors.SCOPES[lacks], code=lacks)
    return secret, verified


def _register(service_url: str, metadata: Mapping[str, object], redirect_uri: str, http: Http) -> App:
    """Register with the scopes that we use; where a server knows coarse ones alone, with those."""
    supported = metadata.get("scopes_supported")
    choices: list[tuple[str, ...]]
    if isinstance(supported, list):
        choices = [SCOPES] if set(SCOPES) <= {str(one) for one in supported} else [COARSE]
    else:
        choices = [SCOPES, COARSE] if _instance(service_url, http).is_mastodon else [COARSE]
    for scopes in choices:
        form = {"client_name": APP_NAME, "redirect_uris": redirect_uri, "scopes": " ".join(scopes)}
        answered = _post(http, f"{service_url}/api/v1/apps", form)
        if answered.status in (400, 422) and scopes is not choices[-1]:
            continue
        body = _form_answer(answered, "app_refused")
        if not text(body, "client_id") or not text(body, "client_secret"):
            raise Unavailable("no app in the answer", code="not_this_platform")
        return App(text(body, "client_id"), text(body, "client_secret"), " ".join(scopes))
    raise Unavailable("no app in the answer", code="not_this_platform")


def _is_known(app: App, metadata: Mapping[str, object], service_url: str, http: Http) -> bool:
    """Ask for a token of the app's own: a server forgets apps that nobody used, and says so to us, not to a member."""
    form = {
        "grant_type": "client_credentials",
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "redirect_uri": OUT_OF_BAND,
        "scope": app.scopes.split()[0],
    }
    answered = _post(http, _endpoint(metadata, "token_endpoint", service_url, "/oauth/token"), form)
    return answered.status != 401 and text(load_or_none(answered), "error") != "invalid_client"


def _instance(service_url: str, http: Http) -> Instance:
    """Ask who the server is, without a token; what it does not say is as Mastodon has it."""
    for path in ("/api/v2/instance", "/api/v1/instance"):
        answered = http.read(service_url + path, is_for_send=True)
        row = load_or_none(answered)
        if answered.status < 300 and text(row, "version"):
            return instance_of(row)
    return Instance()


def _metadata(service_url: str, http: Http) -> Mapping[str, object]:
    """Read where to sign in and with which scopes; empty where a server does not say (before Mastodon 4.3)."""
    answered = http.read(f"{service_url}/.well-known/oauth-authorization-server", is_for_send=True)
    row = load_or_none(answered) if answered.status < 300 else None
    return row if isinstance(row, dict) else {}


def _endpoint(metadata: Mapping[str, object], name: str, service_url: str, path: str) -> str:
    """Return an address of the server's own; one elsewhere would get our secret, or send a member anywhere."""
    told = text(dict(metadata), name)
    is_own = scope_of(told) == scope_of(service_url) and told.startswith(f"{urlsplit(service_url).scheme}://")
    return told if is_own else service_url + path


def _post(http: Http, url: str, form: Mapping[str, str]) -> Answered:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    return http.write(url, headers=headers, body=urlencode(form).encode())


def _form_answer(answered: Answered, code: str) -> Mapping[str, object]:
    """Return an object, or raise what its absence means: `code` where the server said no."""
    body = load_or_none(answered)
    if 200 <= answered.status < 300 and isinstance(body, dict):
        return body
    detail = errors.words(answered)
    error: PlatformError
    if answered.status == 429:
        error = RateLimited(errors.paused_until(answered.headers), detail)
    elif answered.status == 401 or text(body, "error") == "invalid_client":
        error = Refused(detail, code="app_refused")
    elif answered.status in (404, 405) or answered.status < 400:
        error = Unavailable(detail, code="not_this_platform")
    elif answered.status >= 500 and code != "code_refused":
        error = Unavailable(detail, code="server_error")
    else:  # a server that fails on a wrong code says 500 (measured on Takahē)
        error = Refused(detail, code=code)
    raise error


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
