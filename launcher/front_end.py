"""Copies the browser files that others wrote (htmx, a font, icons) to inbox/static/vendor.

Used by the build and by `./relevo`, so it needs the standard library only. Versions and hashes stand in
package-lock.json; which icons are cut out of the large sprite stands in inbox/static/icons.txt.
"""

import hashlib
import re
import shutil
import tempfile
from pathlib import Path

from launcher import nodejs

_FONT = "@fontsource-variable/inter/files"
FILES = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/dist/ext/hx-sse.min.js": "hx-sse.min.js",
    f"{_FONT}/inter-latin-wght-normal.woff2": "inter-latin.woff2",
    f"{_FONT}/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "@fontsource-variable/inter/LICENSE": "inter.LICENSE.txt",
    "lucide-static/LICENSE": "lucide.LICENSE.txt",
}
SPRITE = "icons.svg"
_SYMBOL = re.compile(r'<symbol id="([a-z0-9-]+)".*?</symbol>', re.DOTALL)


def is_fresh(root: Path) -> bool:
    """Tell whether the vendor folder holds what the lock file and the icon list ask for."""
    stamp = _vendor(root) / ".stamp"
    return stamp.exists() and stamp.read_text() == _wanted(root)


def build(root: Path) -> None:
    """Fill the vendor folder; raises RuntimeError naming what could not be fetched or found."""
    with tempfile.TemporaryDirectory(prefix="relevo-front-end.") as scratch:
        nodejs.install_locked(root, Path(scratch))
        modules = Path(scratch, "node_modules")
        fresh = Path(scratch, "vendor")
        fresh.mkdir()
        for source, name in FILES.items():
            shutil.copy(modules / source, fresh / name)
        sprite = (modules / "lucide-static/sprite.svg").read_text()
        (fresh / SPRITE).write_text(cut_sprite(sprite, icon_names(root)))
        (fresh / ".stamp").write_text(_wanted(root))
        shutil.rmtree(_vendor(root), ignore_errors=True)
        shutil.copytree(fresh, _vendor(root))


def icon_names(root: Path) -> list[str]:
    """Read the names of the icons in use, one a line."""
    lines = (root / "inbox/static/icons.txt").read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def cut_sprite(sprite: str, names: list[str]) -> str:
    """Return a sprite with only the named symbols; raises RuntimeError for a name that it does not have."""
    symbols = {found[1]: found[0] for found in _SYMBOL.finditer(sprite)}
    unknown = [name for name in names if name not in symbols]
    if unknown:
        raise RuntimeError(f"icons.txt names icons that do not exist: {', '.join(unknown)}")
    # Strokes are drawn by the page's CSS on the <svg> that uses a symbol.
    body = "\n".join(re.sub(r"\s*\n\s*", "", symbols[name]) for name in names)
    return f'<svg xmlns="http://www.w3.org/2000/svg">\n{body}\n</svg>\n'


def _vendor(root: Path) -> Path:
    return root / "inbox/static/vendor"


def _wanted(root: Path) -> str:
    digest = hashlib.sha256()
    for name in ("package-lock.json", "inbox/static/icons.txt", "launcher/front_end.py"):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    build(Path(__file__).resolve().parent.parent)
