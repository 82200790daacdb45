"""Runs benchmarks by name: `python -m tests.bench [NAME …] [--rows 10k,1M] [--database sqlite] [--markdown]`."""

import json
import sys
from pathlib import Path

import click

from tests.bench import running, table
from tests.bench.registry import BENCHMARKS, DATABASES, SIZES
from tests.bench.stores import ROOT

NAMES = [benchmark.name for benchmark in BENCHMARKS]


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--rows", default="", help="Sizes, as 10k,100k,1M; all of them unless named.")
@click.option("--database", "databases", default="", help="sqlite, postgresql; both unless named.")
@click.option("--rounds", default=0, help="How often each is measured; five, or as each needs, unless named.")
@click.option("--markdown", is_flag=True, help="Print the table as Markdown.")
@click.option("--fill", is_flag=True, help="Only fill the databases.")
def main(names: tuple[str, ...], rows: str, databases: str, rounds: int, markdown: bool, fill: bool) -> None:
    """Measure, print a table, and write build/bench.json."""
    sizes = [read_size(word) for word in rows.split(",") if word] or list(SIZES)
    kinds = [word for word in databases.split(",") if word] or list(DATABASES)
    if unknown := sorted({*map(str, sizes), *kinds} - {*map(str, SIZES), *DATABASES}):
        raise click.BadParameter(f"not filled for {', '.join(unknown)}")
    with running.Stages(say) as stages:
        if fill:
            stages.fill(kinds, sizes)
            return
        chosen = [benchmark for benchmark in BENCHMARKS if not names or benchmark.name in names]
        report = running.run(stages, chosen, kinds, sizes, rounds)
    write(report, ROOT / "build" / "bench.json")
    print(table.as_markdown(report) if markdown else table.as_text(report))


def read_size(word: str) -> int:
    """Return a size as people write it: 10k, 1M, 100000."""
    for ending, factor in (("k", 1_000), ("M", 1_000_000)):
        if word.endswith(ending):
            return int(word.removesuffix(ending)) * factor
    return int(word)


def write(report: running.Report, path: Path) -> None:
    """Write what was found, with the circumstances."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps([row.as_json() | report.circumstances(row) for row in report.rows], indent=1) + "\n")


def say(text: str) -> None:
    """Tell how far it is, away from the table."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
