"""Offer the commands ``run`` (Hydra), ``report``, ``paper``, ``figure``, ``table``, ``leaderboard``, … ``ui``."""

from __future__ import annotations

import argparse
import logging
import os
import re
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from omegaconf import DictConfig

    from certvote.reporting.page import Section
    from certvote.results.run import Run

log = logging.getLogger(__name__)


def job(config: DictConfig) -> str:
    """Do one job: Hydra's task function. In a sweep a failure is logged and the others go on."""
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from certvote import job as jobs
    from certvote.options.commands import run_command

    overrides = HydraConfig.get().overrides.task
    try:
        if config.plan:
            return _plan(config, list(overrides))
        return jobs.run(config, command=run_command(overrides))
    except Exception as error:
        if HydraConfig.get().mode == RunMode.RUN and not _traceback_wanted():
            _fail(_one_line(error))
        log.error("failed: %s: %s", run_command(overrides), _one_line(error))
        raise


def _plan(config: DictConfig, overrides: list[str]) -> str:
    """Say what would become of one job."""
    from certvote.options import plugins, settings
    from certvote.planning.combinations import Combination
    from certvote.planning.plan import plan, show

    plugins.load(config.plugins)
    chosen = settings.load(config)
    show(plan([Combination(overrides, chosen)], chosen.tracking), as_json=chosen.plan == "json")
    return ""


def run() -> None:
    """Compose the options with Hydra and do one job, or with ``-m`` a sweep."""
    import hydra

    from certvote.options import aliases, plugins, settings
    from certvote.options.help import help_text
    from certvote.planning import rules
    from certvote.runtime.paths import conf_dir

    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises, instead of printing a traceback of its own
    with _errors_as_one_line():
        for old in aliases.outdated(sys.argv[1:]):
            print(f"note: {old} is now called {aliases.override(old)}", file=sys.stderr)
        sys.argv[1:] = rules.from_arguments(aliases.overrides(sys.argv[1:]))
        plugins.load(plugins.from_arguments(sys.argv[1:]))  # their options must be known before Hydra composes
        settings.register()
        if {"-h", "--help"} & set(sys.argv[1:]):
            overrides = [argument for argument in sys.argv[1:] if "=" in argument and not argument.startswith("-")]
            print(help_text(overrides))
        else:
            hydra.main(version_base="1.3", config_path=str(conf_dir()), config_name="config")(job)()


def main() -> None:
    """Run the ``certvote`` command."""
    from certvote.options import plugins

    arguments = sys.argv[1:]
    if arguments[:1] == ["run"]:
        sys.argv = ["run.py", *arguments[1:]]
        run()
        return
    options = _parser().parse_args(arguments)
    with _errors_as_one_line():
        plugins.load(options.plugins)
        sys.exit(options.action(options))


@contextmanager
def _errors_as_one_line() -> Iterator[None]:
    """End the program with one line for a person and an exit code for a script; CERTVOTE_TRACEBACK=1 shows all."""
    try:
        yield
    except KeyboardInterrupt:
        _fail("interrupted", 130)
    except BrokenPipeError:  # whoever reads our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except Exception as error:
        if _traceback_wanted():
            raise
        _fail(_one_line(error))


