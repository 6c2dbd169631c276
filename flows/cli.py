"""The command line, `saring`. Each command reads its options here and leaves the work to the module it names.

Nothing stands on standard output but results. Exit status: 0 done, 1 it failed or a promise does not hold, 2 asked for
wrongly, 130 interrupted; every error is one sentence with its remedy. What a command needs is imported inside it, so
that `saring clean` does not wait for Prefect. Over 250 lines because it is one list of commands and their help.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows import hand_out, lake_commands, options, prefect_commands, restore, upkeep
from flows.options import Stop

if TYPE_CHECKING:
    from cleaners.article import Cleaned, Document, Reject
    from flows.report import RunReport
    from flows.settings import IngestConfig

SERVER_SECONDS = 60.0  # a loaded machine's server answers within three; a longer wait is only for who is not there
DISK_BROKE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG}  # other reasons are for whoever named the lake
INTERRUPTED = 130  # what a shell says of a program ended by Ctrl-C

app = typer.Typer(
    name="saring",
    help="News pages in, clean articles out: cleaned, deduplicated, tagged, as Parquet.\n\n"
    "Start with  saring ingest PATH…  on files or folders of articles, or  saring clean < article.txt  for one.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
rules_app = typer.Typer(
    name="rules", help="The rules by which boilerplate is known: check them, begin a new outlet.", no_args_is_help=True
)
lake_app = typer.Typer(
    name="lake", help="The Parquet files: what is in them, whether they keep their promises.", no_args_is_help=True
)
app.add_typer(rules_app)
app.add_typer(lake_app)
app.command()(prefect_commands.up)
app.command()(prefect_commands.automations)
lake_app.command()(lake_commands.show)
lake_app.command()(lake_commands.reconcile)
lake_app.command()(lake_commands.rehash)
lake_app.command()(lake_commands.reclean)
lake_app.command()(restore.restore)
lake_app.command()(hand_out.export)
lake_app.command()(hand_out.changes)
lake_app.command()(upkeep.compact)
lake_app.command()(upkeep.forget)

Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH…", help="Files, folders or globs; - reads JSON lines from standard input."),
]
PathsOrNone = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH…", help="Files, folders or globs; - reads JSON lines from standard input."),
]
Again = Annotated[
    bool, typer.Option("--rejects", help="Read the open rejects of the lake once more, with today's version.")
]
Reasons = Annotated[
    list[str] | None,
    typer.Option("--reason", metavar="REASON", help="With --rejects: only those, such as no-story. Can be repeated."),
]
Outlet = Annotated[
    str | None, typer.Option("--outlet", metavar="NAME", help="Who published it, where it does not say.")
]
Map = Annotated[
    str | None,
    typer.Option("--map", metavar="FIELD=COLUMN,…", help="Which column holds what: --map text=isi,url=tautan."),
]
Languages = Annotated[
    str | None,
    typer.Option("--languages", metavar="TAG,…", help="Keep only these, such as id,ms. The others become rejects."),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", metavar="N", min=1, help="Processes that clean at once; one per core if not given."),
]
Originals = Annotated[bool, typer.Option("--keep-originals", help="Also keep what arrived, in the table originals.")]
FailOnAlarm = Annotated[bool, typer.Option("--fail-on-alarm", help="Fail when an outlet looks unlike its own history.")]
Html = Annotated[bool, typer.Option("--html", help="The input is a whole HTML page.")]
Url = Annotated[str | None, typer.Option("--url", metavar="URL", help="Where it was published: tells the outlet.")]
Title = Annotated[str | None, typer.Option("--title", metavar="TEXT", help="Its headline, if the text lacks it.")]


@app.command()
def ingest(
    paths: PathsOrNone = None,
    lake: options.Lake = None,
    outlet: Outlet = None,
    columns: Map = None,
    languages: Languages = None,
    workers: Workers = None,
    rules: options.Rules = None,
    without: options.Without = None,
    titles: options.Titles = "run",
    keep_originals: Originals = False,
    fail_on_alarm: FailOnAlarm = False,
    rejects: Again = False,
    reason: Reasons = None,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Read only N new documents.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be read; write nothing.")] = False,
    json: options.Json = False,
) -> None:
    """Read articles, clean them, find copies, tag them, and write them to the lake.

    Reads .txt .html .jsonl .json .csv .parquet, also .gz and .zst. Give it the same folder every day: what the lake
    holds is skipped, and what a stopped run left is finished. With PREFECT_API_URL set it is a Prefect flow run.

    \b
      saring ingest articles/ --lake news
      saring ingest crawl.csv --map text=isi,url=tautan
      zcat dump.gz | saring ingest -
      saring ingest --rejects --reason no-story
    """
    given = {k: v for k, v in locals().items() if k not in ("json", "paths", "reason")}
    if not (paths or rejects):
        options.usage("Missing argument 'PATH…': name what to read, or say --rejects. Try 'saring ingest --help'.")
    _check_runner()
    config = _config(paths=paths or [], reasons=_reasons(reason, rejects), **given)
    report = _as_flow(config) if os.environ.get("PREFECT_API_URL") else _plainly(config)
    _print_report(report, json)
    if not report.ok:
        options.fail(f"Shards failed: {len(report.failures)}; the others are in the lake. Run it again.")
    if fail_on_alarm and report.alarms:
        options.fail(f"Drift alarms: {len(report.alarms)}; what was read is in the lake.")


@app.command()
def serve(
    paths: Paths,
    cron: Annotated[str, typer.Option("--cron", metavar="CRON", help="When to run: minute hour day month weekday.")],
    timezone: Annotated[
        str, typer.Option("--timezone", metavar="ZONE", help="The time zone of --cron.")
    ] = "Asia/Jakarta",
    name: Annotated[str, typer.Option("--name", help="The deployment's name in Prefect.")] = "daily",
    lake: options.Lake = None,
    outlet: Outlet = None,
    columns: Map = None,
    languages: Languages = None,
    workers: Workers = None,
    rules: options.Rules = None,
    without: options.Without = None,
    keep_originals: Originals = False,
    fail_on_alarm: FailOnAlarm = False,
) -> None:
    """Run ingest on a schedule, in this process, until it is stopped. Needs PREFECT_API_URL.

    prefect server start &
    export PREFECT_API_URL=http://127.0.0.1:4200/api
    saring serve --cron "0 5 * * *" --timezone Asia/Jakarta articles/
    """
    given = {k: v for k, v in locals().items() if k not in ("cron", "timezone", "name")}
    if not os.environ.get("PREFECT_API_URL"):
        options.usage("serve needs a Prefect server: start one with 'prefect server start' and set PREFECT_API_URL.")
    _check_runner()
    from flows.serve import ScheduleError, serve_daily

    try:
        serve_daily(_config(**given), cron=cron, timezone=timezone, name=name)
    except ScheduleError as error:
        options.usage(str(error))


@app.command()
def clean(
    html: Html = False,
    outlet: Outlet = None,
    url: Url = None,
    title: Title = None,
    jsonl: Annotated[
        bool, typer.Option("--jsonl", help="One JSON object a line, in and out, with fields and removals.")
    ] = False,
    original: Annotated[
        bool, typer.Option("--original", help="With --jsonl: add the text that offsets refer to.")
    ] = False,
    rules: options.Rules = None,
    without: options.Without = None,
) -> None:
    """Clean one article from standard input, or many with --jsonl.

    \b
      saring clean < article.txt
      saring clean --html --url https://… < page.html
      saring clean --jsonl < articles.jsonl > cleaned.jsonl

    With --jsonl each line {"id", "text" or "html", "url", "title", "outlet", "date"} becomes one line, in order, also a
    broken one: "status" is kept or rejected, "text" what stays, "removals" what goes and by which rule.
    """
    if original and not jsonl:
        options.usage("--original goes with --jsonl. To see what is removed from one article, use saring explain.")
    catalog = options.catalog(rules, without)
    if jsonl:
        _clean_lines(catalog, original, outlet, url, title)
        return
    found = _cleaned(_document(html, outlet, url, title), catalog)
    sys.stdout.write(found.text + "\n")


@app.command()
def explain(
    html: Html = False,
    outlet: Outlet = None,
    url: Url = None,
    title: Title = None,
    rules: options.Rules = None,
    without: options.Without = None,
) -> None:
    """Show an article from standard input with what is removed, the rule and its file beside each.

    In colour on a terminal; elsewhere as CriticMarkup: {--removed--}{>>rule, kind, file<<}.

    \b
      saring explain < article.txt
    """
    from flows.explain import facts, marked, show_colours

    catalog = options.catalog(rules, without)
    found = _cleaned(_document(html, outlet, url, title), catalog)
    if sys.stdout.isatty():
        show_colours(found, catalog)
    else:
        print(marked(found, catalog))
    for line in facts(found, catalog):
        print(line, file=sys.stderr)


@app.command("report")
def report(
    html: Annotated[
        Path, typer.Option("--html", metavar="FILE", help="Where to write the page; - is standard output.")
    ],
    run: Annotated[
        str | None, typer.Option("--run", metavar="ID", help="Only this run, by its name or the beginning of it.")
    ] = None,
    lake: options.Lake = None,
) -> None:
    """Write a page for people: totals, days, outlets, who copies whom, what was removed, rejects, alarms.

    One file that asks nobody for anything, for a phone or a desk, light or dark.

    \b
      saring report --html report.html
      saring report --run 20261121T0500 --html today.html
    """
    from flows.figures import figures
    from flows.paper import paper
    from flows.settings import lake_path
    from lake import Lake

    page = paper(figures(Lake(lake_path(lake)), run))
    if str(html) == "-":
        print(page)
        return
    try:
        html.write_text(page, "utf-8")
    except OSError as error:
        options.fail(f"The report cannot be written to {html}: {error.strerror}.")
    print(f"Wrote {html}")


@rules_app.command("check")
def rules_check(rules: options.Rules = None, without: options.Without = None) -> None:
    """Load all rule files and try every example in them. Your own too, with --rules."""
    from flows.rulebook import check
    from flows.words import several

    catalog = options.catalog(rules, without)
    result = check(catalog)
    print(result.sentence())
    for line in result.problems:
        print(line, file=sys.stderr)
    if result.problems:
        wrong = several(len(result.problems), "problem")
        options.fail(f"{wrong} in the rule files: mend the rule or the example named above.")


@rules_app.command("new")
def rules_new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The outlet's name as it writes it, such as 'Kabar Kita'.")
    ],
    rules: options.Rules = None,
) -> None:
    """Begin the rule file of a new outlet from a template, in the folder of your own rules."""
    from flows.rulebook import begin
    from flows.settings import rules_path

    folder = rules_path(rules)
    if folder is None:
        options.usage("Say where your own rules are: --rules DIR, or set SARING_RULES.")
    try:
        print(begin(name, folder))
    except (ValueError, OSError) as error:
        options.usage(str(error))


@rules_app.command("audit")
def rules_audit(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH…", help="Files to clean and audit; without any, what the lake holds."),
    ] = None,
    lake: options.Lake = None,
    rules: options.Rules = None,
    without: options.Without = None,
    json: options.Json = False,
) -> None:
    """Show what the rules still miss, by outlet, and what they may eat. Writes nothing.

    Missed: wordings that come again in over one per cent of an outlet's cleaned articles. Eaten: removals that look
    like story and unlike the others of their rule. This is how to find the next rule, and the next one to narrow.
    """
    from flows.audit import audit_files, audit_lake, audit_lines
    from lake import Lake

    catalog = options.catalog(rules, without)
    found = audit_files(paths, catalog) if paths else audit_lake(Lake(_lake(lake)).path)
    _print_json(found.json()) if json else _print_lines(audit_lines(found))


@lake_app.command("status")
def lake_status(lake: options.Lake = None, json: options.Json = False) -> None:
    """Say what is in the lake: rows of each table, the last batches, open rejects."""
    from flows.care import status_json, status_lines
    from lake import Lake

    status = Lake(_lake(lake)).status()
    _print_json(status_json(status)) if json else _print_lines(status_lines(status))


@lake_app.command("verify")
def lake_verify(
    lake: options.Lake = None,
    every: Annotated[
        bool, typer.Option("--all", help="Write every file of a batch again, not three of each table only.")
    ] = False,
    json: options.Json = False,
) -> None:
    """Check the lake's promises over every row: nothing lost, twice, half or silent; every removal can be undone.

    That the same rows give the same bytes is seen of three files of each table's newest month, of all with --all.
    Whether today's rules give the same rows, saring lake reclean --dry-run tells.
    """
    from flows.care import verdict_json, verdict_lines, verify_lake
    from flows.words import several
    from lake import Lake

    found = Lake(_lake(lake), look=False)  # it names what another command would stop at
    verdict = verify_lake(found, every=every)
    _print_json(verdict_json(verdict)) if json else _print_lines(verdict_lines(verdict))
    if not verdict.holds:
        options.fail(f"{several(len(verdict.problems), 'problem')} in {_lake(lake)}; what to do stands below each.")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its status."""
    os.environ.setdefault("DO_NOT_TRACK", "1")  # on a terminal Prefect's client reports its first uses to its makers
    sys.exit(status_of(arguments))


