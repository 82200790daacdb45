"""The fake network's sessions, records and public lists (com.atproto.*, app.bsky.*)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.platforms.bluesky.fake_world import GATE, LIKE, POST, Pair, Person, Record, Refusal, World, write_time

Params = dict[str, list[str]]
Method = Callable[[World, Person, Params, Any], dict[str, Any]]


def first(params: Params, name: str, default: str = "") -> str:
    return params.get(name, [default])[0]


def session_body(world: World, person: Person, pair: Pair | None = None) -> dict[str, Any]:
    service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": world.url}
    body: dict[str, Any] = {"did": person.did, "handle": person.handle, "active": person.status is None}
    body["didDoc"] = {"id": person.did, "service": [service]}
    if person.status:
        body["status"] = person.status
    return body | ({"accessJwt": pair.access, "refreshJwt": pair.refresh} if pair else {})


def create_session(world: World, body: Any) -> dict[str, Any]:
    person = world.person(str(body.get("identifier", "")))
    password = str(body.get("password", ""))
    if person is None or password not in (person.password, *person.app_passwords):
        raise Refusal(401, "AuthenticationRequired", "Invalid identifier or password")
    if person.status == "takendown":
        raise Refusal(401, "AccountTakedown", "Account has been taken down")
    if person.needs_mailed_code and password == person.password:
        raise Refusal(401, "AuthFactorTokenRequired", "A sign in code has been sent to your email address")
    scope = "com.atproto.access"
    if password in person.app_passwords:
        scope = "com.atproto.appPassPrivileged" if person.app_passwords[password] else "com.atproto.appPass"
    return session_body(world, person, world.open_session(person, scope))


def refresh_session(world: World, token: str) -> dict[str, Any]:
    session = world.sessions.get(token)
    if session is None or not session.is_refresh:
        raise Refusal(400, "InvalidToken", "Token could not be verified")
    if session.is_revoked:
        raise Refusal(400, "ExpiredToken", "Token has been revoked")
    person = world.people[session.did]
    if person.status == "takendown":
        raise Refusal(401, "AccountTakedown", "Account has been taken down")
    session.next = session.next or world.open_session(person, session.scope)  # twice gives the same (measured)
    return session_body(world, person, session.next)


def get_session(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    if me.status == "takendown":
        raise Refusal(400, "InvalidRequest", f"Could not find user info for account: {me.did}")
    return session_body(world, me)


def resolve_handle(world: World, params: Params) -> dict[str, Any]:
    person = world.person(first(params, "handle"))
    if person is None:
        raise Refusal(400, "HandleNotFound", "Unable to resolve handle")
    return {"did": person.did}


def put_record(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    _may_write(me, body)
    uri = f"at://{me.did}/{body['collection']}/{body['rkey']}"
    known, value = world.records.get(uri), body["record"]
    if body["collection"] == POST and len(value.get("text", "").encode()) > 3000:
        raise Refusal(400, "InvalidRequest", "Invalid app.bsky.feed.post record: text must not be longer than 3000")
    if known is not None and known.value == value:
        return {"uri": uri, "cid": known.cid}
    if known is not None and "swapRecord" in body and body["swapRecord"] is None:
        raise Refusal(400, "InvalidSwap", f"Record was at {known.cid}")
    world.records[uri] = Record(uri, value, world.moment())
    return {"uri": uri, "cid": world.records[uri].cid, "commit": {"cid": "bafyreicommit", "rev": world.rev()}}


def get_record(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    uri = f"at://{first(params, 'repo')}/{first(params, 'collection')}/{first(params, 'rkey')}"
    if uri not in world.records:
        raise Refusal(400, "RecordNotFound", f"Could not locate record: {uri}")
    return {"uri": uri, "cid": world.records[uri].cid, "value": world.records[uri].value}


def delete_record(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    _may_write(me, body)
    world.records.pop(f"at://{me.did}/{body['collection']}/{body['rkey']}", None)
    return {}


def _may_write(me: Person, body: Any) -> None:
    if me.status:
        raise Refusal(401, "AccountDeactivated" if me.status == "deactivated" else "AccountTakedown", "no")
    if body.get("repo") != me.did:
        raise Refusal(403, "Forbidden", "not your repository")


def post_view(world: World, record: Record, me: Person) -> dict[str, Any]:
    author = world.people[record.did].profile()
    likes = [r for r in world.records.values() if f"/{LIKE}/" in r.uri and r.value["subject"]["uri"] == record.uri]
    viewer: dict[str, Any] = {"threadMuted": False}
    for like in likes:
        viewer |= {"like": like.uri} if like.did == me.did else {}
    root = record.value.get("reply", {}).get("root", {}).get("uri", record.uri)
    if _gate(world, root) is not None and record.did != me.did:
        viewer["replyDisabled"] = True
    view = {
        "uri": record.uri,
        "cid": record.cid,
        "author": author,
        "record": record.value,
        "replyCount": sum(1 for r in world.posts() if _parent(r) == record.uri),
        "likeCount": len(likes),
        "indexedAt": write_time(record.sort_at),
        "viewer": viewer,
        "labels": [],
    }
    return view | ({"embed": record.embed_view} if record.embed_view else {})


def _gate(world: World, root: str) -> Record | None:
    return next((r for r in world.records.values() if f"/{GATE}/" in r.uri and r.value["post"] == root), None)


def _parent(record: Record) -> str | None:
    uri: str | None = record.value.get("reply", {}).get("parent", {}).get("uri")
    return uri


def _reason(world: World, record: Record, me: Person) -> tuple[str, str | None] | None:
    """Why a post is notified to somebody; replies up to five levels above, unless it came before its parent."""
    if record.did == me.did or not record.is_notified:
        return None
    above = _parent(record)
    for _ in range(5):
        if above is None:
            break
        if above.split("/")[2] == me.did:
            return ("reply", above) if above in world.records else None
        known = world.records.get(above)
        above = _parent(known) if known else None
    for facet in record.value.get("facets", []):
        if any(feature.get("did") == me.did for feature in facet["features"]):
            return "mention", None
    quoted = record.value.get("embed", {}).get("record", {}).get("uri", "")
    return ("quote", quoted) if quoted.split("/")[2:3] == [me.did] else None


def _before(rows: list[Any], params: Params, at: Callable[[Any], datetime]) -> tuple[list[Any], dict[str, str]]:
    """Cut a page from rows, newest first; the cursor is the bare time of its last row (measured)."""
    limit, cursor = int(first(params, "limit", "50")), first(params, "cursor")
    if not 1 <= limit <= 100:
        raise Refusal(400, "InvalidRequest", "limit")
    if cursor:
        try:
            below = datetime.fromisoformat(cursor).astimezone(UTC)
        except ValueError:
            raise Refusal(502, "UpstreamFailure", "Upstream Failure") from None
        rows = [row for row in rows if at(row) < below]
    page = rows[:limit]
    return page, ({"cursor": write_time(at(page[-1]))} if len(page) == limit else {})


def list_notifications(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    if me.status:
        return {"notifications": [], "priority": False}  # a dead account looks like silence (measured)
    wanted = set(params.get("reasons", []))
    found = [(r, reason) for r in world.posts() if (reason := _reason(world, r, me)) and reason[0] in wanted]
    found = sorted(found, key=lambda one: one[0].sort_at, reverse=True)
    page, cursor = _before(found, params, lambda one: one[0].sort_at)
    rows = []
    for record, (reason, subject) in page:
        view = post_view(world, record, me)
        row = {name: view[name] for name in ("uri", "cid", "author", "record", "indexedAt", "labels")}
        row |= {"reason": reason, "isRead": False} | ({"reasonSubject": subject} if subject else {})
        rows.append(row)
    return {"notifications": rows, "priority": False} | cursor


def author_feed(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    mine = [r for r in world.posts() if r.did == first(params, "actor")]
    page, cursor = _before(list(reversed(mine)), params, lambda record: record.sort_at)
    return {"feed": [{"post": post_view(world, record, me)} for record in page]} | cursor


def get_posts(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    uris = params.get("uris", [])
    if len(uris) > 25:
        raise Refusal(400, "InvalidRequest", "uris too long")
    seen = {record.uri: record for record in world.posts()}
    hidden = {did for did, person in world.people.items() if me.did in person.blocks}
    shown = [seen[uri] for uri in uris if uri in seen and seen[uri].did not in hidden]
    return {"posts": [post_view(world, record, me) for record in shown]}


def get_thread(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    seen = {record.uri: record for record in world.posts()}
    uri = first(params, "uri")
    if uri not in seen:
        raise Refusal(400, "NotFound", f"Post not found: {uri}")
    tree = _node(world, seen, uri, me, int(first(params, "depth", "6")))
    below = tree
    for _ in range(int(first(params, "parentHeight", "80"))):
        parent = _parent(seen[below["post"]["uri"]]) if "post" in below else None
        if parent is None:
            break
        below["parent"] = _node(world, seen, parent, me, 0)
        below = below["parent"]
    return {"thread": tree}


def _node(world: World, seen: dict[str, Record], uri: str, me: Person, depth: int) -> dict[str, Any]:
    if uri not in seen:
        return {"$type": "app.bsky.feed.defs#notFoundPost", "uri": uri, "notFound": True}
    if me.did in world.people[seen[uri].did].blocks:
        author = {"did": seen[uri].did, "viewer": {"blockedBy": True}}
        return {"$type": "app.bsky.feed.defs#blockedPost", "uri": uri, "blocked": True, "author": author}
    node: dict[str, Any] = {
        "$type": "app.bsky.feed.defs#threadViewPost", "post": post_view(world, seen[uri], me), "threadContext": {},
    }  # fmt: skip
    if depth:
        below = [record.uri for record in seen.values() if _parent(record) == uri]
        node["replies"] = [_node(world, seen, one, me, depth - 1) for one in below]
    return node


def get_profile(world: World, me: Person, params: Params, body: Any) -> dict[str, Any]:
    person = world.person(first(params, "actor"))
    if person is None:
        raise Refusal(400, "InvalidRequest", "Profile not found")
    if person.status:
        name = "AccountDeactivated" if person.status == "deactivated" else "AccountTakedown"
        raise Refusal(400, name, "Account is not active")
    return person.profile()


METHODS: dict[str, Method] = {
    "com.atproto.server.getSession": get_session,
    "com.atproto.repo.putRecord": put_record,
    "com.atproto.repo.getRecord": get_record,
    "com.atproto.repo.deleteRecord": delete_record,
    "app.bsky.notification.listNotifications": list_notifications,
    "app.bsky.feed.getAuthorFeed": author_feed,
    "app.bsky.feed.getPosts": get_posts,
    "app.bsky.feed.getPostThread": get_thread,
    "app.bsky.actor.getProfile": get_profile,
}
