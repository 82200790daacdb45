"""The fake network's private messages, after the lexicons of chat.bsky.convo (no real one can be run)."""

from typing import Any

from tests.platforms.bluesky.fake_public import Method, Params, first
from tests.platforms.bluesky.fake_world import FakeConvo, Person, Refusal, World


def _convo(world: World, me: Person, convo_id: str) -> FakeConvo:
    convo = world.convos.get(convo_id)
    if convo is None or me.did not in convo.members:
        raise Refusal(400, "InvalidConvo", "Convo not found")
    return convo


def _view(world: World, convo: FakeConvo, me: Person) -> dict[str, Any]:
    view: dict[str, Any] = {
        "id": convo.id,
        "rev": convo.rev,
        "members": [world.people[did].profile() for did in convo.members],
        "muted": False,
        "unreadCount": 0,
        "status": convo.status[me.did],
    }
    if convo.is_locked:
        view["kind"] = {"$type": "chat.bsky.convo.defs#groupConvo", "lockStatus": "locked"}
    return view | ({"lastMessage": convo.messages[-1]} if convo.messages else {})


def _page(rows: list[Any], params: Params) -> tuple[list[Any], dict[str, str]]:
    """Cut a page; the cursor is a number that only the service understands."""
    start, limit = int(first(params, "cursor", "0")), int(first(params, "limit", "50"))
    page = rows[start : start + limit]
    return page, ({"cursor": str(start + limit)} if start + limit < len(rows) else {})


def _listed(world: World, me: Person, params: Params, status: str) -> tuple[list[Any], dict[str, str]]:
    mine = [convo for convo in world.convos.values() if convo.status.get(me.did) == status]
    mine.sort(key=lambda convo: convo.rev, reverse=True)
    page, cursor = _page(mine, params)
    return [_view(world, convo, me) for convo in page], cursor


def list_convos(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    convos, cursor = _listed(world, me, params, first(params, "status", "accepted"))
    return {"convos": convos} | cursor


def list_requests(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    requests, cursor = _listed(world, me, params, "request")
    return {"requests": requests} | cursor


def get_convo(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    return {"convo": _view(world, _convo(world, me, first(params, "convoId")), me)}


def get_messages(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    messages, cursor = _page(list(reversed(_convo(world, me, first(params, "convoId")).messages)), params)
    return {"messages": messages} | cursor


def get_log(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    """Without a cursor it starts now and tells nothing (bluesky.md §5)."""
    newest = world.log[-1][0] if world.log else "3000000000000"
    cursor = first(params, "cursor")
    if not cursor:
        return {"logs": [], "cursor": newest}
    mine = [(rev, entry) for rev, entry in world.log if me.did in world.convos[entry["convoId"]].members]
    page = [(rev, entry) for rev, entry in mine if rev > cursor][:50]
    return {"logs": [entry for _, entry in page], "cursor": page[-1][0] if page else cursor}


def send_message(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    convo = _convo(world, me, str(body["convoId"]))
    if convo.is_locked:
        raise Refusal(400, "ConvoLocked", "Convo is locked")
    if convo.status[me.did] != "accepted":
        raise Refusal(400, "InvalidRequest", "Convo is not accepted")
    return world.say(convo, me, body["message"]["text"])


def accept_convo(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    _convo(world, me, str(body["convoId"])).status[me.did] = "accepted"
    return {"rev": world.rev()}


def availability(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    return {"canChat": all(world.people[did].takes_messages for did in params["members"] if did in world.people)}


METHODS: dict[str, Method] = {
    "chat.bsky.convo.listConvos": list_convos,
    "chat.bsky.convo.listConvoRequests": list_requests,
    "chat.bsky.convo.getConvo": get_convo,
    "chat.bsky.convo.getMessages": get_messages,
    "chat.bsky.convo.getLog": get_log,
    "chat.bsky.convo.sendMessage": send_message,
    "chat.bsky.convo.acceptConvo": accept_convo,
    "chat.bsky.convo.getConvoAvailability": availability,
}