def _parser() -> argparse.ArgumentParser:
    """Declare the commands and their options."""
    parser = argparse.ArgumentParser(prog="certvote", description="Certified robustness of vote-based classifiers.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("run", help="one job or a sweep; the same as run.py (certvote run --help)")

    report = commands.add_parser("report", help="render a page over any runs of the database")
    report.add_argument("--name", help="folder of the page below --out (default: the sweep's name, or report)")
    report.add_argument("--title", help="title of the page")
    report.add_argument("--page", type=Path, help="page definition, a YAML file: which figures over which runs")
    report.add_argument("--out", type=Path, default=Path("reports/html"), help="where pages go (%(default)s)")
    report.set_defaults(action=_report)

    paper = commands.add_parser("paper", help="run every experiment of a page definition, then render the page")
    paper.add_argument("page", metavar="PAGE", help="a name of reports/pages (jia2022), or a YAML file")
    paper.add_argument(
        "--datasets", nargs="+", default=[], metavar="NAME", help="these alone (default: all of the page)"
    )
    paper.add_argument(
        "--skip", nargs="+", default=[], metavar="TEXT", help="no experiments with this in their names (network)"
    )
    paper.add_argument(
        "--set", nargs="+", default=[], metavar="OPTION=VALUE", help="for every job: n_jobs=2 data_root=…"
    )
    paper.add_argument("--out", type=Path, default=Path("reports/html"), help="where pages go (%(default)s)")
    paper.set_defaults(action=_paper)

    figure = commands.add_parser("figure", help="draw the curves of any runs into one SVG or PDF file")
    figure.add_argument("out", type=Path, metavar="FILE", help="name.svg or name.pdf")
    figure.add_argument("--column", action="store_true", help="one column of a paper (3.3 in, 8 pt)")
    figure.add_argument(
        "--page", metavar="PAGE", help="the figure of a page's section: a name of reports/pages, or a file"
    )
    figure.add_argument(
        "--section", type=int, default=1, metavar="N", help="which section of --page (default: the first)"
    )
    figure.set_defaults(action=_figure)

    table = commands.add_parser("table", help="print certified accuracy at round sizes")
    table.add_argument("--sizes", type=int, nargs="+", metavar="E", help="poisoning sizes (default: round ones)")
    table.add_argument("--format", choices=["markdown", "csv", "latex"], default="markdown")
    table.set_defaults(action=_table)

    export = commands.add_parser("export", help="write runs with all that belongs to them into one file")
    export.add_argument("out", type=Path, metavar="FILE", help="name.zip, which certvote merge reads")
    export.set_defaults(action=_export)

    merge = commands.add_parser("merge", help="bring the runs of another database or an archive into this one, once")
    merge.add_argument("source", metavar="FROM", help="folder, MLflow tracking URI, or a file of certvote export")
    merge.add_argument("--into", default="mlruns", metavar="URI", help="folder or database (%(default)s)")
    merge.add_argument("--experiment", default="certvote", help="MLflow experiment, in both (%(default)s)")
    merge.set_defaults(action=_merge, plugins=[])

    for command in (report, figure, table, export):
        which = command.add_mutually_exclusive_group()
        which.add_argument(
            "--sweep",
            metavar="NAME",
            help="the runs of this sweep: its name, id or first digits "
            f"(default: {'every run' if command is export else 'the latest'})",
        )
        which.add_argument("--runs", metavar="ID", nargs="+", help="these runs: ids or their first digits")
        which.add_argument("--filter", metavar="FILTER", help="MLflow filter: \"params.`dataset.name` = 'mnist'\"")

    _add_diff(report)

    audit = commands.add_parser("audit", help="recompute a run's curve from its stored votes and check its record")
    audit.add_argument("run", metavar="RUN", help="id of the run, or its first digits")
    audit.set_defaults(action=_audit)

    ui = commands.add_parser("ui", help="the MLflow UI on 127.0.0.1")
    ui.add_argument("--port", type=int, default=5000)
    ui.set_defaults(action=_ui)

    board = _add_leaderboard(commands)

    for command in (report, paper, figure, table, export, audit, ui):
        command.add_argument("--uri", default="mlruns", help="folder or MLflow tracking URI (%(default)s)")
    for command in (report, paper, figure, table, export, audit, ui, board):
        command.add_argument("--experiment", default="certvote", help="MLflow experiment (%(default)s)")
        command.add_argument(
            "--plugins", nargs="+", default=[], metavar="FILE", help="Python files or modules with choices of your own"
        )
    return parser


def _add_leaderboard(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> argparse.ArgumentParser:
    """Declare ``leaderboard``."""
    board = commands.add_parser("leaderboard", help="rank the runs of any databases, and claims of publications")
    board.add_argument(
        "--uri", nargs="*", default=["mlruns"], help="folders or MLflow tracking URIs (mlruns); none: claims alone"
    )
    board.add_argument(
        "--entries",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="claims of publications: YAML files, or folders with some (default: those that ship with certvote)",
    )
    board.add_argument("--sizes", type=int, nargs="+", metavar="E", help="poisoning sizes (default: round ones)")
    board.add_argument("--audit", action="store_true", help="recompute every run from its stored votes, and say so")
    board.add_argument("--title", help="title of the page")
    default = Path("reports/html/leaderboard/index.html")
    board.add_argument("-o", "--out", type=Path, default=default, metavar="FILE", help="HTML file (%(default)s)")
    board.set_defaults(action=_leaderboard)
    return board


def _add_diff(report: argparse.ArgumentParser) -> None:
    """Declare ``report diff A B``; an option may stand before ``diff`` or after it."""
    forms = report.add_subparsers(metavar="diff", title="two settings side by side")
    text = (
        "Overlay two sets of runs, matched by the options that they share, with their differences. A and B are each a "
        "sweep's name or id, a run's id, options (algo=knn,k=50,100), an MLflow filter or another experiment's name."
    )
    short = "overlay two sets of runs (report diff --help)"
    # Without defaults: what stands before diff is kept.
    diff = forms.add_parser("diff", help=short, description=text, argument_default=argparse.SUPPRESS)
    diff.add_argument("a", metavar="A", help="the first set of runs")
    diff.add_argument("b", metavar="B", help="the second set of runs, compared with the first")
    diff.add_argument("--sweep", metavar="NAME", help="look for A and B in this sweep only (name or id)")
    diff.add_argument("--name", help="folder of the page below --out (default: diff-A-B, or diff)")
    diff.add_argument("--title", help="title of the page")
    diff.add_argument("--out", type=Path, help="where pages go (default: reports/html)")
    diff.add_argument("--uri", help="folder or MLflow tracking URI (default: mlruns)")
    diff.add_argument("--experiment", help="MLflow experiment (default: certvote)")
    diff.set_defaults(action=_diff)


def _chosen(options: argparse.Namespace) -> list[Run]:
    """Return the runs that --sweep, --runs or --filter name."""
    from certvote.results import selection

    names = ("uri", "experiment", "sweep", "runs", "filter")
    return selection.chosen(**{name: getattr(options, name) for name in names})


def _report(options: argparse.Namespace) -> int:
    """Render a page over runs."""
    from certvote.reporting import page, render_report

    runs = _chosen(options)
    sweep = next((run for run in runs if run.kind == "sweep"), None)
    name = options.name or (sweep.name if sweep else "report")
    title = (sweep.tag("title") if sweep else None) or None
    definition = page.load(options.page, untitled=title or page.UNTITLED) if options.page else None
    title = options.title or (None if definition else title)
    print(render_report(runs, name=name, title=title, out_root=options.out, page=definition))
    return 0


def _paper(options: argparse.Namespace) -> int:
    """Run every experiment of a page, then render it."""
    from certvote.study import Where, run_study

    logging.basicConfig(format="%(message)s")
    logging.getLogger("certvote").setLevel(logging.INFO)
    where = Where(options.uri, options.experiment, options.out, tuple(options.set))
    path, incomplete = run_study(options.page, datasets=options.datasets, skip=options.skip, where=where)
    for note in incomplete:
        print(f"incomplete: {note}", file=sys.stderr)
    print(path)
    return 1 if incomplete else 0


def _diff(options: argparse.Namespace) -> int:
    """Render two sets of runs side by side."""
    from certvote.reporting.diff import Side, render_diff
    from certvote.results import lookup, selection
    from certvote.runtime.names import is_name

    for option in ("runs", "filter", "page"):
        if getattr(options, option) is not None:
            raise ValueError(f"option --{option}: report diff takes the runs from A and B and makes its own page")
    lookup.existing(options.uri, options.experiment)
    where = {"uri": options.uri, "experiment": options.experiment, "sweep": options.sweep}
    sides = []
    for letter, text in (("A", options.a), ("B", options.b)):
        try:
            sides.append(Side(text, selection.named(text, **where)))
        except ValueError as error:
            raise ValueError(f"argument {letter}: {error}") from error
    plain = f"diff-{options.a}-{options.b}"
    name = options.name or (plain if is_name(plain) else "diff")
    command = diff_command(options.a, options.b, **where)
    print(render_diff(*sides, name=name, title=options.title, out_root=options.out, command=command))
    return 0


def diff_command(a: str, b: str, *, uri: str, experiment: str, sweep: str | None) -> str:
    """Return ``python -m certvote report diff …``, quoted for a shell; of the database only what is not the default."""
    from certvote.results import lookup

    given = {"--sweep": sweep}
    given |= {"--uri": None if uri == lookup.DEFAULT_URI else uri}
    given |= {"--experiment": None if experiment == lookup.DEFAULT_EXPERIMENT else experiment}
    options = [part for option, value in given.items() if value is not None for part in (option, value)]
    return shlex.join(["python", "-m", "certvote", "report", "diff", a, b, *options])


def _figure(options: argparse.Namespace) -> int:
    """Draw curves into a file."""
    from certvote.reporting import save_figure

    section = _section(options.page, options.section) if options.page else None
    save_figure(_chosen(options), options.out, column=options.column, section=section)
    print(options.out)
    return 0


def _section(page: str, number: int) -> Section:
    """Return section ``number``, from 1, of a page definition."""
    from certvote.reporting.page import load
    from certvote.study import definition

    sections = load(definition(page)).sections
    if not 1 <= number <= len(sections):
        raise ValueError(f"option section: expected 1 to {len(sections)}, got {number}")
    return sections[number - 1]


def _table(options: argparse.Namespace) -> int:
    """Print a table."""
    from certvote.reporting import table_text

    print(table_text(_chosen(options), sizes=options.sizes, format=options.format), end="")
    return 0


def _audit(options: argparse.Namespace) -> int:
    """Check a run's record."""
    from certvote.results import lookup
    from certvote.results.audit import audit
    from certvote.results.selection import run_ids

    store = lookup.existing(options.uri, options.experiment)
    result = audit(store, *run_ids(store, [options.run], "argument RUN"))
    for check in result:
        print(check)
    holds = all(check.holds for check in result)
    print("the record holds" if holds else "THE RECORD DOES NOT HOLD")
    return 0 if holds else 1


def _export(options: argparse.Namespace) -> int:
    """Write runs into an archive."""
    from certvote.results import lookup
    from certvote.results.archive import Database, export

    if not options.out.absolute().parent.is_dir():
        raise ValueError(f"argument FILE: expected a file in a folder that is there, got {options.out}")
    chosen = any(getattr(options, name) is not None for name in ("sweep", "runs", "filter"))
    store = lookup.existing(options.uri, options.experiment)
    source = Database(store, _chosen(options) if chosen else None)
    if not source.ids:
        raise ValueError(f"expected at least one run that ended in {options.uri} (--uri), got none")
    print(f"{options.out}: {export(source, options.out)} runs")
    return 0


def _merge(options: argparse.Namespace) -> int:
    """Bring runs of another database into this one."""
    from certvote.results import lookup
    from certvote.results.archive import Archive, Database
    from certvote.results.merge import merge
    from certvote.results.store import Store
    from certvote.runtime.interrupts import interruptible
    from certvote.runtime.progress import progress_bar

    file = Path(options.source)
    source = Archive(file) if file.is_file() else Database(lookup.existing(options.source, options.experiment))
    with interruptible(), progress_bar("merge", len(source.ids), "run") as progress:
        merged = merge(source, Store(options.into, options.experiment), progress)
    print(f"{options.into}: {len(merged.brought)} runs brought, {len(merged.there)} there already")
    for run in merged.waiting:
        print(f"still at work there, bring it later: {run}", file=sys.stderr)
    return 0


def _leaderboard(options: argparse.Namespace) -> int:
    """Render a leaderboard over databases and claims."""
    from certvote.reporting.claims import load_claims
    from certvote.reporting.leaderboard import leaderboard_html, write_leaderboard
    from certvote.reporting.query import prepare
    from certvote.results.audit import audit
    from certvote.results.gather import read_all
    from certvote.results.run import finished
    from certvote.runtime.paths import shipped

    shown = [shipped("bundled_leaderboard", "reports/leaderboard")] if options.entries is None else options.entries
    claims = load_claims(shown)
    runs, where = read_all(options.uri, options.experiment)
    done = finished(prepare(runs)) if options.audit else []
    html = leaderboard_html(
        runs,
        claims,
        title=options.title,
        sizes=options.sizes,
        audits={run.id: audit(where[run.id][1], run.id) for run in done},
        databases={run: uri for run, (uri, _) in where.items()},
        experiment=options.experiment,
        command=shlex.join(["certvote", *sys.argv[1:]]),
    )
    print(write_leaderboard(html, options.out))
    return 0


def _ui(options: argparse.Namespace) -> int:
    """Start the MLflow UI."""
    from certvote.results.store import Store
    from certvote.results.ui import address, serve

    store = Store(options.uri, options.experiment)
    print(f"curves and runs: {address(store, options.port)}", flush=True)
    return serve(store, options.port)


def _traceback_wanted() -> bool:
    """Return whether the user wants to see where an error comes from."""
    return bool(os.environ.get("CERTVOTE_TRACEBACK"))


def _one_line(error: BaseException) -> str:
    """Return an error as one line; Hydra puts the reason into the cause and adds what no user needs."""
    from hydra.errors import HydraException

    text = str(error)
    if isinstance(error, HydraException) and error.__cause__ is not None:
        text += f": {str(error.__cause__).splitlines()[0]}"
    text = re.sub(r"Config search path:.*|To append to your config use \S+", "", text, flags=re.DOTALL)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    noise = ("object_type=", "reference_type=", "See https://hydra.cc")
    return " ".join(line for line in lines if not line.startswith(noise)) or type(error).__name__


def _fail(message: str, code: int = 1) -> NoReturn:
    """End the program with a message and an exit code."""
    print(f"error: {message}", file=sys.stderr)
    sys.exit(code)
