"""`python -m sandbox fail …` and `heal`: a person's hand on a running sandbox, to see what Relevo does then."""

import argparse
import json
from pathlib import Path
from typing import Any

import httpx

from sandbox.faults import KINDS
from sandbox.settings import PERSONALITIES

WORDS = ("fail", "heal")
_FOR_SECONDS = 120.0


class Refused(Exception):
    """The sandbox does not take it."""


def main(arguments: list[str]) -> int:
    """Switch a fault on, or all off; gives the exit status."""
    given = _parse(arguments)
    try:
        if given.word == "heal":
            ended = _ask(given.data, "DELETE", params={"personality": given.personality} if given.personality else {})
            print(f"sandbox: faults that were ended: {ended['cleared']}")
            return 0
        how_long = {"count": given.count} if given.count else {"lasts_seconds": given.seconds}
        _ask(given.data, "POST", json={"personality": given.personality, "kind": given.kind, **how_long})
    except Refused as error:
        print(f"sandbox: {error}")
        return 1
    except (OSError, ValueError, KeyError, httpx.HTTPError):
        print(f"sandbox: none is running in {given.data}; ./relevo up starts one")
        return 1
    length = f"for {given.count} requests" if given.count else f"for {given.seconds:g} s"
    print(f"sandbox: {given.personality} fails with {given.kind} {length}; `./relevo sandbox heal` ends it before")
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="relevo sandbox", description="Let the running sandbox fail, or be well again."
    )
    words = parser.add_subparsers(dest="word", required=True)
    fail = words.add_parser("fail", help="let one of the platforms fail")
    fail.add_argument("personality", choices=PERSONALITIES)
    fail.add_argument("kind", choices=KINDS, metavar="KIND", help=", ".join(KINDS))
    fail.add_argument("--seconds", type=float, default=_FOR_SECONDS, help="how long (default: %(default)g)")
    fail.add_argument("--count", type=int, help="for so many requests instead")
    heal = words.add_parser("heal", help="end all faults, or those of one platform")
    heal.add_argument("personality", nargs="?", choices=PERSONALITIES)
    for one in (fail, heal):
        one.add_argument("--data", type=Path, required=True, help="the folder of the running sandbox")
    return parser.parse_args(arguments)


def _ask(data: Path, method: str, **given: Any) -> dict[str, Any]:
    told = json.loads((data / "sandbox.json").read_text())
    headers = {"Authorization": f"Bearer {told['control_token']}"}
    answer = httpx.request(
        method, f"{told['url']}/sandbox/faults", headers=headers, timeout=10, trust_env=False, **given
    )
    if not answer.is_success:
        raise Refused(answer.text)
    found: dict[str, Any] = answer.json()
    return found
