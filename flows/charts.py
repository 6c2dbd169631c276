"""Draw the charts of the HTML report: values in, one inline SVG out. Drawn by matplotlib, readable in light and dark.

Text and axes take the colour of the page around them; the colours of the data are readable on white and on black.
"""

from __future__ import annotations

import datetime
import html
import io
import itertools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.dates import date2num
from matplotlib.figure import Figure

INK = "#010203"  # stands for the colour of the page's text, and is replaced by it
COLOURS = ("#3b82c4", "#d97b29", "#4f9d69", "#b0569f", "#8a8f3c", "#c0504d", "#5f8f9f", "#8c6bb1")
FEW_DAYS = 12  # each gets its own tick
WIDTH_INCHES, ROW_INCHES = 5.0, 0.28  # 360 points: on a phone, a point is a pixel and nothing is cut off
SETTINGS: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: searchable, in the reader's font
    "font.size": 9,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK),
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def bars(name: str, rows: Sequence[str], series: Mapping[str, Sequence[float]], *, percent: bool = False) -> str:
    """Draw horizontal bars, one a row, the series of a row one after the other."""
    with mpl.rc_context({**SETTINGS, "svg.hashsalt": name}):
        figure = Figure((WIDTH_INCHES, 0.9 + ROW_INCHES * len(rows)), layout="constrained")
        axes = figure.add_subplot()
        left = [0.0] * len(rows)
        for colour, (label, values) in zip(COLOURS, series.items(), strict=False):
            axes.barh([*rows], values, left=left, color=colour, label=label, height=0.7)
            left = [a + b for a, b in zip(left, values, strict=True)]
        axes.invert_yaxis()
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(_percent if percent else _count)
        if len(series) > 1:
            axes.legend(frameon=False, fontsize=8)
        return _svg(figure, name)


def days(
    name: str, at: Sequence[datetime.date], series: Mapping[str, Sequence[float]], *, percent: bool = False
) -> str:
    """Draw columns over days, the series of a day one on the other; as a line where the values are shares."""
    with mpl.rc_context({**SETTINGS, "svg.hashsalt": name}):
        figure = Figure((WIDTH_INCHES, 2.4), layout="constrained")
        axes = figure.add_subplot()
        below, places = [0.0] * len(at), _places(at)
        width = 0.8 * min((b - a for a, b in itertools.pairwise(places)), default=1.0)
        for colour, (label, values) in zip(COLOURS, series.items(), strict=False):
            if percent:
                axes.plot(places, values, color=colour, label=label, marker="o", markersize=3)
                axes.set_ylim(bottom=0)
                continue
            axes.bar(places, values, bottom=below, color=colour, label=label, width=width)
            below = [a + b for a, b in zip(below, values, strict=True)]
        axes.xaxis_date()
        axes.yaxis.set_major_formatter(_percent if percent else _count)
        if len(at) <= FEW_DAYS:
            months = all(day.day == 1 for day in at)
            axes.set_xticks(places, [f"{day:%Y-%m}" if months else f"{day:%Y-%m-%d}" for day in at])
        figure.autofmt_xdate(rotation=30)
        if len(series) > 1:
            axes.legend(frameon=False, fontsize=8)
        return _svg(figure, name)


def _places(at: Sequence[datetime.date]) -> list[float]:
    numbered: Any = date2num
    return [float(numbered(day)) for day in at]


def _svg(figure: Figure, name: str) -> str:
    """Write it as an element to stand in a page: no prologue, no size but its ratio, a name for who cannot see it."""
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    drawn = out.getvalue()
    drawn = drawn[drawn.index("<svg") :].replace(INK, "currentColor")
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r'(<svg [^>]*?)width="[^"]*"', r"\1", drawn, count=1)
    drawn = re.sub(r'(<svg [^>]*?)height="[^"]*"', r"\1", drawn, count=1)
    return drawn.replace("<svg ", f'<svg role="img" aria-label="{html.escape(name)}" ', 1)


def _percent(value: float, place: float) -> str:
    return f"{value:.0%}"


def _count(value: float, place: float) -> str:
    return f"{value:,.0f}" if value == int(value) else ""
