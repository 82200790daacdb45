"""gunicorn's settings for the event streams: a thread for each stream up to the cap, and some to refuse the rest."""

from inbox.settings import Settings
from launcher.gunicorn_shared import *  # noqa: F403
from launcher.gunicorn_shared import listen_at

_settings = Settings.from_environ()

proc_name = "relevo stream"
wsgi_app = "inbox.streaming:create_stream_app()"
bind = listen_at(_settings.host, _settings.stream_port)
# Above its threads gunicorn lets a caller wait in silence; the fifty answer "full, come back later".
threads = _settings.stream_cap + 50
