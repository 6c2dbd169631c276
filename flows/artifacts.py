"""What a run leaves in the Prefect UI: a markdown report under the key `saring-report`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict

from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event

from flows.report import RunReport

KEY = "saring-report"  # one entry with a version for each run; a new key would begin a new history
DRIFT = "saring.drift"  # the event's name; automations hold it, so it stays
BAR_WIDTH = 24  # block characters: the UI draws them well, and strips styles
SHOWN = 20
HIDDEN_IN_MARKDOWN = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_{}[]<>()#+-.!|~"})


def leave(report: RunReport) -> None:
    """Create the report's artifact; needs a flow run."""
    create_markdown_artifact("\n".join(markdown(report)), key=KEY, description=report.sentence())


def announce(report: RunReport) -> None:
    """Emit an event `saring.drift` for each alarm, which automations can wait for; needs a flow run."""
    for alarm in report.alarms:
        resource = {"prefect.resource.id": f"saring.outlet.{alarm.source}", "prefect.resource.name": alarm.source}
        said = {"message": alarm.sentence(), "lake": report.lake}
        emit_event(DRIFT, resource=resource, payload=said | asdict(alarm))


def markdown(report: RunReport) -> Iterator[str]:
    """Write a report in markdown: alarms and failures first, then what came in, what went, copies and rejects."""
    yield f"# {report.sentence()}\n"
    yield from (f"- **Alarm**: {_plain(alarm.sentence())}" for alarm in report.alarms)
    yield from (f"- **Failed**: {_plain(failure)}" for failure in report.failures)
    yield f"\nLake `{report.lake}`, run `{report.run}`, rules `{report.ruleset}`, {report.seconds:,.0f} s.\n"
    yield from _section("What came in, by source", ((n or "unknown", c) for n, c in report.sources.most_common()))
    removed = sorted(report.removed.items(), key=lambda one: -one[1][0])
    yield from _section("What was removed, by kind", ((kind, spans) for kind, (spans, _) in removed))
    unclean = ((f"{name or 'unknown'}, of {of:,}", count) for name, count, of in report.unclean())
    yield from _section("May still hold furniture, by source", unclean)
    yield from _section("Copies, by kind", report.kinds_of_copies.most_common())
    if report.copies:
        yield "\n| kind | article | is a copy of |\n|:--|:--|:--|"
        yield from (f"| {c.kind} | {_plain(c.title)} | {_plain(c.of_title)} |" for c in report.copies[:SHOWN])
    yield from _section("Rejects, by reason", report.reasons.most_common())


def _section(title: str, counts: Iterable[tuple[str, int]]) -> Iterator[str]:
    rows = list(counts)[:SHOWN]
    if not rows:
        return
    most = max(number for _, number in rows)
    yield f"\n## {title}\n\n| | | |\n|:--|--:|:--|"
    for name, number in rows:
        yield f"| {_plain(name)} | {number:,} | {'█' * max(1, round(BAR_WIDTH * number / most))} |"


def _plain(text: str | None) -> str:
    """Article text is never markup."""
    return " ".join((text or "(no title)").split()).translate(HIDDEN_IN_MARKDOWN)
