"""The stream process's entry: gunicorn runs `inbox.streaming:create_stream_app()`."""

from flask import Flask

from inbox import create_app
from inbox.live.server import make_stream_app, start


def create_stream_app() -> Flask:
    """Make the streams' application from the environment and start its threads."""
    app = make_stream_app(create_app())
    start(app)
    return app
