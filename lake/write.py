"""Write one batch to a lake: all its tables or nothing, and the same bytes for the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class BatchTables:
    """What one shard writes: its tables by name (`runs` with its one row; a table left out is empty).

    `batch` is a hash of the shard's input alone, `ruleset` the fingerprint of the rules: together they name its files.
    """

    batch: str
    ruleset: str
    tables: Mapping[str, pa.Table]
