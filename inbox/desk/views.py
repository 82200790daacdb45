"""The queue and one conversation, whole or in parts."""

import time
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from inbox.conversations.access import access_conversation, access_message
from inbox.conversations.models import Conversation
from inbox.conversations.pages import load_thread
from inbox.conversations.queries import View, count_views, list_queue
from inbox.conversations.rows import ThreadPage
from inbox.database import db
from inbox.desk.around import read_around
from inbox.desk.clocks import read_clock
from inbox.desk.composer import show_composer
from inbox.desk.deliveries import show_deliveries
from inbox.desk.entries import show_entries
from inbox.desk.entry_html import entries_html
from inbox.desk.queues import QueueShown, link_args, list_choices, read_filters, show_queue
from inbox.desk.shell import current_view
from inbox.desk.threads import show_side, show_thread
from inbox.members import doors
from inbox.members.first import is_set_up
from inbox.numbers import read_number
from inbox.replies.queries import list_on_its_way

blueprint = Blueprint("desk", __name__)
Answer = str | Response | BaseResponse


@blueprint.before_request
def _start_clock() -> None:
    g.began_at = (time.perf_counter(), time.thread_time())


@blueprint.after_request
def _say_duration(response: Response) -> Response:
    wall, cpu = g.get("began_at", (time.perf_counter(), time.thread_time()))
    parts = (("app", time.perf_counter() - wall), ("cpu", time.thread_time() - cpu))
    response.headers["Server-Timing"] = ", ".join(f"{name};dur={1000 * seconds:.1f}" for name, seconds in parts)
    response.headers.add("Vary", "HX-Request")
    return response


@blueprint.get("/")
@doors.members
def home() -> Answer:
    """Go to where somebody waits: the member's own list, else what nobody has taken; the first admin is asked first."""
    member = doors.current_member()
    if member.is_admin and not is_set_up(db.session()):
        return redirect(url_for("setup.show"))
    counts = count_views(db.session(), member.id)
    view = View.MINE if counts.mine or not counts.unassigned else View.UNASSIGNED
    return redirect(url_for("desk.queue", view=view.value))


@blueprint.get("/queue")
@doors.members
def queue() -> Answer:
    """Show a list of the rail; with scripts, its next rows alone."""
    member, view, filters = doors.current_member(), current_view(), read_filters()
    after = request.args.get("after") or None
    if after and request.args.get("part"):
        page = list_queue(db.session(), member.id, view, filters, after=after)
        args = link_args(view, filters)
        more_url = url_for("desk.queue", after=page.after, **args)
        return render_template("desk/_rows.html", page=page, more_url=more_url, link_args=args, current_id=None)
    shown = show_queue(db.session(), member, view, filters, after)
    if request.args.get("part"):
        return render_template("desk/_queue.html", queue=shown, current_id=None)
    return _page(shown)


@blueprint.get("/queue/filter")
@doors.members
def choices() -> Answer:
    """Show what the list can be narrowed to, once somebody opens the filter."""
    offered = list_choices(db.session(), doors.current_member())
    return render_template("desk/_choices.html", choices=offered, filters=read_filters())


@blueprint.get("/queue/counts")
@doors.members
@doors.in_background
def counts() -> Answer:
    """Show the rail's lists with their counts."""
    return render_template("partials/_rail_views.html")


@blueprint.get("/banners")
@doors.members
@doors.in_background
def banners() -> Answer:
    """Show what needs somebody, again."""
    return render_template("partials/_banner_list.html")


@blueprint.get("/c/<int:conversation_id>")
@doors.members
def conversation(conversation_id: int) -> Answer:
    """Show a conversation, in its pane alone when a script asks for it."""
    member = doors.current_member()
    found = access_conversation(db.session(), member.id, conversation_id)
    if found.id != conversation_id:
        return redirect(
            f"{url_for('desk.conversation', conversation_id=found.id)}?{urlencode(list(request.args.items()))}"
        )
    values = _pane_values(found)
    if "HX-Request" in request.headers:
        return render_template("conversations/_pane.html", **values)
    shown = show_queue(db.session(), member, _view_for(found), read_filters(), None)
    return _page(shown, current_id=found.id, **values)


