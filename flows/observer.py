"""What may watch a run: the command line's progress bar, the log of a flow run, a test."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.plan import Shard
    from flows.prepare import Prepared


class Observer:
    """What a run tells while it goes on; override what you want to see. Called from several threads."""

    def planned(self, prepared: Prepared) -> None:
        """Tell what is going to be read, before anything is."""

    def cleaned(self, documents: int, of: int) -> None:
        """Tell how many documents are cleaned, now and then."""

    def published(self, shard: Shard, row: Mapping[str, Any] | None) -> None:
        """Tell the row of `runs` of a shard that is now in the lake; None: another run had done it."""

    def failed(self, shard: Shard, error: Exception) -> None:
        """Tell that a shard was given up."""

    def waiting(self, seconds: float) -> None:
        """Tell, several times a second, that another run holds the lake."""
