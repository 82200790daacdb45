"""How one gets in to the pages personality: its token, the proof with it, and what a token is (facebook.md §2)."""

import hmac
import re
import time

from flask import Response, request

from sandbox import gate, pages_errors
from sandbox.answers import given, json_answer, trace
from sandbox.pages_errors import GraphError
from sandbox.push import sign
from sandbox.settings import PAGES
from sandbox.world import Person, World

SCOPES = (
    "pages_show_list",
    "pages_read_engagement",
    "pages_read_user_content",
    "pages_manage_engagement",
    "pages_messaging",
    "pages_manage_metadata",
)


class PagesEntry:
    """Checks each call before it is answered, and closes each answer."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.version = "v25.0"

    def enter(self) -> Response | None:
        """Faults and the token."""
        gate.begin(PAGES)
        struck = gate.strike_first(self.world, pages_errors.faulty)
        view = request.view_args or {}
        if struck is not None or (request.path.startswith("/pages/media/") and "picture" in view):
            return struck
        if not re.fullmatch(r"v\d+\.\d+", str(view.get("version"))):
            return pages_errors.error_answer(GraphError(2500, "Unknown path components", status=400))
        struck = self.check_token()
        return struck or gate.strike_signed_in(self.world, pages_errors.faulty)

    def leave(self, answer: Response) -> Response:
        """The version that was used, in a header (facebook.md §1)."""
        version = (request.view_args or {}).get("version")
        trace().headers.update({"facebook-api-version": str(version or self.version), "x-fb-trace-id": "AxSandbox"})
        fault = self.world.faults.on(PAGES, "low_budget")
        if fault is not None:
            trace().headers.update(pages_errors.usage(int(fault.number("percent", 90.0)), self.world.identity.page_id))
        return gate.finish(self.world, answer, pages_errors.faulty)

    def token(self) -> str:
        """Parameter or header (facebook.md §2)."""
        header = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return header or str(given().get("access_token") or "")

    def check_token(self) -> Response | None:
        """Who calls: our page, our other page, the app itself for its own calls, or nobody."""
        me, token = self.world.identity, self.token()
        if not token:
            return pages_errors.no_token()
        is_app = token == f"{me.app_id}|{me.app_secret}"
        if is_app and (request.path.endswith("/debug_token") or f"/{me.app_id}/" in request.path):
            return None
        if token not in (me.pages_token, me.pages_other_token):
            return pages_errors.token_is_dead(467, 401)
        trace().is_other_account = token == me.pages_other_token
        return self.check_proof(token) or gate.strike_token(self.world, pages_errors.faulty)

    def check_proof(self, token: str) -> Response | None:
        """appsecret_proof = hex HMAC-SHA256(app secret, token), when sent or demanded (facebook.md §2)."""
        proof = given().get("appsecret_proof")
        if proof is None and self.world.faults.on(PAGES, "appsecret_proof_required") is None:
            return None
        expected = sign(self.world.identity.app_secret, token.encode()).removeprefix("sha256=")
        if proof is not None and hmac.compare_digest(str(proof), expected):
            return None
        text = (
            "Invalid appsecret_proof provided in the API argument"
            if proof
            else ("API calls from the server require an appsecret_proof argument")
        )
        return pages_errors.error_answer(GraphError(100, text, kind="GraphMethodException"))

    def page(self) -> Person:
        """The page that the token belongs to."""
        me = self.world.identity
        found = self.world.person(PAGES, me.other_page_id if trace().is_other_account else me.page_id)
        assert found is not None
        return found

    def debug_token(self, version: str) -> Response:
        """What a token is (facebook.md §2 Inspect)."""
        del version
        me = self.world.identity
        asked = request.args.get("input_token", "")
        dead = self.world.faults.on(PAGES, "dead_token") or self.world.faults.on(PAGES, "revoke_token")
        is_valid = asked in (me.pages_token, me.pages_other_token) and dead is None
        page_id = me.other_page_id if asked == me.pages_other_token else me.page_id
        return json_answer(
            {
                "data": {
                    "app_id": me.app_id,
                    "type": "PAGE",
                    "application": "Relevo",
                    "is_valid": is_valid,
                    "expires_at": 0,
                    "data_access_expires_at": int(time.time() + 90 * 86400),
                    "scopes": list(SCOPES) if is_valid else [],
                    "granular_scopes": [{"scope": scope} for scope in SCOPES] if is_valid else [],
                    "user_id": "10150000000000001",
                    "profile_id": page_id,
                }
            }
        )
