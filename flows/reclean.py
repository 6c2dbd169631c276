"""Clean a lake again after the rules changed: `saring lake reclean`, into a new lake or in place.

Batch after batch, in the order in which they came: each text before the cut is rebuilt from text and removals, cleaned
by today's rules in a child, and copies are decided anew against what the new generation holds so far. Names stay: of
rows, of batches, and when they came; `runs` says when they were cleaned again.
An article of which no story is left becomes a reject of its batch, with its text whole. One that today's version cannot
clean at all (time, memory) stays as it was.
"""

from __future__ import annotations

import datetime
import difflib
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cleaners.catalog import Catalog, load_catalog
from flows.child import Limits, ShardError
from flows.crew import Crew
from flows.radius import Radius
from flows.rework import Progress, Wanted, Work
from flows.workplace import Workplace, sweep
from lake import Lake, LakeError
from lake.generation import InPlace, Into

NAMED = 8  # sources that a sentence names


def radius(lake: Lake, wanted: Wanted, *, limits: Limits | None = None, progress: Progress | None = None) -> Radius:
    """Say what would change, and write nothing: copies are not decided. Raises CatalogError and LakeError."""
    with (
        tempfile.TemporaryDirectory(prefix="saring-reclean-") as folder,
        _begin(lake, Lake(folder, create=True), wanted, limits, progress) as work,
    ):
        for _ in work.cleaned(lake.runs().to_pylist()):
            pass
        return work.radius


def reclean_into(
    lake: Lake, to: str | Path, wanted: Wanted, *, limits: Limits | None = None, progress: Progress | None = None
) -> Radius:
    """Write the lake anew to a new folder; stopped, it is gone on with. Raises CatalogError and LakeError."""
    runs = lake.runs().to_pylist()
    catalog = load_catalog(wanted.rules, wanted.without)
    new = Lake(to, create=True, disk=lake.disk)
    if new.path.resolve() == lake.path.resolve():
        raise LakeError(f"{new.path} is the lake itself: name another folder, or leave --into out.")
    old = {run["batch"]: run["ruleset"] for run in runs}
    target = Into(new, old, catalog.ruleset, partly=wanted.outlet is not None)
    with _begin(lake, new, wanted, limits, progress) as work:
        work.write([run for run in runs if run["batch"] not in target.done], target)
        target.finish(lake)
        return work.radius


def reclean(lake: Lake, wanted: Wanted, *, limits: Limits | None = None, progress: Progress | None = None) -> Radius:
    """Clean the lake again in place. Where nothing changes, no file does. Raises CatalogError and LakeError.

    Runs may go on meanwhile: what they publish is cleaned again too, at the end, under the lock.
    """
    with lake.exchange() as exchange, _begin(lake, lake, wanted, limits, progress) as work:
        target = InPlace(lake, exchange)
        done = lake.runs().to_pylist()
        work.write(done, target)
        with lake.lock():
            lake.recover()
            known = {run["batch"] for run in done}
            work.write([run for run in lake.runs().to_pylist() if run["batch"] not in known], target)
            if not work.radius.same:
                target.commit(datetime.datetime.now(datetime.UTC))
        return work.radius


@contextmanager
def _begin(lake: Lake, place: Lake, wanted: Wanted, limits: Limits | None, progress: Progress | None) -> Iterator[Work]:
    """Begin work on a lake, with a workplace in another or the same."""
    catalog = load_catalog(wanted.rules, wanted.without)
    _refuse_unknown(wanted.outlet, lake, catalog)
    now = datetime.datetime.now(datetime.UTC)
    with ExitStack() as stack:
        with place.lock():
            place.recover()
            sweep(place.path, place.disk)
            name = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
            workplace = stack.enter_context(Workplace(place.path, name, place.disk))
        crew = stack.enter_context(Crew(wanted.rules, wanted.without, limits))
        work = Work(lake, wanted, catalog, workplace, crew, now, Radius(catalog.ruleset))
        if progress is not None:
            work.progress = progress
        yield work


def _refuse_unknown(outlet: str | None, lake: Lake, catalog: Catalog) -> None:
    """Refuse an outlet that no file names and no article of the lake has: every batch would be read for nothing."""
    known = {one["source"] for run in lake.runs().column("outlets").to_pylist() for one in run} - {None}
    if outlet is None or outlet in known or outlet in catalog.outlets:
        return
    close = difflib.get_close_matches(outlet, sorted(known), 1)
    hint = f"do you mean {close[0]}" if close else f"it has {', '.join(sorted(known)[:NAMED]) or 'none'}"
    raise LakeError(f"No article of {lake.path} is of an outlet {outlet!r}: {hint}")


__all__ = ["Progress", "ShardError", "Wanted", "radius", "reclean", "reclean_into"]
