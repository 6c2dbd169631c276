"""The data card of an export: what it holds, how it was made, whose the texts are. No clock: same data, same card."""

from __future__ import annotations

import datetime
import importlib.metadata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from lake.columns import ARTICLES, SCHEMA_VERSION
from lake.formats import COLUMNS, Form
from lake.representatives import Chosen, Keep, Wanted

KEPT = {
    Keep.FIRST: "the one that was in the lake first",
    Keep.SOURCE: "that of the outlet that the others name as where they have it from, else the first published",
    Keep.LONGEST: "the longest, which is often the one that was cleaned worst",
    Keep.LATEST: "the one published last, of several versions the newest",
}
FORMS = {
    Form.PARQUET: "Parquet, Zstandard; times in UTC.",
    Form.HF: "Parquet, for `datasets.load_dataset` on this folder; times in UTC.",
    Form.JSONL: "JSON lines in UTF-8: one object a line, every column in each, missing values null, "
    "times in UTC as ISO 8601.",
    Form.CSV: "CSV in UTF-8 with a header: fields with a comma, a quote or a line break stand in double quotes, quotes "
    "inside them doubled (RFC 4180, but records end with a line feed); a missing value is an empty field, lists are "
    "JSON, times are UTC as ISO 8601.",
}
SIZES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)  # steps of Hugging Face's size_categories
SIZE_NAMES = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B")


@dataclass(slots=True)
class Told:
    """What the card tells, counted while the rows are written."""

    runs: pa.Table
    wanted: Wanted
    chosen: Chosen
    outlets: Counter[str | None] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    rulesets: Counter[str] = field(default_factory=Counter)
    days: dict[str | None, tuple[datetime.date, datetime.date]] = field(default_factory=dict)
    undated: int = 0
    characters: int = 0
    removed: int = 0

    def count(self, rows: pa.Table) -> None:
        """Count some rows that were written."""
        sources, days = rows.column("source").to_pylist(), rows.column("date_published_day").to_pylist()
        self.outlets.update(sources)
        self.languages.update(rows.column("language").to_pylist())
        self.flags.update(flag for flags in rows.column("flags").to_pylist() for flag in flags)
        self.rulesets.update(rows.column("ruleset").to_pylist())
        self.characters += pc.sum(pc.utf8_length(rows.column("text"))).as_py()
        self.removed += pc.sum(rows.column("removed_chars")).as_py()
        for source, day in zip(sources, days, strict=True):
            if day is None:
                self.undated += 1
            else:
                first, last = self.days.get(source, (day, day))
                self.days[source] = min(first, day), max(last, day)


def card(told: Told, form: Form, files: Sequence[str]) -> str:
    """Write the card, as Markdown; for Hugging Face with the front matter that its reader takes."""
    return "\n".join([*(_front_matter(told) if form is Form.HF else ()), *_lines(told, form, files)]) + "\n"


def _lines(told: Told, form: Form, files: Sequence[str]) -> Iterator[str]:
    copies = told.chosen.asked_for - told.chosen.number
    yield f"# News articles, cleaned: {told.chosen.number:,}"
    yield "\n**The texts belong to their outlets.** This collection gives nobody a right to publish or sell them;"
    yield "what you may do with them is said by the law where you are and by each outlet's terms."
    yield "\n## What it holds\n"
    yield f"- {told.chosen.number:,} articles, {told.characters:,} characters of text."
    keep = told.wanted.keep
    yield f"- {copies:,} copies are left out: of each story one is here, {KEPT[keep]} (`--keep {keep}`)."
    yield f"- {_asked(told)}"
    yield f"- {_dates(told)}"
    yield f"- Cleaning took {told.removed:,} characters out of these articles; the lake they come from holds what went."
    yield f"\n{', '.join(f'`{name}`' for name in files)}: {FORMS[form]}"
    yield f"Order: {', '.join(f'`{name}`' for name in ('source', 'date_published', 'id'))}; what is missing comes last."
    yield from _table("Outlets", ("source", "articles", "first day", "last day"), _outlets(told))
    yield from _table("Languages", ("language", "articles"), _counted(told.languages))
    if told.flags:
        yield from _table("Flags", ("flag", "articles"), _counted(told.flags))
    yield from _table("Rules they were cleaned by", ("ruleset", "articles"), _counted(told.rulesets))
    yield from _table("Versions", ("what", "version"), _versions(told))
    yield from _table("Columns", ("column", "type", "meaning"), _columns())
    yield "\nDays are Jakarta's. Hashes are 32 hexadecimal digits of xxh3 over UTF-8, lengths are code points."


def _asked(told: Told) -> str:
    wanted = told.wanted
    said = [
        f"{what} {', '.join(sorted(values))}"
        for what, values in (("languages", wanted.languages), ("outlets", wanted.outlets))
        if values
    ]
    if wanted.since is not None:
        said.append(f"published on {wanted.since} or later")
    left = told.chosen.looked_at - told.chosen.asked_for
    return f"Asked for: {'; '.join(said)}. {left:,} others are left out." if said else "Every article was asked for."


def _dates(told: Told) -> str:
    undated = f"{told.undated:,} have no date that could be read."
    if not told.days:
        return undated
    first, last = min(day for day, _ in told.days.values()), max(day for _, day in told.days.values())
    return f"Published from {first} to {last}; {undated}"


def _outlets(told: Told) -> Iterator[tuple[str, ...]]:
    for source, number in sorted(told.outlets.items(), key=lambda pair: (-pair[1], pair[0] or "")):
        days = told.days.get(source)
        yield source or "(unknown)", f"{number:,}", *(map(str, days) if days else ("", ""))


def _counted(counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for name, number in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        yield name, f"{number:,}"


def _versions(told: Told) -> Iterator[tuple[str, str]]:
    """What wrote the batches of the lake, and what wrote this."""
    runs = told.runs
    written = {(pair["name"], pair["value"]) for row in runs.column("versions").to_pylist() for pair in row}
    for name in sorted({name for name, _ in written}):
        yield f"{name}, of the lake's batches", ", ".join(sorted(value for one, value in written if one == name))
    yield "schema of the lake", str(SCHEMA_VERSION)
    yield "saring, of this export", importlib.metadata.version("saring")
    yield "pyarrow, of this export", pa.__version__
    if runs.num_rows:
        last = runs.slice(runs.num_rows - 1).to_pylist()[0]
        yield "last batch", f"{last['batch']}, of {last['finished'].isoformat()}"


def _columns() -> Iterator[tuple[str, ...]]:
    for column in ARTICLES:
        if column.name in COLUMNS:
            kind = str(column.type).replace("element: ", "").replace(" not null", "")
            yield f"`{column.name}`", f"`{kind}`", column.meaning


def _table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield f"| {' | '.join(heads)} |"
    yield f"|{':--|' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def _front_matter(told: Told) -> Iterator[str]:
    """The header of a Hugging Face dataset card."""
    size = SIZE_NAMES[sum(told.chosen.number >= step for step in SIZES)]
    yield from ("---", "pretty_name: News articles, cleaned", "license: other", "license_name: outlets")
    yield from ("license_details: The texts belong to their outlets.", "language:")
    yield from (f"- {tag}" for tag in sorted(told.languages) if tag != "und")
    yield from ("size_categories:", f"- {size}", "task_categories:", "- text-generation", "tags:", "- news", "- saring")
    yield from (
        "configs:",
        "- config_name: default",
        "  data_files:",
        "  - split: train",
        "    path: data/train-*.parquet",
    )
    yield from ("---", "")
