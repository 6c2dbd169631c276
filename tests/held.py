"""Runs that wait in the middle for whoever tests them: a child that cleans stops at a document while a file is there.

However slow or busy a machine is, what is to be killed is still at work, and nobody has to be quick.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

HOLD = "SARING_TEST_HOLD"  # the file
HELD = "SARING_TEST_HELD"  # the first document, by its id, that waits while the file is there
SITE = f"""import os, sys, time
if "flows.shard" in sys.orig_argv:
    from cleaners import pipeline
    def clean(document, *given, clean=pipeline.clean, **named):
        while int(document.id or 0) >= int(os.environ["{HELD}"]) and os.path.exists(os.environ["{HOLD}"]):
            time.sleep(0.1)
        return clean(document, *given, **named)
    pipeline.clean = clean
"""


def holding(folder: Path, at: int, more: str = "") -> dict[str, str]:
    """What the processes of a run have in their environment; `more` is what each of them does as it starts."""
    site = folder / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(SITE + more)
    return {"PYTHONPATH": str(site), HOLD: str(folder / "hold"), HELD: str(at)}


def hold(environment: Mapping[str, str]) -> None:
    """From now on runs wait."""
    Path(environment[HOLD]).touch()


def let_go(environment: Mapping[str, str]) -> None:
    """They go on."""
    Path(environment[HOLD]).unlink(missing_ok=True)
