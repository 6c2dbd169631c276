"""Say counts, time spans and titles in words."""

from __future__ import annotations

WIDTH = 48  # of a title in a list


def several(number: int, noun: str) -> str:
    """Count a noun: `1 file`, `3 files`, `2 copies`, `4 batches`."""
    plural = noun[:-1] + "ies" if noun.endswith("y") else noun + ("es" if noun.endswith("ch") else "s")
    return f"{number:,} {noun if number == 1 else plural}"


def duration(seconds: float) -> str:
    """Say a time span: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 1:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def headline(title: str | None) -> str:
    """Say a title in a list: shortened, or that there is none."""
    title = title or "(no title)"
    return title if len(title) <= WIDTH else title[: WIDTH - 1] + "…"
