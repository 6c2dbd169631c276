"""What a run did, in numbers and names: filled batch by batch, printed by the command line, kept by the flow."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

from flows.drift import Alarm, Tally
from flows.specimens import SHOWN_REMOVALS, Removed, Slow, Strange, most_slow, most_strange
from lake.duplicates import Copy

if TYPE_CHECKING:
    from flows.prepare import Prepared
    from flows.published import Published

BATCH = ("shard", "batch", "documents", "articles", "duplicates", "rejects", "seconds")
MAX_NAMED = 50  # copies and rejects; the rest is counted, and all of them stand in the lake


@dataclass(frozen=True, slots=True)
class Rejected:
    """A document that could not be used: its file and record, and why."""

    place: str
    reason: str
    detail: str


@dataclass
class RunReport:
    """Counts of one run, over the batches that it published.

    `sources` counts articles and copies by source, `removed` spans and characters by kind, `failures` are sentences.
    `outlets` adds up `runs.outlets` by source; `residue` counts, by source, the articles that still look like holding
    furniture, and all its articles.
    With `second_chance` rejects were read again: of those `planned`, the ones that failed as before are no documents;
    `out_of_reach` says where those lie that cannot be read.
    `other_scheme` counts stored signatures that could not be compared.
    `documents == articles + duplicates + rejects + forgotten`, always.
    """

    run: str
    lake: str
    ruleset: str
    dry_run: bool
    planned: int
    known_files: tuple[str, ...]
    stale_files: tuple[str, ...]
    grown_files: tuple[str, ...]
    repeated_files: tuple[tuple[str, str], ...]
    skipped_suffixes: dict[str, int]
    left_by_limit: int
    began: float = field(repr=False)
    shards: int = 0
    documents: int = 0
    articles: int = 0
    duplicates: int = 0
    rejects: int = 0
    forgotten: int = 0
    chars_in: int = 0
    chars_removed: int = 0
    sources: Counter[str | None] = field(default_factory=Counter)
    residue: dict[str | None, tuple[int, int]] = field(default_factory=dict)
    outlets: dict[str | None, Tally] = field(default_factory=dict)
    languages: Counter[str] = field(default_factory=Counter)
    removed: dict[str, tuple[int, int]] = field(default_factory=dict)
    kinds_of_copies: Counter[str] = field(default_factory=Counter)
    copies: list[Copy] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    named_rejects: list[Rejected] = field(default_factory=list)
    flags: Counter[str] = field(default_factory=Counter)
    alarms: list[Alarm] = field(default_factory=list)
    samples: dict[str, list[Removed]] = field(default_factory=dict)
    strange: list[Strange] = field(default_factory=list)
    slow: list[Slow] = field(default_factory=list)
    batches: list[dict[str, Any]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    done_elsewhere: int = 0
    second_chance: bool = False
    out_of_reach: tuple[str, ...] = ()
    other_scheme: int = 0
    seconds: float = 0.0

    @classmethod
    def of(cls, prepared: Prepared) -> RunReport:
        """Return the report of a run that has not begun."""
        plan = prepared.plan
        return cls(
            run=prepared.run,
            lake=prepared.config.lake,
            ruleset=prepared.ruleset,
            dry_run=prepared.config.dry_run,
            planned=plan.documents,
            known_files=plan.known,
            stale_files=plan.stale,
            grown_files=plan.grown,
            repeated_files=plan.repeated,
            skipped_suffixes=dict(prepared.inputs.skipped),
            left_by_limit=plan.left_by_limit,
            second_chance=prepared.second is not None,
            out_of_reach=prepared.second.out_of_reach if prepared.second else (),
            began=prepared.began,
        )

    @property
    def nothing_new(self) -> bool:
        """Whether the lake held all of the input already."""
        return self.planned == 0

    @property
    def ok(self) -> bool:
        """Whether everything that was planned is in the lake."""
        return not self.failures

    def add(self, published: Published | None) -> None:
        """Count a batch that was published (None: by another run)."""
        if published is None:
            self.done_elsewhere += 1
            return
        row = published.row
        self.shards += 1
        for name in ("documents", "articles", "duplicates", "rejects", "forgotten", "chars_in", "chars_removed"):
            setattr(self, name, getattr(self, name) + row[name])
        for outlet in row["outlets"]:
            self.outlets.setdefault(outlet["source"], Tally()).add(outlet)
            if came := outlet["articles"] + outlet["duplicates"]:  # of others only rejects came
                self.sources[outlet["source"]] += came
            unclean, kept = self.residue.get(outlet["source"], (0, 0))
            self.residue[outlet["source"]] = unclean + outlet["residue"], kept + outlet["articles"]
            self.languages.update({one["language"]: one["count"] for one in outlet["languages"]})
        self.kinds_of_copies.update({one["kind"]: one["count"] for one in row["duplicate_kinds"]})
        self.reasons.update({one["reason"]: one["count"] for one in row["rejected"]})
        self.flags.update({one["flag"]: one["count"] for one in row["flags"]})
        self.alarms += published.alarms
        self.batches.append({name: row[name] for name in BATCH})
        for one in published.samples:
            some = self.samples.setdefault(one.kind, [])
            some += [one] if len(some) < SHOWN_REMOVALS else []
        self.strange = most_strange([*self.strange, *published.strange])
        self.slow = most_slow([*self.slow, *published.slow])
        self.copies += published.copies[: MAX_NAMED - len(self.copies)]
        self.named_rejects += published.rejects[: MAX_NAMED - len(self.named_rejects)]
        self.other_scheme = max(self.other_scheme, published.other_scheme)
        for kind, (spans, chars) in published.removed.items():
            before = self.removed.get(kind, (0, 0))
            self.removed[kind] = before[0] + spans, before[1] + chars

    def finished(self) -> RunReport:
        """Stop the clock."""
        self.seconds = time.monotonic() - self.began
        return self

    def sentence(self) -> str:
        """Say in one line how it went: a run's state message."""
        if self.nothing_new and self.second_chance:
            return "No open reject can be read again."
        if self.nothing_new:
            return "Nothing new: the lake holds all of it already."
        counts = [(self.articles, "article"), (self.duplicates, "copies"), (self.rejects, "reject")]
        said = ", ".join(_several(number, noun) for number, noun in counts)
        troubles = [(len(self.alarms), "alarm"), (len(self.failures), "failed shard")]
        return "; ".join([said, *(_several(number, noun) for number, noun in troubles if number)])

    def unclean(self) -> list[tuple[str | None, int, int]]:
        """The sources with articles that still look like holding furniture: how many, of how many; the most first."""
        found = [(source, count, kept) for source, (count, kept) in self.residue.items() if count]
        return sorted(found, key=lambda one: (-one[1], one[0] or ""))

    def json(self) -> dict[str, Any]:
        """Return it ready for JSON: what `saring ingest --json` prints."""
        found = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "began"}
        found["outlets"] = {name or "unknown": dict(tally.counts) for name, tally in self.outlets.items()}
        found["samples"] = {kind: [asdict(one) for one in some] for kind, some in sorted(self.samples.items())}
        found["strange"] = [asdict(one) for one in self.strange]
        found["slow"] = [asdict(one) for one in self.slow]
        found["alarms"] = [asdict(alarm) for alarm in self.alarms]
        found["copies"] = [asdict(copy) for copy in self.copies]
        found["named_rejects"] = [asdict(reject) for reject in self.named_rejects]
        found["sources"] = {name or "unknown": number for name, number in self.sources.most_common()}
        found["residue"] = {name or "unknown": {"articles": n, "of": of} for name, n, of in self.unclean()}
        found["removed"] = {kind: {"spans": s, "chars": c} for kind, (s, c) in sorted(self.removed.items())}
        return found | {"seconds": round(self.seconds, 3), "ok": self.ok, "nothing_new": self.nothing_new}


def _several(number: int, noun: str) -> str:
    if noun == "copies":
        return f"{number:,} {'copy' if number == 1 else 'copies'}"
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
