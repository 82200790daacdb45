"""Names a device so that its owner knows it again: "Firefox, Linux"."""

_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def name_device(header: str) -> str:
    """Return a short name for what a browser says of itself; empty if it says nothing we know."""
    names = [_first(_BROWSERS, header), _first(_SYSTEMS, header)]
    return ", ".join(name for name in names if name)


def _first(table: tuple[tuple[str, str], ...], header: str) -> str:
    return next((name for mark, name in table if mark in header), "")
