"""Read a time of publication as Indonesian, Malay and English pages, scrapers and spreadsheets write it; never guess.

What is read: ISO 8601, RFC 2822, C and JavaScript dates, `Rabu, 18 Jun 2025 07:30 WIB`, `Oktober 19, 2019`,
`13+December+2018`, `18/06/2025, 21:35 WIB`, `20250618`, Unix seconds and milliseconds. A time without a zone is
Jakarta's. `05/04/2021` is 5 April, as Indonesia writes it, unless the URL's date or the weekday says otherwise. Known
miss: a column of American dates (`9/10/2025`) without either is read day first where both numbers are below 13.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from cleaners.article import DatePrecision, Published

UTC = datetime.UTC
JAKARTA = datetime.timezone(datetime.timedelta(hours=7), "WIB")  # fixed: no change of offset since 1964
FIRST_YEAR, LAST_YEAR = 1990, 2100  # online news begins with the first; beyond is a typo or another kind of number
_FIRST_SECOND, _LAST_SECOND = (
    datetime.datetime(at, 1, 1, tzinfo=UTC).timestamp() for at in (FIRST_YEAR, LAST_YEAR + 1)
)
MAX_CHARACTERS = 200  # a longer string is a text that mentions a date, not a date
MAX_DATES = 4  # a line with more is a list

_MONTH_NAMES = """
    januari january jan | februari pebruari february feb peb | maret march mac mar mrt | april apr | mei may
    | juni june jun | juli july julai jul | agustus august ogos agt ags agu aug ogo | september sept sep
    | oktober october okt oct | november nopember nov nop | desember december disember des dec dis
"""
_DAY_NAMES = """
    senin isnin monday mon sen isn | selasa tuesday tue tues sel | rabu wednesday wed rab
    | kamis khamis thursday thu thur thurs kam kha | jumat jum'at jumaat friday fri jum | sabtu saturday sat sab
    | minggu ahad sunday sun min ahd
"""
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES.split("|"), 1) for name in names.split()}
_WEEKDAYS = {name: number for number, names in enumerate(_DAY_NAMES.split("|")) for name in names.split()}
_ZONE_HOURS = {
    "wib": 7, "wita": 8, "wit": 9, "myt": 8, "sgt": 8, "utc": 0, "gmt": 0, "z": 0, "jst": 9,
    "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,  # as RFC 2822 has them
}  # fmt: skip

_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"))
_QUOTES = {ord(mark): "'" for mark in "`´‘’ʼ"}

_YEAR_FIRST = re.compile(r"(?<![\d/.-])(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?![\d/-]|\.\d)")
_NUMBERS = re.compile(r"(?<!\d)(?<!\d[/.-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|(?<!\.)\d\d)(?![\d/-]|[.:]\d)")
_MONTH = f"({'|'.join(sorted(_MONTHS, key=len, reverse=True))})"
_DAY_FIRST = re.compile(
    rf"(?<!\w)(?<!\d[/.-])(?<!\d [-–] )(\d{{1,2}})(?:st|nd|rd|th)?[\s.,+/_-]*{_MONTH}\.?[\s.,+/'_-]*"
    r"(\d{4}|\d\d)(?!\d|[.:]\d\d)"
)
_MONTH_FIRST = re.compile(
    rf"(?<![a-z]){_MONTH}\.?[\s+-]*(\d{{1,2}})(?:st|nd|rd|th)?[\s,+]+"
    r"(?=(?:\d{1,2}:\d\d(?::\d\d)?\s+(?:[a-z]{3,4}\s+)?)?(\d{4})(?![\d.:]))"  # C puts the time before the year
)
_TIME = re.compile(
    r"(?<![\d.:/])(\d{1,2})[.:](\d\d)(?:[.:](\d\d)(?:[.,](\d{1,9}))?)?(?!\d)\s*(?:([ap])\.?m\b\.?)?\s*"
    r"(?:\(?([a-z]{3,4}|z)(?![a-z]))?\s*([+-]\d\d(?::?\d\d)?(?!\d)|[+-]\d(?!\d))?"
)
_DIGIT = re.compile(r"\d")
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(?:t?(\d\d)(\d\d)(\d\d)?(z|[+-]\d\d:?\d\d)?)?")
_NUMBER = re.compile(r"\d{9,13}(?:\.\d*)?")
_UPDATED = re.compile(r"(?:diperbarui|diperbaharui|pembaruan|update|modified|edited|revisi|kemas ?kini)\w*\W*$")
_URL_DATE = re.compile(r"(?<!\d)((?:19|20)\d\d)(?:([/-])(\d{1,2})\2(\d{1,2})(?!\d)|(\d\d)(\d\d)(?:\d{6})?(?!\d))")


class _Dates(NamedTuple):
    """A date found in a text: its readings, likeliest first (one unless it is ambiguous), and where it stands."""

    readings: tuple[datetime.date, ...]
    start: int
    end: int
    hidden: datetime.date | None = None  # a reading that only the URL can bring up


def parse_published(text: str, *, url: str | None = None) -> Published | None:
    """Read when an article was published, in UTC; None where the text names no date, or more than one.

    `text` is a date with what scrapers leave around it (`Diperbarui 18 Jun 2025, 14:05 WIB`, `Kompas.com- …`). The
    date in `url` decides between day and month, and over year-first dates that a spreadsheet has swapped. A date
    without a usable time, or at midnight to the second, has the precision of a day and stands at Jakarta's midnight.
    Total: any string is taken; years outside 1990 to 2100 and spreadsheet serials (`43812`) are None.
    """
    line = _plain(text) if len(text) <= MAX_CHARACTERS else ""
    if line[:8].isdigit():
        return _from_digits(line)
    return _from_words(line, date_in_url(url) if url else None) if _DIGIT.search(line) else None


def date_in_url(url: str) -> datetime.date | None:
    """Find the day in a URL's path: `/2019/09/10/`, `/20190910`, `/20190910213512-`; None where there is none."""
    for match in _URL_DATE.finditer(url[:2_000]):  # a longer URL is junk
        year, _, month, day, short_month, short_day = match.groups()
        if found := _date(year, month or short_month, day or short_day):
            return found
    return None


