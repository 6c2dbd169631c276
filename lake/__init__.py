"""Remember: Parquet and nothing else."""

from lake.accounts import BatchInput, run_row
from lake.layout import LakeError
from lake.store import Lake
from lake.write import BatchTables

__all__ = ["BatchInput", "BatchTables", "Lake", "LakeError", "run_row"]
