"""Redis' address as Celery says it, for whoever names tasks: beat needs no more of the product than this."""


def broker_url(redis_url: str) -> str:
    """Return the same address for Celery: there a socket has a scheme and a parameter of its own."""
    if not redis_url.startswith("unix://"):
        return redis_url
    path, _, query = redis_url.removeprefix("unix://").partition("?")
    number = query.removeprefix("db=") or "0"
    return f"redis+socket://{path}?virtual_host={number}"
