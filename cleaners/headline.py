"""Find where a linked headline ends when the text runs on without a line break.

After a marker (`Baca juga: `) flattened text holds a headline and then, with no stop between them, the story again.
In order of trust: a known title; a hard end (another marker, a byline, the paragraph's end), behind which a headline
cannot reach; and the trained model, which weighs every place before it. Where the model is not sure, the end is the
first place that may be the true one: part of the headline can stay, story is not eaten.

Known misses: a sub-heading in Title Case between headline and story looks like the headline's second clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cleaners.headline_features import places
from cleaners.headline_model import load_model
from cleaners.headline_words import EDGES, Vocabulary

EATS_STORY_CHANCE = 0.1  # while no more speaks for an earlier end, the end moves on; eats story in 0.9 of 100 pointers
GOES_ON_CHANCE = 0.15  # above it the end is called unsure: part of the headline may follow
MIN_KNOWN_LETTERS = 12  # a shorter stored title ("Foto", "Profil BI") also starts sentences
PREFIX_LETTERS = 12

# Each begins with a letter of its own, so that the search skips from one possible start to the next.
HARD_ENDS = (
    *(rf"{verb}\s+[Jj]uga\b" for verb in ("Baca", "baca", "Lihat", "Simak", "Tonton")),
    *(rf"{verb}\s+JUGA\b" for verb in ("BACA", "LIHAT", "SIMAK")),
    *(rf"{role}\s?:" for role in ("Pewarta", "Penerjemah", "Translator", "Editor", "Penulis", "Reporter", "Uploader")),
    *(rf"{credit}\s?:" for credit in ("Sumber", "Foto", "FOTO", "Laporan", "Selanjutnya")),
    r"Baca\s[Ss]elengkapnya",
    r"Foto/",
    r"FOTO/",
    r"Copyright\s*(?:©|\(c\))",
    r"COPYRIGHT",
    r"©",
    r"\((?:[a-z]{2,5}(?:/[a-z]{2,5})*|\*+)\)(?=\W*(?:$|[A-Z]))",
    r"\([A-Z]{2,4}\)(?=\s*$)",
    r"Artikel\sini\s(?:telah|sudah)\s",
    r"Berita\sini\s(?:telah|sudah)\s",
    r"Cek\sBerita\sdan\sArtikel",
    r"Cek\sfakta:",
    r"Dilarang\skeras\smengambil",
    r"A\spost\sshared\sby",
    r"Tampilkan\sSemua",
    r"ADVERTISEMENT",
    r"SCROLL\sTO\s",
    r"Scroll\sto\s",
    r"\[Gambas:",
    r"https?://",
    r"www\.",
    *(rf"{agency}\b" for agency in ("SHUTTERSTOCK", "Shutterstock", "PIXABAY", "Pixabay", "FREEPIK", "UNSPLASH")),
    r"DOK\.\s",
    r"Dok\.\s",
)
HARD_END = re.compile("|".join(HARD_ENDS))
MAX_WORD_CHARS = 40  # longer ones are glued
MAX_REGION_CHARS = 320  # 33 words of 9.7 characters
BRACKET = re.compile(r"[()]")
# A longer headline than the known one, or a longer word.
GOES_ON = re.compile(r"\w|[,:;] \w| [a-z]")
PAGES = "123456789"
BULLET = re.compile(r"[ \u00a0\-–—•*]+")


@dataclass(frozen=True, slots=True)
class HeadlineEnd:
    """Where a linked headline ends (exclusive); `certain` is False where part of it may stand after `end`.

    `evidence` is `known-title`, `hard-end`, `model`, or `part` (not certain).
    """

    end: int
    certain: bool
    evidence: str


class Known:
    """Look up stored headlines by how a text starts. Letters and digits count; case, quotes and spaces do not."""

    __slots__ = ("_by_prefix", "_count")

    def __init__(self, titles: Iterable[str] = ()) -> None:
        by_prefix: dict[str, set[str]] = {}
        for title in titles:
            folded = _fold(title)
            if len(folded) >= MIN_KNOWN_LETTERS:
                by_prefix.setdefault(folded[:PREFIX_LETTERS], set()).add(folded)
        self._by_prefix = {prefix: sorted(found, key=len, reverse=True) for prefix, found in by_prefix.items()}
        self._count = sum(map(len, self._by_prefix.values()))

    def __len__(self) -> int:
        return self._count

    def end_of(self, text: str, start: int) -> int | None:
        """Return where the longest known title that stands at `start` ends, or None."""
        if not (candidates := self._by_prefix.get(_fold(text[start : start + 4 * PREFIX_LETTERS])[:PREFIX_LETTERS])):
            return None
        window = text[start : start + MAX_REGION_CHARS]
        at = [i for i, letter in enumerate(window) if letter.isalnum()]
        folded = "".join(window[i].lower() for i in at)
        if len(folded) != len(at):  # a letter that lowers to two
            return None
        for title in candidates:
            if folded.startswith(title):
                end = at[len(title) - 1] + 1
                if GOES_ON.match(window, end) and not _is_glue(window, end):
                    continue
                return start + end + _closing(window, end)
        return None


def _fold(title: str) -> str:
    return "".join(letter for letter in title.lower() if letter.isalnum())


def _is_glue(window: str, at: int) -> bool:
    return window[at].isalnum() and (window[at].isupper() or window[at].isdigit() != window[at - 1].isdigit())


def _closing(window: str, end: int) -> int:
    """How many characters behind a title's last letter are still the title's."""
    bracket = r"\)?" if window.count("(", 0, end) > window.count(")", 0, end) else ""
    found = re.compile(rf"{bracket}(?:[?!…%+]|\.\.+)*(?:[”’'\"](?=\W|$))?").match(window, end)
    return found.end() - end if found else 0


def known_titles_in_a_row(text: str, start: int, known: Known) -> list[tuple[int, int]]:
    """Return the spans of known titles that follow one another from `start`, across spaces, dashes and bullets."""
    spans = []
    while (end := known.end_of(text, start)) is not None:
        spans.append((start, end))
        start = _past_bullet(text, end)
    return spans


def find_end(
    text: str, start: int, *, title: str | None = None, known: Known | None = None, story: float = EATS_STORY_CHANCE
) -> HeadlineEnd:
    """Say where the headline that begins at `start` ends; where that is unsure, how far it certainly reaches.

    `title` is the document's own headline: it shows whether the outlet writes Title Case. Of several headlines in a
    row the first one's end is returned; call again where another known title follows. `end == start` means that no
    headline stands there: `story` is the chance of that from which on it is taken for granted, at most the usual one.
    O(length of the text) at most, 0.3 ms for a usual article.
    """
    start = _past_bullet(text, start)
    if known is not None and (end := known.end_of(text, start)) is not None:
        return HeadlineEnd(end, True, "known-title")
    limit, hard = _region(text, start)
    model = load_model()
    found = places(text, start, limit, hard, title, model.vocabulary)
    so_far = model.chances(found.features).cumsum()
    if so_far[0] > story:
        return HeadlineEnd(start, False, "part")
    first = int((so_far > EATS_STORY_CHANCE).argmax())
    end = found.ends[first]
    if 1 - so_far[first] > GOES_ON_CHANCE:
        return HeadlineEnd(end, False, "part")
    if hard and end == limit:
        return HeadlineEnd(end, True, "hard-end")
    return HeadlineEnd(_before_brand(text, end, model.vocabulary), True, "model")


def _before_brand(text: str, end: int, vocabulary: Vocabulary) -> int:
    """Where `PondokiPhone` parts: the small letter of a brand that was glued to the headline is the story's."""
    if text[end - 1 : end] not in ("i", "e") or not text[end : end + 1].isupper():
        return end
    word = text[max(0, end - MAX_WORD_CHARS) : end].split(" ")[-1].strip(EDGES).lower()
    return end - 1 if word not in vocabulary.rows and word[:-1] in vocabulary.rows else end