def _plain(text: str) -> str:
    """One line of plain spaces, lower case and ASCII digits, quotes alike, invisible characters gone."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_QUOTES)).translate(_INVISIBLE)
    return " ".join(text.lower().split())


def _from_digits(line: str) -> Published | None:
    """Unix seconds or milliseconds, or `20250618`, `202506180730`, `20250618T073000Z`; nothing else of digits only."""
    if _NUMBER.fullmatch(line):
        seconds = float(line) / (1000 if len(line.partition(".")[0]) > 10 else 1)
        if _FIRST_SECOND <= seconds < _LAST_SECOND:
            return Published(datetime.datetime.fromtimestamp(seconds, UTC), DatePrecision.SECOND)
    return _from_compact(line)


def _from_compact(line: str) -> Published | None:
    match = _COMPACT.fullmatch(line)
    day = match and _date(match[1], match[2], match[3])
    if not match or not day:
        return None
    if match[4] is None:
        return _whole_day(day)
    time = f"{match[4]}:{match[5]}" + (f":{match[6]}" if match[6] else "") + (match[7] or "")
    return _with_times(day, _TIME.finditer(time))


def _from_words(line: str, url_date: datetime.date | None) -> Published | None:
    found = _find_dates(line)
    index = _first_published(line, found)
    if index is None:
        return None
    dates = found[index]
    day = _decide(dates, url_date, line)
    after = line[dates.end : found[index + 1].start if index + 1 < len(found) else None]
    before = line[found[index - 1].end if index else 0 : dates.start]
    return _with_times(day, list(_TIME.finditer(after)) or _TIME.finditer(before))


def _find_dates(line: str) -> list[_Dates]:
    """All dates in a line in their order; month first (the costly search) only where there is no other."""
    found = [*map(_year_first, _YEAR_FIRST.finditer(line)), *map(_numbers, _NUMBERS.finditer(line))]
    found += [_named(match, match[1], match[2], match[3]) for match in _DAY_FIRST.finditer(line)]
    if not found:
        found = [_named(match, match[2], match[1], match[3]) for match in _MONTH_FIRST.finditer(line)]
    return sorted(found, key=lambda dates: dates.start) if len(found) > 1 else found


def _year_first(match: re.Match[str]) -> _Dates:
    year, _, month, day = match.groups()
    date = _date(year, month, day)
    return _Dates((date,) if date else (), match.start(), match.end(), _date(year, day, month))


def _numbers(match: re.Match[str]) -> _Dates:
    first, _, second, year = match.groups()
    readings = (_date(year, second, first), _date(year, first, second))
    return _Dates(tuple(date for date in readings if date), match.start(), match.end())


def _named(match: re.Match[str], day: str, month: str, year: str) -> _Dates:
    date = _date(year, _MONTHS[month], day)
    return _Dates((date,) if date else (), match.start(), match.end())


def _first_published(line: str, found: list[_Dates]) -> int | None:
    """The index of the date that is the publication's: the only one, or the only one not marked as an update."""
    if len(found) < 2:
        return 0 if found and (found[0].readings or found[0].hidden) else None
    plain = [i for i, dates in enumerate(found) if not _UPDATED.search(line, 0, dates.start)]
    days = {found[i].readings for i in plain}
    return plain[0] if len(days) == 1 and found[plain[0]].readings and len(found) <= MAX_DATES else None


