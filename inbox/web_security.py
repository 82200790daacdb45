"""What every answer carries so that a page can load, post and be framed only as we mean it to be.

The policy is that of docs/decisions: nothing inline, nothing from elsewhere; the event stream is the
one other origin, where it listens on a port of its own.
"""

import hashlib
import re
from urllib.parse import urlsplit

from flask import Flask, current_app, request
from flask.wrappers import Response
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from inbox.settings import Settings

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")
_YEAR_SECONDS = 365 * 86400
csrf = CSRFProtect()


def set_up(app: Flask) -> None:
    """Guard forms, headers, cookies and sizes of this app."""
    settings: Settings = app.config["RELEVO"]
    _set_up_cookies(app, settings)
    csrf.init_app(app)
    app.after_request(add_headers)
    if settings.trusted_proxies > 0:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]


def is_secure() -> bool:
    """Tell whether cookies of this request's answer must be kept off plain HTTP."""
    settings: Settings = current_app.config["RELEVO"]
    return settings.is_production or request.is_secure


def stream_origin() -> str | None:
    """Return the origin of the event streams as this page's browser reaches it; None if it is the page's own."""
    settings: Settings = current_app.config["RELEVO"]
    if settings.stream_url:
        parts = urlsplit(settings.stream_url)
        origin = f"{parts.scheme}://{parts.netloc}"
        return None if origin == request.host_url.rstrip("/") else origin
    if settings.trusted_proxies > 0 or settings.public_url:
        return None  # behind a proxy both are one origin
    host = _host_alone(request.host)
    return f"{request.scheme}://{host}:{settings.stream_port}" if host else None


def content_security_policy() -> str:
    """Return the policy of this request's answer."""
    stream = stream_origin()
    parts = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'" + (f" {stream}" if stream else ""),
        "worker-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
    return "; ".join(parts)


def add_headers(response: Response) -> Response:
    """Add what is missing; a view that knows better (pictures) has set its own."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", content_security_policy())
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    if request.is_secure and current_app.config["RELEVO"].is_production:
        headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR_SECONDS}")
    return response


def _set_up_cookies(app: Flask, settings: Settings) -> None:
    keys = [hashlib.sha256(b"relevo pages\0" + key.encode()).hexdigest() for key in settings.secret_keys]
    app.config.update(
        SECRET_KEY=keys[0] if keys else None,
        SECRET_KEY_FALLBACKS=keys[1:],
        SESSION_COOKIE_NAME="relevo_page",  # the form token and what to say on the next page; nothing secret
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.is_production,
        WTF_CSRF_TIME_LIMIT=None,  # a page may stay open all day
        WTF_CSRF_HEADERS=["X-CSRFToken"],
        MAX_FORM_PARTS=500,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
    )


def _host_alone(host: str) -> str | None:
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return name if _HOST.fullmatch(name) else None
