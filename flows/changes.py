"""Say what came into a lake, for people and for programs: `saring lake changes`."""

from __future__ import annotations

import datetime
import json

from lake.changes import Change, Changes

SHORT_ID = 12  # hex digits; enough to ask for an article


def change_line(change: Change) -> str:
    """Say a change in one line: when, what, which, from whom."""
    row = change.row
    said = f"{change.at:%Y-%m-%d %H:%M}  {change.kind:<9}  {row['id'][:SHORT_ID]}"
    if row["cluster_id"] is None:
        return said
    of = f"  (of {row['duplicate_of'][:SHORT_ID]})" if row["duplicate_of"] else ""
    return f"{said}  {row['source'] or '(unknown)'}: {row['title'] or '(no title)'}{of}"


def change_json(change: Change) -> str:
    """Say a change as one JSON object."""
    row = {name: _time(value) if isinstance(value, datetime.datetime) else value for name, value in change.row.items()}
    return json.dumps({"kind": change.kind, "changed": _time(change.at), **row}, ensure_ascii=False)


def cursor_line(found: Changes) -> str:
    """Say where to go on."""
    return f"Next time: --since {_time(found.cursor)}"


def cursor_json(found: Changes) -> str:
    """Say where to go on, as the last JSON object."""
    return json.dumps({"kind": "cursor", "changed": _time(found.cursor)})


def _time(time: datetime.datetime) -> str:
    return time.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