@blueprint.get("/c/<int:conversation_id>/messages")
@doors.members
def messages(conversation_id: int) -> Answer:
    """Show earlier messages, with the way to still earlier ones."""
    member = doors.current_member()
    found = access_conversation(db.session(), member.id, conversation_id)
    page = load_thread(db.session(), found, member.id, before=request.args.get("before"))
    values = _values(found, page)
    html = render_template("conversations/_entries.html", **{**values, "entries": show_entries(page.entries)})
    shown = values["thread"]
    post = render_template("conversations/_post.html", **values) if shown.post and not page.before else ""
    earlier = url_for("desk.messages", conversation_id=found.id, before=page.before) if page.before else None
    return jsonify(entries=html, post=post, earlier=earlier)


@blueprint.get("/c/<int:conversation_id>/changes")
@doors.members
@doors.in_background
def changes(conversation_id: int) -> Answer:
    """Return what an open conversation shows now: head, side, newest entries, what is on its way."""
    member = doors.current_member()
    found = access_conversation(db.session(), member.id, conversation_id)
    values = _pane_values(found, with_composer=False)
    thread = values["thread"]
    htmls = entries_html(thread.entries, thread, member.id)
    entries = [
        {"id": entry.dom_id, "order": entry.order, "digest": entry.digest, "html": html}
        for entry, html in zip(thread.entries, htmls, strict=True)
    ]
    return jsonify(
        id=found.id,
        seq=thread.last_seq,
        wording=thread.newest_wording,
        head=render_template("conversations/_head.html", **values),
        side=render_template("conversations/_side.html", **values),
        deliveries=render_template("conversations/_deliveries.html", **values),
        entries=entries,
    )


@blueprint.get("/c/<int:conversation_id>/composer")
@doors.members
def composer(conversation_id: int) -> Answer:
    """Show the composer again: a reply left, or one came back with its text."""
    member = doors.current_member()
    found = access_conversation(db.session(), member.id, conversation_id)
    return render_template("conversations/_answer.html", **_pane_values(found))


@blueprint.get("/messages/<int:message_id>/words")
@doors.members
def words(message_id: int) -> Answer:
    """Show the whole of a message that is too long for its thread, as plain text."""
    message = access_message(db.session(), doors.current_member().id, message_id)
    return Response("" if message.gone_at else message.text, mimetype="text/plain")


def _page(shown: QueueShown, **values: Any) -> str:
    thread = values.get("thread")
    title = thread.person if thread else shown.title
    return render_template("desk/desk.html", queue=shown, page_title=title, **{"current_id": None, **values})


def _view_for(found: Conversation) -> View:
    """Return the list beside a conversation: the one in the address, else one that it is on."""
    if "view" not in request.args:
        g.view = View.MINE if found.assignee_id == doors.current_member().id else View.EVERYTHING
    return current_view()


def _pane_values(found: Conversation, *, with_composer: bool = True) -> dict[str, Any]:
    member, around = doors.current_member(), read_number(request.args.get("message"))
    page = load_thread(db.session(), found, member.id, before=request.args.get("before") or None, around=around)
    return _values(found, page, with_composer=with_composer)


def _values(found: Conversation, page: ThreadPage, *, with_composer: bool = False) -> dict[str, Any]:
    session, member = db.session(), doors.current_member()
    around = read_around(session, member, found)
    on_its_way = list_on_its_way(session, member.id, found.id)
    back_url = url_for("desk.queue", **link_args(_view_for(found), read_filters()))
    thread = show_thread(session, found, around, page, back_url=back_url)
    values = {
        "thread": thread,
        "clock": read_clock(session, found),
        "entries": thread.entries,
        "side": show_side(session, member, found, around),
        "deliveries": show_deliveries(session, member, on_its_way),
        "shell_member_id": member.id,
    }
    if with_composer:
        values["composer"] = show_composer(session, member, found, around, page, on_its_way)
    return values