def _decide(dates: _Dates, url_date: datetime.date | None, line: str) -> datetime.date | None:
    """The reading that the URL's date bears out, else the one that the weekday does, else the likeliest."""
    if url_date:
        for reading in (*dates.readings, dates.hidden):
            if reading and abs((reading - url_date).days) <= 1:  # near midnight the two may differ by a day
                return reading
    if len(dates.readings) > 1:
        weekday = next((_WEEKDAYS[word] for word in re.findall(r"[a-z']+", line) if word in _WEEKDAYS), None)
        for reading in dates.readings:
            if reading.weekday() == weekday:
                return reading
    return dates.readings[0] if dates.readings else None


def _date(year: str, month: str | int, day: str) -> datetime.date | None:
    """A calendar day in the range of years that can be; two digits of a year mean 1990 to 2089."""
    number = int(year)
    if len(year) == 2:
        number += 1900 if number >= FIRST_YEAR - 1900 else 2000
    if not FIRST_YEAR <= number <= LAST_YEAR:
        return None
    try:
        return datetime.date(number, int(month), int(day))
    except ValueError:
        return None


def _with_times(day: datetime.date | None, times: Iterable[re.Match[str]]) -> Published | None:
    """Put the one time that stands beside a date to it; several, or none that can be, leave the day."""
    if day is None:
        return None
    read = [(match, time) for match in times if (time := _read_time(day, match))]
    exact = list(dict.fromkeys(time for match, time in read if not _is_midnight(match, time)))
    return exact[0] if len(exact) == 1 else _whole_day(day)


def _is_midnight(match: re.Match[str], time: Published) -> bool:
    """Whether a time to the second is written 00:00:00: what spreadsheets make of a day without a time."""
    return time.precision is DatePrecision.SECOND and re.match(r"\D*0?0[:.]00[:.]00(?!\d)", match.group()) is not None


def _whole_day(day: datetime.date) -> Published:
    at = datetime.datetime(day.year, day.month, day.day, tzinfo=JAKARTA)
    return Published(at.astimezone(UTC), DatePrecision.DAY)


def _read_time(day: datetime.date, match: re.Match[str]) -> Published | None:
    hour_text, minute, second, fraction, half, zone, offset = match.groups()
    hour = int(hour_text)
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    tz = _zone(zone, offset)
    if tz is None or hour > 23 or int(minute) > 59 or int(second or 0) > 59:
        return None
    micro = int((fraction or "")[:6].ljust(6, "0"))
    at = datetime.datetime(day.year, day.month, day.day, hour, int(minute), int(second or 0), micro, tz)
    return Published(at.astimezone(UTC), DatePrecision.SECOND if second else DatePrecision.MINUTE)


def _zone(name: str | None, offset: str | None) -> datetime.tzinfo | None:
    """The zone named or written as an offset; Jakarta where there is neither; None for an offset that cannot be."""
    hours = _ZONE_HOURS.get(name) if name else None
    if offset is None:
        return JAKARTA if hours is None else datetime.timezone(datetime.timedelta(hours=hours))
    digits = offset[1:].replace(":", "")
    whole, minutes = int(digits[:2]), int(digits[2:] or 0)
    if whole > 14 or minutes > 59:
        return None
    delta = datetime.timedelta(hours=whole, minutes=minutes)
    return datetime.timezone(-delta if offset[0] == "-" else delta)
