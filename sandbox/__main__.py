"""`python -m sandbox`: reads the options and serves."""

import argparse
import sys
from pathlib import Path

from sandbox import hand
from sandbox.server import serve
from sandbox.settings import Pace, Settings


def main(arguments: list[str] | None = None) -> int:
    """Parses the command line and runs; gives the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] and arguments[0] in hand.WORDS:
        return hand.main(arguments)
    parser = argparse.ArgumentParser(prog="sandbox", description="Local platforms to try things out with.")
    parser.add_argument("--data", type=Path, required=True, help="folder for state, ledger and sandbox.json")
    parser.add_argument("--port", type=int, default=0, help="0: the last one if free, else any")
    parser.add_argument("--pace", type=float, default=1.0, help="divides every length of time")
    parser.add_argument("--traffic", choices=("on", "off"), default="on")
    parser.add_argument("--rate", type=float, default=4.0, help="events a minute for each personality")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    return serve(
        Settings(
            data=given.data,
            port=given.port,
            pace=Pace.at(given.pace),
            is_traffic_on=given.traffic == "on",
            rate_per_minute=given.rate,
            seed=given.seed,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
