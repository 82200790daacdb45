"""`relevo doctor`: looks for what should never be, and says so in words."""

import sys

import click


@click.command("doctor")
@click.option("--mend", is_flag=True, help="Set right what can be computed again.")
def doctor(mend: bool) -> None:
    """Check keys, database, waiting times, channels and rotations; exits with 1 if something is wrong."""
    from inbox import create_app
    from inbox.database import db
    from inbox.doctor import examine

    app = create_app(busy_seconds=30)
    with app.app_context():
        findings = examine(db.session(), app.config["RELEVO"], is_mending=mend)
        db.session.commit()
    for finding in findings:
        click.echo(finding)
    if not findings:
        click.echo("everything is as it should be")
    sys.exit(1 if findings else 0)