def status_of(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    try:
        result = app(arguments, prog_name="saring", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        result = INTERRUPTED
    except Exception as error:
        return _told(error)
    if result == INTERRUPTED:  # which is what Typer returns for Ctrl-C
        print("saring: interrupted; what was published stays, run it again to go on", file=sys.stderr)
    return result if isinstance(result, int) else 0


def _told(error: Exception) -> int:
    """Say an error in one sentence and return its exit status; one that nobody foresaw is raised again."""
    from cleaners.catalog import CatalogError
    from flows.columns import InputError
    from lake.layout import LakeError

    usage_error: Any = typer.BadParameter.__base__
    if isinstance(error, usage_error):
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "saring"
        if message := error.format_message().rstrip("."):
            print(f"saring: {message}. Try '{command} --help'.", file=sys.stderr)
        return 2
    sentence = str(error).rstrip(".") + "."
    if isinstance(error, Stop):
        status = error.status
    elif isinstance(error, CatalogError):
        print(error, file=sys.stderr)
        sentence, status = f"The rule files cannot be used; problems found: {len(error.problems)}.", 2
    elif isinstance(error, InputError):
        status = 2
    elif isinstance(error, LakeError):
        broken = isinstance(error.__cause__, OSError) and error.__cause__.errno in DISK_BROKE
        status = 1 if broken else 2
    elif _is_torn(error):
        from lake.read import said

        sentence, status = f"A file of the lake cannot be read ({said(error)}): saring lake verify names it.", 1
    else:
        raise error
    print(f"saring: {sentence}", file=sys.stderr)
    return status


def _is_torn(error: Exception) -> bool:
    """Whether pyarrow says it of a file: its own error, or an OSError that comes from no system call."""
    from pyarrow import ArrowException

    return isinstance(error, ArrowException) or (isinstance(error, OSError) and error.errno is None)


# ------------------------------------------------------------------------------------------------------------- ingest


def _config(
    paths: list[str], columns: str | None, languages: str | None, lake: str | None, rules: str | None, **rest: Any
) -> IngestConfig:
    from pydantic import ValidationError

    from flows.columns import parse_map
    from flows.settings import IngestConfig, lake_path, rules_path

    options.catalog(rules, rest["without"])  # wrong rules end the command before anything else is looked at
    rest["without"] = rest["without"] or []
    try:
        return IngestConfig(
            inputs=paths,
            lake=lake_path(lake),
            columns=parse_map(columns) if columns else {},
            languages=[tag.strip() for tag in (languages or "").split(",") if tag.strip()],
            rules=rules_path(rules),
            **rest,
        )
    except ValidationError as error:
        first = error.errors()[0]
        options.usage(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.")


def _reasons(given: list[str] | None, rejects: bool) -> list[str]:
    from cleaners.article import Reason

    if given and not rejects:
        options.usage("--reason goes with --rejects.")
    if unknown := [name for name in given or [] if name not in list(Reason)]:
        options.usage(f"--reason {unknown[0]}: there are {', '.join(Reason)}.")
    return given or []


def _check_runner() -> None:
    """End the command before anything begins if SARING_RUNNER cannot be followed."""
    if not os.environ.get("SARING_RUNNER"):
        return
    from flows.runners import Cluster, chosen

    if chosen().cluster is not Cluster.LOCAL and not os.environ.get("PREFECT_API_URL"):
        remedy = "start one with 'prefect server start' and set PREFECT_API_URL"
        options.usage(f"SARING_RUNNER is {os.environ['SARING_RUNNER']!r}, which needs a Prefect server: {remedy}.")


def _plainly(config: IngestConfig) -> RunReport:
    from flows.console import watcher
    from flows.run import run

    with watcher() as observer:
        return run(config, observer=observer)


def _as_flow(config: IngestConfig) -> RunReport:
    import httpx

    address = os.environ["PREFECT_API_URL"]
    try:
        httpx.get(f"{address.rstrip('/')}/health", timeout=SERVER_SECONDS)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        remedy = "Start it with 'prefect server start', or unset PREFECT_API_URL to run without Prefect"
        options.usage(f"No Prefect server answers at {address} ({error}). {remedy}.")
    from flows.ingest import run_as_flow

    try:
        return run_as_flow(config)
    except httpx.HTTPError as error:
        said = f"The Prefect server at {address} went away during the run ({error})"
        options.fail(f"{said}. What was published is in the lake: run it again.")


def _print_report(report: RunReport, as_json: bool) -> None:
    from flows.console import report_lines

    _print_json(report.json()) if as_json else _print_lines(report_lines(report))


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _print_lines(lines: Any) -> None:
    for line in lines:
        print(line)


def _lake(given: str | None) -> str:
    from flows.settings import lake_path

    return lake_path(given)


# -------------------------------------------------------------------------------------------------------- one article


def _clean_lines(catalog: Any, original: bool, outlet: str | None, url: str | None, title: str | None) -> None:
    from flows.stream import Hints, clean_lines

    hints = Hints(outlet=outlet, url=url, title=title)
    for line in clean_lines(sys.stdin.buffer, catalog, original=original, hints=hints):
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()  # who writes a line may wait for its answer


def _document(html: bool, outlet: str | None, url: str | None, title: str | None) -> Document | Reject:
    from dataclasses import replace

    from flows.formats import Form
    from flows.sources import expand, read
    from flows.stream import Hints

    inputs = expand(["-"])
    try:
        file = replace(inputs.files[0], form=Form.PAGE if html else Form.TEXT)
        found = next(iter(read(file)))
    finally:
        inputs.close()
    if not hasattr(found, "reason"):
        found = Hints(outlet=outlet, url=url, title=title).given_to(found)
    return found


def _cleaned(document: Document | Reject, catalog: Any) -> Cleaned:
    from cleaners.article import Reject
    from flows.shard import clean_one

    found = document if isinstance(document, Reject) else clean_one(document, catalog)
    if isinstance(found, Reject):
        options.fail(f"Rejected, {found.reason}: {found.detail}.")
    return found
