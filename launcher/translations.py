"""Compiles the message catalogs of inbox/translations where they are older than their sources."""

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).resolve().parent.parent / "inbox" / "translations"


def compile_stale(folder: Path = FOLDER) -> list[Path]:
    """Write the .mo file beside each .po file that is newer, and return what was written."""
    return [compile_one(source) for source in sorted(folder.rglob("*.po")) if _is_stale(source)]


def compile_one(source: Path) -> Path:
    """Write the .mo file of one catalog; a reader never sees half of it."""
    target = source.with_suffix(".mo")
    with source.open("rb") as readable:
        catalog = read_po(readable, locale=source.parent.parent.name)
    half = target.with_suffix(".mo.new")
    with half.open("wb") as writable:
        write_mo(writable, catalog)
    half.replace(target)
    return target


def _is_stale(source: Path) -> bool:
    target = source.with_suffix(".mo")
    return not target.exists() or target.stat().st_mtime < source.stat().st_mtime


if __name__ == "__main__":
    compile_stale()
