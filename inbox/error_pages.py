"""What a member sees when something can't be done: a sentence that says what to do, never an inside.

A full page for a page, a short notice for a fragment (htmx puts it into #notices), JSON for JSON.
"""

import traceback
from dataclasses import dataclass

import structlog
from flask import Flask, Response, current_app, g, jsonify, make_response, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from inbox.disk import is_full
from inbox.errors import RelevoError
from inbox.sentences import sentence_of

# "locking protocol": SQLite gave up on its lock after a process died, or stood still, in the middle of taking it.
_BUSY = ("locked", "busy", "locking protocol", "deadlock detected", "could not serialize", "lock timeout")
_AWAY = ("connection refused", "connection failed", "server closed the connection", "the database system is")
log = structlog.get_logger()
NOTICES = "#notices"  # the live region of every page, in base.html


@dataclass(frozen=True)
class Trouble:
    """What is shown: the HTTP status, a stable code, a heading, what to do, and the words that were not kept."""

    status: int
    code: str
    title: str
    text: str
    words: str = ""


def set_up(app: Flask) -> None:
    """Answer every kind of trouble on this app."""
    app.register_error_handler(RelevoError, _relevo_error)
    app.register_error_handler(CSRFError, _stale_form)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(OperationalError, _database_error)
    app.register_error_handler(Exception, _our_fault)


def answer(trouble: Trouble) -> Response:
    """Return the trouble in the form that the request can show."""
    g.setdefault("signed_in", None)  # the database may be what is in trouble: don't ask it who this is
    response = _body(trouble)
    response.status_code = trouble.status
    if trouble.status == 503:
        response.headers["Retry-After"] = "2"
    return response


def _body(trouble: Trouble) -> Response:
    if "HX-Request" in request.headers:
        response = make_response(render_template("errors/_notice.html", trouble=trouble))
        response.headers["HX-Retarget"] = NOTICES
        response.headers["HX-Reswap"] = "innerHTML"
        return response
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    if best == "application/json":
        return jsonify(code=trouble.code, message=trouble.text)
    return make_response(render_template("errors/error.html", trouble=trouble))


def _relevo_error(error: RelevoError) -> Response:
    if error.status == 500:
        log.error("relevo_error", code=error.code)
    return answer(Trouble(error.status, error.code, _title(error.status), sentence_of(error)))


def _stale_form(_error: CSRFError) -> Response:
    text = _("This page was open for so long that its form no longer counts. Reload the page and try again.")
    return answer(Trouble(400, "form_stale", _title(400), text))


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    if error.response is not None or status < 400:
        return make_response(error.get_response())
    response = answer(Trouble(status, f"http_{status}", _title(status), _what_to_do(status)))
    if status == 405 and hasattr(error, "valid_methods") and error.valid_methods:
        response.headers["Allow"] = ", ".join(error.valid_methods)
    return response


def _database_error(error: OperationalError) -> Response:
    if is_full(error):
        log.error("disk_full", route=_route())
        text = _("The disk is full, so nothing was saved. Ask an admin to free space, then try again.")
        return answer(Trouble(503, "disk_full", _("No room left"), text, _words()))
    if not _is_busy(error):
        return _our_fault(error)
    log.warning("database_busy", route=_route())
    return answer(Trouble(503, "database_busy", _title(503), _what_to_do(503), _words()))


def _words() -> str:
    """Return what was written and not kept: a browser without scripts need not have its page any more."""
    return request.form.get("text", "")


def _our_fault(error: Exception) -> Response:
    if current_app.testing:
        raise error
    # where and of which type, never the message: messages of drivers carry the statement's values
    frames = "".join(traceback.format_tb(error.__traceback__)[-12:])
    log.error("request_failed", route=_route(), error=_name(error), frames=frames)
    return answer(Trouble(500, "our_fault", _title(500), _what_to_do(500)))


def _route() -> str:
    """Return which route it was, never its path: that of a link holds its token."""
    return request.url_rule.rule if request.url_rule else ""


def _name(error: Exception) -> str:
    """Return an error's type, and the name or number that a database gives its own kinds of error."""
    cause = error.orig if isinstance(error, OperationalError) else None
    told = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(error).__name__} {told}" if told else type(error).__name__


def _is_busy(error: OperationalError) -> bool:
    """Tell whether it passes by itself: others are writing, or the database's server is away for a moment."""
    words = str(error.orig)
    state = str(getattr(error.orig, "sqlstate", None) or "")
    is_away = error.connection_invalidated or state.startswith(("08", "57P"))
    return is_away or any(busy in words for busy in (*_BUSY, *_AWAY))


def _title(status: int) -> str:
    titles = {
        400: _("That did not work"),
        403: _("Not allowed"),
        404: _("Not found"),
        405: _("That did not work"),
        409: _("Changed meanwhile"),
        413: _("Too large"),
        429: _("Too many tries"),
        503: _("Busy"),
    }
    return str(titles.get(status) or (_("Something broke") if status >= 500 else titles[400]))


def _what_to_do(status: int) -> str:
    texts = {
        400: _("That could not be understood. Go back, check what you gave, and try again."),
        403: _("You may see this, but not do that. A lead or an admin can give you the right."),
        404: _("There is nothing here, or it is not yours to see."),
        405: _("This address does not take that kind of request. Go back and use the page's own buttons."),
        409: _("Somebody was faster. Look at what it is now, then decide again."),
        413: _("That is more than 2 MB. Send less."),
        429: _("Too many tries in a short time. Wait ten minutes, then try again."),
        503: _("Everybody is writing at once. Nothing was lost; try again in a moment."),
    }
    broken = _("This is our fault, and it has been written down. Try again; if it stays, tell an admin the time.")
    return str(texts.get(status) or (broken if status >= 500 else texts[400]))
