"""Local platforms for trying things out and for tests: a server with two personalities, its traffic and its ledger.

    python -m sandbox --data DIR [--port 0] [--pace 1] [--traffic on|off] [--rate 4] [--seed 1]

127.0.0.1 only; refuses RELEVO_ENV=production. DIR/sandbox.json (0600) says where it is and holds the tokens; DIR/
sandbox.sqlite is the platforms' state, DIR/ledger.sqlite the judge's record (ledger.py). Port, tokens and ids stay the
same across restarts, also after kill -9. The platforms: {url}/feed (Mastodon-like, platforms/mastodon.md) and
{url}/pages/v25.0 (Facebook-like, platforms/facebook.md).

The control API: {url}/sandbox/…, header `Authorization: Bearer {control_token}`, JSON in and out. {p} is feed or pages.
Handles of fans end in .example or .test; an unknown one makes a new fan (`name` is their display name). Ids are the
platform's own. Whatever makes or changes an item answers 201 (200) with
{id, kind, by, author_id, text, parent_id, thread_id, post_id, visibility, recipients, pictures, authored_at,
visible_at, edited_at, version_no, deleted, hidden, liked, ours, accepted}. Wrong input: 422 {error}. Times: seconds
since 1970 or ISO 8601 with zone; told to clients as given.

POST /sandbox/{p}/post     {text, pictures?: 1}                      a post of the brand
POST /sandbox/{p}/comment  {by, on: id, text, name?, pictures?, authored_at?, arrived_at?, visible_after_seconds?,
                            mention_us?: true (feed), audience? (feed), faceless? (pages)}
     On the feed the handles of who is answered and of the brand are put in front, as the web form does, so the item's
     text differs from yours; mention_us: false leaves the brand out (then only /context shows it). On pages a comment
     on a reply hangs on the top-level comment; `on` may be a private message (then it continues that exchange).
     visible_after_seconds: the id is given at once, answers carry the row later (ids before visibility). On pages
     authored_at is created_time, by which clients walk: what is back-dated by minutes is found by a deeper walk only
     (a private message is found at once, its conversation rises).
POST /sandbox/{p}/mention  {by, text, where?: "page"}   feed: a status naming us. pages: a visitor's post that tags the
                            page (/{page}/tagged, webhook `mention`); where "page": a visitor's post on it, untagged
POST /sandbox/{p}/direct   {by, text, pictures?, new?: true}   a private message (feed: new starts another exchange)
POST /sandbox/{p}/native   {on: id, text} or {direct: handle, text, on?}   the brand answers with its own app
POST /sandbox/{p}/edit     {id, text, pictures?}
POST /sandbox/{p}/delete   {id, by?: "author" | "brand" | "platform"}
POST /sandbox/{p}/thread   {by, count: 400 or messages: [text …], on?: post id, others?: [handle …], edits?: 30,
                            deletions?: 20, pictures?: 10, spacing_seconds?: 0, churn_after_seconds?: 0}
     -> {post_id, root_id, ids, edited_ids, deleted_ids, picture_ids}. With 0 the edits and deletions are done before
     the call ends, so a reader never sees what was deleted; give churn_after_seconds, or no edits and deletions here
     and, once the thread was read,
POST /sandbox/{p}/churn    {edit_ids: […], delete_ids: […]}
POST /sandbox/{p}/token    {}   a new token for the brand -> {access_token}; the old one is dead; sandbox.json follows
GET  /sandbox/{p}/accepted    {accepted: [{id, wanted_parent_id, parent_id, text, visibility, recipients, at,
                              idempotency_key, visible_at}]}: what came through the platform's API, oldest first
GET  /sandbox/{p}/items?limit=&kind=&by=   {items: […]}, newest first
GET  /sandbox/{p}/items/{id}               the item with `versions`, also when deleted
GET  /sandbox/state                        counts, faults, traffic, push
POST /sandbox/traffic      {on?: bool, rate_per_minute?: 4}   per personality
POST /sandbox/feed/notice  {type: "favourite", by, on?: id}   another kind of notification
POST /sandbox/pages/push   {callback_url, fields?: […], verify_token?}   handshake, then signed pushes; GET lists them

POST /sandbox/faults {personality, kind, count?, lasts_seconds?, …}; GET lists; DELETE ?personality=&kind= clears (all).
`count` requests, or `lasts_seconds`, or until cleared. For every kind: on ("read", "write", "any"), path (a part of the
path that must occur), skip (requests to let pass first).
  before anything   outage {seconds?: how long} (the connection closes), hang {seconds} (then closes), slow {seconds},
                    error_500, error_503_html
  token             dead_token, revoke_token (pages: subcode?, status?), restore_token (ends both), missing_permission
                    {code? (pages)}
  limits            rate_limited {seconds | minutes | until, code? (pages: 4, 17, 32, 613, 80001, 80006)}
  writes            refuse {reason?, status?, code? (pages, also 368, 506, 551, 1609005), subcode?}; misplace (accepted,
                    but hung elsewhere: feed as a post of its own, pages as a top-level comment)
  after accepting   hang_after_accept {seconds: 60} (then closes), drop_after_accept, error_500_after_accept,
                    error_503_after_accept
  answers           malformed_json, malformed_item (the first of a list), duplicates, reorder (all three of a list that
                    has rows), repeat_page (cursors are
                    ignored and there is always a next page), empty_200 (lists are empty, verify says why)
  the world         clock_skew {seconds: ±600}, lookup_lag_seconds {seconds: 30, exact?} (accepted replies become
                    readable after 0 to N s), no_lookup {mode?: "absent"} (answers that would carry a reply accepted
                    under it fail with 503 or code 2; "absent": leave it out), late_rows {seconds, exact?}, faceless
                    (pages: no `from`), ignore_idempotency_key (feed), strict_batch (pages: one vanished id fails
                    ?ids=), human_agent_approved, appsecret_proof_required,
                    low_budget {remaining?: 5 (feed), percent?: 90 (pages)} (the headers say that little is left)
  pushes            push_lost, push_twice, push_reorder, push_bad_signature

Example: a fan asks, the brand's channel answers, the fan is told so.
    c = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {control_token}"})
    post = c.post("/sandbox/feed/post", json={"text": "Hola"}).json()["id"]
    ask = c.post("/sandbox/feed/comment", json={"by": "ana@plaza.test", "on": post, "text": "¿Envían?"}).json()["id"]
    c.get("/sandbox/feed/accepted").json()["accepted"]   # one row once the reply has left
"""
