"""All benchmarks, one after the other, each in a process of its own; then the tables of docs/benchmarks.md.

    CERTVOTE_DATA_ROOT=… python benchmarks [--size quick|standard|full] [--docs] [NAME…]
    CERTVOTE_DATA_ROOT=… make bench ARGS='--size quick'

Results are written to benchmarks/results/NAME.json. --docs puts those of this call into docs/benchmarks.md, too.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from harness import RESULTS, SIZES, describe

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs" / "benchmarks.md"
NAMES = ("neighbors", "scaling", "certificates", "features", "ensembles", "jobs", "sharded")
BEGIN, END = "<!-- results: python benchmarks --docs -->", "<!-- end of results -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)} (default: all)")
    parser.add_argument("--size", choices=SIZES, default="standard", help="how much work (default: standard)")
    parser.add_argument("--docs", action="store_true", help="put the results into docs/benchmarks.md")
    options = parser.parse_args()
    names, failed = options.names or NAMES, []
    if unknown := set(names) - set(NAMES):
        parser.error(f"expected names of {', '.join(NAMES)}, got {', '.join(sorted(unknown))}")
    for name in names:
        script = HERE / f"{name}.py"
        # one without the shared options has a single size
        shared = ["--size", options.size] if "from harness import" in script.read_text() else []
        if subprocess.run([sys.executable, str(script), *shared], check=False).returncode:
            failed.append(name)
        print(flush=True)
    if options.docs:
        write_docs([RESULTS / f"{name}.json" for name in NAMES if (RESULTS / f"{name}.json").exists()])
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


def write_docs(files: list[Path]) -> None:
    """Replace the tables between the two marks."""
    before, rest = DOCS.read_text().split(BEGIN)
    after = rest.split(END)[1]
    tables = [table(json.loads(file.read_text())) for file in files]
    DOCS.write_text(f"{before}{BEGIN}\n\n" + "\n".join(tables) + f"\n{END}{after}")


def table(found: dict) -> str:  # type: ignore[type-arg]
    """One benchmark's results as Markdown."""
    lines = [f"### {found['name']}, size {found['size']}"]
    case = None
    for row in found["rows"]:
        if row["case"] != case:
            case = row["case"]
            floor = "" if row["floor"] is None else f" (floor {row['floor']:.3g} s)"
            lines += ["", f"| {case}{floor} | median s | spread | ratio | peak MB |", "|---|---:|---:|---:|---:|"]
        numbers = f"{row['median']:.3g} | {row['spread']:.0%} | {row['ratio']:.2f} | {row['peak_mb']:.0f}"
        lines.append(f"| {row['contender']} | {numbers} |")
    return "\n".join([*lines, "", describe(found["machine"]), ""])


if __name__ == "__main__":
    main()
