"""What has to be done once before the processes start: migrations, the first member, the sandbox's channels.

Run as a program of its own by `./relevo up`, so that the process that watches the others stays small; one program for
all of it, for loading the product takes longer than the work.
"""

import os
import sys
from pathlib import Path

from flask import Flask

from inbox import create_app
from inbox.members.first import NOTE
from inbox.settings import Settings
from launcher import sandbox


def main(words: list[str]) -> None:
    """Migrate, make the first member if there is none, and hand over the one-time password.

    The word "sandbox" says that one runs: then its channels are connected too.
    """
    from inbox import schema

    settings = Settings.from_environ()
    app = create_app(settings, busy_seconds=30, has_pages=False)
    schema.upgrade(app)
    made = _make_first_member(app, settings)
    if made is not None:
        hand_over(*made, settings.data_dir, is_terminal=sys.stdout.isatty())
    if sandbox.NAME in words:
        from launcher.sandbox_channels import connect_all

        connect_all(app, settings, sandbox.read(sandbox.folder(settings)))


def hand_over(login: str, password: str, folder: Path, *, is_terminal: bool) -> None:
    """Print the one-time password to a person, or leave it in a file that only we may read."""
    if is_terminal:
        print(
            f"\n  First sign-in: {login}\n  One-time password: {password}   (for an hour, until another is chosen)\n",
            flush=True,
        )
        return
    path = folder / NOTE
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{login}\n{password}\n")
    print(f"relevo: the first sign-in and its one-time password are in {path}", flush=True)


def _make_first_member(app: Flask, settings: Settings) -> tuple[str, str] | None:
    from inbox.database import db
    from inbox.members.first import make_first_member

    with app.app_context():
        made = make_first_member(db.session(), settings.pace)
        db.session.commit()
        return None if made is None else (made[0].email, made[1])


if __name__ == "__main__":
    main(sys.argv[1:])
