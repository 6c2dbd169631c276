"""`saring` with shards of a few documents, so that a short run has many batches; for tests that kill it.

usage: small_shards.py DOCUMENTS locked|unlocked ARGUMENTS…     unlocked: as if the lake had no lock, to see what breaks
"""

import contextlib
import sys

from flows import cli, plan
from lake import store

if __name__ == "__main__":
    plan.SHARD_DOCUMENTS = int(sys.argv[1])
    if sys.argv[2] == "unlocked":
        store._try_lock = lambda handle: True
        store.fcntl = contextlib.nullcontext()  # type: ignore[attr-defined]
        store.fcntl.flock, store.fcntl.LOCK_UN = lambda *_: None, 0
    cli.main(sys.argv[3:])
