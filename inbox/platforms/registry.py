"""Which platforms there are; the only place that imports one."""

from functools import cache
from importlib import import_module

from inbox.errors import NotFound
from inbox.platforms.contract import Connector

# In the order in which a member is offered them: the module and its class.
_CONNECTORS = {
    "bluesky": ("inbox.platforms.bluesky.connector", "BlueskyConnector"),
    "mastodon": ("inbox.platforms.mastodon.connector", "MastodonConnector"),
    "telegram": ("inbox.platforms.telegram.connector", "TelegramConnector"),
    "generic": ("inbox.platforms.generic.connector", "GenericConnector"),
    "sandbox_feed": ("inbox.platforms.sandbox.feed.connector", "FeedConnector"),
    "sandbox_pages": ("inbox.platforms.sandbox.pages.connector", "PagesConnector"),
}


def list_platforms() -> list[str]:
    """Return the names of all platforms."""
    return list(_CONNECTORS)


@cache
def get_connector(platform: str) -> Connector:
    """Return a platform's connector; raises NotFound('platform_unknown')."""
    if platform not in _CONNECTORS:
        raise NotFound("platform_unknown", platform=platform)
    module, name = _CONNECTORS[platform]
    connector: Connector = getattr(import_module(module), name)()
    return connector
