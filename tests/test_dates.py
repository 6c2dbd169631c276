"""Dates: what cannot be read stays unread, and every form that outlets and scrapers write is read right."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cleaners.article import DatePrecision, Published
from cleaners.dates import FIRST_YEAR, LAST_YEAR, MAX_CHARACTERS, date_in_url, parse_published

UNREADABLE = {
    "a scraper's excuse": "Tidak Ditemukan",
    "another": "Tanggal tidak ditemukan",
    "a column's name": "tanggal",
    "nothing": "",
    "a blank": " ",
    "an Excel serial": "43812",
    "an Excel serial with a time": "43812.5",
    "30 February": "30 Februari 2024",
    "30 February in numbers": "30/02/2024",
    "month 13 both ways": "13/13/2024",
    "a year first date that cannot be": "2024-13-40",
    "a month": "Juni 2025",
    "a year": "2025",
    "two dates": "18 Juni 2025, 20 Juni 2025",
    "a range of days": "18-20 Juni 2025",
    "a range of days with spaces": "18 - 20 Juni 2025",
    "long ago": "18 Juni 1889",
    "too far": "18 Juni 2101",
    "a time alone": "10.12.20",
    "an id": "7961581",
    "an id of ten digits": "9999999999",
    "a phone number": "0812-3456-7890",
    "an age of the page": "3 jam yang lalu",
    "a month that is none": "18 Jumadil 2025",
    "an address": "192.168.10.2025",
    "a version": "1.2.2025.3",
    "a text that mentions a date": "Warga menunggu. " * 12 + "18 Juni 2025",
}


@pytest.mark.parametrize("text", UNREADABLE.values(), ids=UNREADABLE)
def test_what_names_no_single_day_is_none(text: str) -> None:
    assert parse_published(text) is None


READ = [
    # as outlets write it
    ("Rabu, 18 Jun 2025 07:30 WIB", "2025-06-18T07:30+07:00"),
    ("Sabtu, 31 Mei  2025 12:03 WIB", "2025-05-31T12:03+07:00"),
    ("Rabu   18 Jun 2025  22:02 WIB", "2025-06-18T22:02+07:00"),
    ("Kamis 18 Jan 2024 08:25 WIB", "2024-01-18T08:25+07:00"),
    ("Diperbarui 18 Jun 2025, 14:05 WIB", "2025-06-18T14:05+07:00"),
    ("Kompas.com- 18/06/2025, 21:35 WIB", "2025-06-18T21:35+07:00"),
    ("Kompas.com- Diperbarui 19/06/2025, 10:25 WIB", "2025-06-19T10:25+07:00"),
    (",\xa0Jurnalis-Jum'at, 13 Juni 2025 |19:04 WIB", "2025-06-13T19:04+07:00"),
    ("Jum’at, 01 Mei 2020 - 23:59 WIB", "2020-05-01T23:59+07:00"),
    ("Senin, 28 April 2025 / 20:46 WIB", "2025-04-28T20:46+07:00"),
    (" Jumat, 26 Agustus 2022 | 08:35 WIB , ", "2022-08-26T08:35+07:00"),
    ("18 Juni 2025 | 20.04 WIB", "2025-06-18T20:04+07:00"),
    ("Kamis, 5 Nop 2020 pukul 9.05 WIB", "2020-11-05T09:05+07:00"),
    ("Minggu, 7 Pebruari 2021 10:00", "2021-02-07T10:00+07:00"),
    ("18 Jun 2025 10:00 WITA", "2025-06-18T10:00+08:00"),
    ("18 Jun 2025 10:00 (WIT)", "2025-06-18T10:00+09:00"),
    ("18 Juni 2025 00:00 WIB", "2025-06-18T00:00+07:00"),
    ("07:30 WIB, 18 Juni 2025", "2025-06-18T07:30+07:00"),
    ("Liputan6.com, 18 Jun 2025 10:00", "2025-06-18T10:00+07:00"),
    ("Terbit 18 Juni 2025 10:00 WIB, diperbarui 19 Juni 2025 11:00 WIB", "2025-06-18T10:00+07:00"),
    ("Diperbarui: 19/06/2025 11:00 - Tayang: 18/06/2025 10:00", "2025-06-18T10:00+07:00"),
    # Malay and English
    ("Khamis, 5 Disember 2024 9:05 PM", "2024-12-05T21:05+07:00"),
    ("Isnin, 3 Mac 2025 18:00 MYT", "2025-03-03T18:00+08:00"),
    ("Jumaat, 18 Julai 2025 12:00 am", "2025-07-18T00:00+07:00"),
    ("18 Ogos 2023, 7.15 pm", "2023-08-18T19:15+07:00"),
    ("June 18th, 2025 7:30 p.m.", "2025-06-18T19:30+07:00"),
    # as machines write it
    ("Mon, 18 Sep 2023 11:40:51 +0700", "2023-09-18T11:40:51+07:00"),
    ("Wed, 18 Jun 2025 07:30:00 GMT", "2025-06-18T07:30:00+00:00"),
    ("Wed, 18 Jun 2025 07:30:05 EST", "2025-06-18T07:30:05-05:00"),
    ("Wed Jun 18 07:30:05 2025", "2025-06-18T07:30:05+07:00"),
    ("Wed Jun 18 07:30:05 WIB 2025", "2025-06-18T07:30:05+07:00"),
    ("Wed Jun 18 2025 07:30:05 GMT+0700 (Western Indonesia Time)", "2025-06-18T07:30:05+07:00"),
    ("2025-06-15T23:52:00Z", "2025-06-15T23:52:00+00:00"),
    ("2025-06-15T23:52:00.123456+07:00", "2025-06-15T23:52:00.123456+07:00"),
    ("2025-06-15T23:52:11", "2025-06-15T23:52:11+07:00"),
    ("2025-06-15 23:52", "2025-06-15T23:52+07:00"),
    ("2025/06/15 23:52:11 -0330", "2025-06-15T23:52:11-03:30"),
    ("20250618T073001Z", "2025-06-18T07:30:01+00:00"),
    ("202506180730", "2025-06-18T07:30+07:00"),
    ("1750235400", "2025-06-18T08:30:00+00:00"),
    ("1750235400.0", "2025-06-18T08:30:00+00:00"),
    ("1750235400000", "2025-06-18T08:30:00+00:00"),
    ("4102444799", "2099-12-31T23:59:59+00:00"),
    # as spreadsheets leave it
    ("10/21/2025 20:43", "2025-10-21T20:43+07:00"),
    ("24/05/21 10.33", "2021-05-24T10:33+07:00"),
    ("10-Sep-19 23:04", "2019-09-10T23:04+07:00"),
    ("2019-10-09 00:00:00 21:48 WIB", "2019-10-09T21:48+07:00"),
    ("2019-09-13 00:00:00 23:15:00", "2019-09-13T23:15:00+07:00"),
    ("05/04/2021 10:00", "2021-04-05T10:00+07:00"),
    ("Rabu, 05/04/2021 10:00", "2021-04-05T10:00+07:00"),  # neither reading is a Wednesday: day first
    ("Selasa, 05/04/2021 10:00", "2021-05-04T10:00+07:00"),
    ("Monday, 04/05/2021 10:00", "2021-04-05T10:00+07:00"),
]


@pytest.mark.parametrize(("text", "expected"), READ, ids=[text for text, _ in READ])
def test_a_time_is_read_to_the_minute_or_second(text: str, expected: str) -> None:
    precision = DatePrecision.SECOND if expected.count(":") > 2 else DatePrecision.MINUTE
    at = datetime.datetime.fromisoformat(expected).astimezone(datetime.UTC)
    assert parse_published(text) == Published(at, precision)


DAYS = [
    ("06 Jun 2025", "2025-06-06"),
    ("13+December+2018", "2018-12-13"),
    ("Oktober 19, 2019 -", "2019-10-19"),
    ("2018-12-13", "2018-12-13"),
    ("20250618", "2025-06-18"),
    ("18.06.2025", "2025-06-18"),
    ("١٨/٠٦/٢٠٢٥", "2025-06-18"),
    ("18 Juni\u200e 2025", "2025-06-18"),
    ("2026-02-19T00:00:00", "2026-02-19"),  # midnight to the second is a day that a program filled up
    ("2026-02-19T00:00:00+07:00", "2026-02-19"),
    ("2026-02-19T00:00:00Z", "2026-02-19"),
    ("2025-06-18 25:10", "2025-06-18"),  # the day can be read, the time cannot
    ("18 Juni 2025 10:00 12:00", "2025-06-18"),  # one of two times
]


@pytest.mark.parametrize(("text", "day"), DAYS, ids=[text for text, _ in DAYS])
def test_a_day_stands_at_midnight_in_jakarta(text: str, day: str) -> None:
    at = datetime.datetime.fromisoformat(f"{day}T00:00+07:00").astimezone(datetime.UTC)
    assert parse_published(text) == Published(at, DatePrecision.DAY)


BY_URL = [
    ("an unswapped date stays", "2019-09-10", "https://contoh.id/read/2019/09/10/1/a", "2019-09-10"),
    ("a day apart stays", "2019-09-14", "https://contoh.id/read/2019/09/13/1/a", "2019-09-14"),
    ("another date stays", "2018-12-13", "https://contoh.id/read/20190129/93/a", "2018-12-13"),
    ("no date in the URL", "2019-10-09", "https://contoh.id/a-20", "2019-10-09"),
    ("swapped by a spreadsheet", "2019-10-09 00:00:00", "https://contoh.id/read/2019/09/10/1/a", "2019-09-10"),
    ("swapped, compact URL", "2019-10-09", "https://contoh.id/read/20190910/93/a", "2019-09-10"),
    ("swapped, URL with a time", "2019-10-09", "https://contoh.id/20190910213512-185-1/a", "2019-09-10"),
    ("a month that cannot be", "2019-13-09", "https://contoh.id/2019/09/13/a", "2019-09-13"),
    ("numbers, month first by the URL", "9/10/2025", "https://contoh.id/2025/09/10/a", "2025-09-10"),
    ("numbers, day first by the URL", "9/10/2025", "https://contoh.id/2025/10/09/a", "2025-10-09"),
]


@pytest.mark.parametrize(("text", "url", "day"), [row[1:] for row in BY_URL], ids=[row[0] for row in BY_URL])
def test_the_url_decides_between_day_and_month(text: str, url: str, day: str) -> None:
    found = parse_published(text, url=url)
    assert found is not None
    assert (found.at + datetime.timedelta(hours=7)).date().isoformat() == day


@pytest.mark.parametrize(
    ("url", "day"),
    [
        ("https://contoh.id/berita/20191234/a", None),
        ("https://contoh.id/d-20190910123/a", None),
        ("https://contoh.id/2019/9/1/a", "2019-09-01"),
        ("https://contoh.id/a-2019-09-10", "2019-09-10"),
        ("", None),
    ],
)
def test_a_day_in_a_url_is_a_calendar_day(url: str, day: str | None) -> None:
    found = date_in_url(url)
    assert (found and found.isoformat()) == day


MONTHS = [
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
]
SHORT = ["Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"]


@given(st.datetimes(datetime.datetime(FIRST_YEAR, 1, 2), datetime.datetime(LAST_YEAR, 12, 30)), st.booleans())
def test_every_day_is_read_back_from_indonesian(moment: datetime.datetime, short: bool) -> None:
    moment = moment.replace(second=0, microsecond=0)
    name = (SHORT if short else MONTHS)[moment.month - 1]
    found = parse_published(f"{moment.day} {name} {moment.year:04} {moment:%H:%M} WIB")
    assert found is not None
    assert found.at.replace(tzinfo=None) == moment - datetime.timedelta(hours=7)


@given(st.text() | st.text("0123456789/-.: TZ+WIB,AprMei", max_size=40), st.none() | st.text())
@example("\ud800 18 Juni 2025 \udfff", None)
@example("9" * MAX_CHARACTERS, "2019/02/30")
@example("1990-01-01T00:00:00+14:00", None)
@example("2100-12-31 23:59:59 -14:00", None)
def test_any_string_is_taken_and_nothing_outside_the_years_comes_back(text: str, url: str | None) -> None:
    found = parse_published(text, url=url)
    assert found is None or (
        found.at.tzinfo is datetime.UTC
        and (found.at + datetime.timedelta(days=1)).year >= FIRST_YEAR
        and (found.at - datetime.timedelta(days=1)).year <= LAST_YEAR
    )