def _past_bullet(text: str, start: int) -> int:
    found = BULLET.match(text, start)
    return found.end() if found else start


def _region(text: str, start: int) -> tuple[int, bool]:
    """Where the headline ends at the latest, and whether something hard stands there."""
    window_end = min(len(text), start + MAX_REGION_CHARS)
    line_end = text.find("\n", start, window_end)
    limit, hard = (line_end, True) if line_end >= 0 else (window_end, window_end == len(text))
    if found := HARD_END.search(text, start + 1, limit):
        limit, hard = found.start(), True
    bracket = _open_bracket_closes(text, start, limit)
    if bracket is not None:
        limit, hard = bracket, True
    if found and bracket is None and found.group().startswith("Tampilkan"):
        limit = _before_pages(text, start, limit)
    return _trimmed(text, start, limit), hard


def _before_pages(text: str, start: int, limit: int) -> int:
    """Where the page numbers of `12345Tampilkan Semua` begin; a number before them is the headline's."""
    first = text.rfind("1", start, limit)
    return first if first >= 0 and PAGES.startswith(text[first:limit].replace(" ", "")) else limit


def _open_bracket_closes(text: str, start: int, limit: int) -> int | None:
    """The first closing bracket that nothing behind `start` opened: the pointer itself stood in brackets."""
    depth = 0
    for found in BRACKET.finditer(text, start, limit):
        depth += 1 if found.group() == "(" else -1
        if depth < 0:
            return found.start()
    return None


def _trimmed(text: str, start: int, end: int) -> int:
    while end > start and text[end - 1] in " \u00a0\u200b-–—•*([":
        end -= 1
    return end
