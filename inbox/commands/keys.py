"""`relevo keys`: the keys that encrypt credentials."""

import click


@click.group("keys")
def keys() -> None:
    """Look after the keys that encrypt credentials."""


@keys.command()
def rotate() -> None:
    """Make a new key, seal every credential with it, and keep the old ones for what was sealed before.

    Processes that run learn a new key of the data folder by themselves. With RELEVO_SECRET_KEYS in the environment
    put the new key first there, restart every process, and then call this.
    """
    from inbox import create_app
    from inbox.calendars.feeds import rotate_addresses
    from inbox.channels import apps
    from inbox.channels.credentials import rotate_all
    from inbox.database import db
    from inbox.notifications import methods
    from inbox.security import Vault
    from inbox.settings import Settings
    from launcher.data_folder import add_key

    settings = Settings.from_environ()
    made = add_key(settings.data_dir)
    settings = Settings.from_environ()
    app = create_app(settings, busy_seconds=30)
    with app.app_context():
        vault = Vault(settings.secret_keys)
        count = rotate_all(db.session(), vault) + methods.rotate_all(db.session(), vault)
        count += rotate_addresses(db.session(), vault) + apps.rotate_all(db.session(), vault)
        db.session.commit()
    where = "a new key in the data folder" if made else "the first key of RELEVO_SECRET_KEYS"
    click.echo(f"{count} credentials and addresses are sealed with {where}; the old ones stay until nothing needs them")
