"""Write the HTML report of a run, or of the lake: one page that needs nothing else, `saring report --html`.

No script, no font, no picture from elsewhere; a content security policy forbids all of them, and what articles say is
escaped.
"""

from __future__ import annotations

import datetime
import importlib.resources
from collections.abc import Iterator, Mapping, Sequence

import jinja2

from flows import charts
from flows.figures import Day, Figures
from flows.words import several

SHOWN_ALARMS = 20
SHOWN_OUTLETS = 20
SHOWN_IN_MATRIX = 15
SHOWN_RULESETS = 3
MOST_DAYS = 120  # drawn one by one
PARTS = {"kept": "articles", "copies": "duplicates", "rejects": "rejects"}  # as shown, and as `runs` has them
LEAST_SHADE, MOST_SHADE = 0.12, 0.85


def paper(found: Figures) -> str:
    """Render the page."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    template = environment.from_string(importlib.resources.files("flows").joinpath("paper.html").read_text("utf-8"))
    copied, copying = _ends(found, 0), _ends(found, 1)
    most = max(found.matrix.values(), default=1)
    return template.render(
        title=f"Run {found.run}" if found.run else f"The lake {found.lake}",
        said=_said(found),
        lake=found.lake,
        alarms=found.alarms[:SHOWN_ALARMS],
        more_alarms=max(0, len(found.alarms) - SHOWN_ALARMS),
        totals=list(_totals(found)),
        sections=[(heading, drawn) for heading, drawn in (_over_days(found), _over_outlets(found)) if drawn],
        copying=copying,
        matrix=[(name, [found.matrix[name, other] for other in copying]) for name in copied],
        shade=lambda count: f"{LEAST_SHADE + (MOST_SHADE - LEAST_SHADE) * count / most:.2f}",
        rules=[
            (rule, found.rules[rule], found.samples[rule])
            for rule, _ in found.rules.most_common()
            if rule in found.samples
        ],
        rejects=[(reason, count, found.rejects.get(reason, [])) for reason, count in found.rejected.most_common()],
    )


def _said(found: Figures) -> str:
    """Say in a line what the page is about."""
    if not found.runs:
        return "The lake holds no batch yet."
    runs, first, last = {row["run"] for row in found.runs}, found.runs[0]["started"], found.runs[-1]["finished"]
    rules = sorted({row["ruleset"] for row in found.runs})
    when = f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"
    counted = ([] if found.run else [several(len(runs), "run")]) + [several(len(found.runs), "batch")]
    return f"{', '.join(counted)}, {when}; rules {', '.join(rules[-SHOWN_RULESETS:])}."


def _totals(found: Figures) -> Iterator[tuple[str, str]]:
    yield "documents", f"{found.total('documents'):,}"
    for shown, name in PARTS.items():
        yield shown, f"{found.total(name):,}"
    if forgotten := found.total("forgotten"):
        yield "forgotten", f"{forgotten:,}"
    yield "removals", f"{found.total('removals'):,}"
    yield "characters removed", f"{found.total('chars_removed') / max(1, found.total('chars_in')):.1%}"
    yield "alarms", f"{len(found.alarms):,}"


def _over_days(found: Figures) -> tuple[str, list[tuple[str, str]]]:
    by_day = by_month(found.days)
    at = list(by_day)
    every = "day" if len(by_day) == len(found.days) else "month"
    undated = f" {found.undated:,} have no date." if found.undated else ""
    if not at:
        return "Days", []
    days = by_day.values()
    shares = [day.chars_removed / max(1, day.chars_in) for day in days]
    drawn = {"kept": [float(day.kept) for day in days], "copies": [float(day.copies) for day in days]}
    return "Days of publication", [
        (f"Articles by {every}, Jakarta time.{undated}", charts.days("Articles by day of publication", at, drawn)),
        (
            f"Share of the characters removed, by {every}.",
            charts.days("Share removed by day", at, {"removed": shares}, percent=True),
        ),
    ]


def by_month(days: Mapping[datetime.date, Day]) -> Mapping[datetime.date, Day]:
    """Add days up to months where there are too many to draw each; a month stands at its first day."""
    if not days or (max(days) - min(days)).days <= MOST_DAYS:
        return days
    months: dict[datetime.date, Day] = {}
    for at, day in days.items():
        month = months.setdefault(at.replace(day=1), Day())
        for name in ("kept", "copies", "chars_in", "chars_removed"):
            setattr(month, name, getattr(month, name) + getattr(day, name))
    return months


def _over_outlets(found: Figures) -> tuple[str, list[tuple[str, str]]]:
    outlets = sorted(found.outlets.items(), key=lambda one: (-one[1].documents, one[0]))[:SHOWN_OUTLETS]
    if not outlets:
        return "Outlets", []
    names, counts = [name for name, _ in outlets], [tally.counts for _, tally in outlets]
    drawn = {shown: [float(count[name]) for count in counts] for shown, name in PARTS.items()}
    shares = [count["chars_removed"] / max(1, count["chars_in"]) for count in counts]
    unclean = [count["residue"] / max(1, count["articles"]) for count in counts]
    kinds = found.kinds.most_common()
    shown = [
        ("Documents by outlet.", charts.bars("Documents by outlet", names, drawn)),
        ("Share of the characters removed.", charts.bars("Share removed by outlet", names, {"": shares}, percent=True)),
    ]
    if any(unclean):
        said = "Share of the articles kept that may still hold furniture."
        shown.append((said, charts.bars("Residue by outlet", names, {"": unclean}, percent=True)))
    if kinds:
        counted = charts.bars("Removals by kind", [kind for kind, _ in kinds], {"": [n for _, n in kinds]})
        shown.append(("Removals by kind.", counted))
    return "Outlets", shown


def _ends(found: Figures, end: int) -> Sequence[str]:
    """The sources that are copied (0) or copy (1) most."""
    totals: dict[str, int] = {}
    for pair, count in found.matrix.items():
        totals[pair[end]] = totals.get(pair[end], 0) + count
    return sorted(totals, key=lambda name: (-totals[name], name))[:SHOWN_IN_MATRIX]
