"""Raw text -> the text that all offsets refer to: NFC, one paragraph a line, no blank lines, single plain blanks.

Damage is mended here, before any rule looks: mojibake, entities, sentences broken at links, paragraphs joined by commas
or by runs of blanks. Each repair is named in `Article.repairs`; what is only white space is not.
"""

from __future__ import annotations

import html
import re
import unicodedata

import ftfy
from ftfy.badness import is_bad

from cleaners.article import Article

# What cannot be text: control characters (not tab, line feed, form feed, carriage return) and lone surrogates.
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]")
_LINE_BREAKS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_BLANKS = re.compile(r"[^\S\n ]")
# Whatever one of the four patterns above takes: a text without is the rule.
_ODD = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\xa0\xad\u1680\u180e\u2000-\u200b\u200e\u200f\u2028-\u202f\u205f\u2060\u2066-\u2069\u3000"
    "\ud800-\udfff\ufeff]"
)
_RUN = re.compile(r" {2,}")
_ENTITY = re.compile(r"&(?:#\d{1,6}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,8});")
# Mac-Roman readings of UTF-8 quotes, dashes, no-break spaces and accents: Excel for Mac wrote a third of one corpus so.
_MAC_ROMAN = re.compile("‚Ä|¬†|√[©®°∂≠]|Ô[ªø]")
# First characters of UTF-8 read as cp1252 or Latin-1; texts without one of them are not shown to ftfy.
_LEADS = re.compile("[ÂÃÄÅÎÏÐÑØÙâãäåæçðï]")
_SUSPECT = re.compile("[‚¬√ÔÂÃÄÅÎÏÐÑØÙâãäåæçðï]")  # without one of these neither pattern above matches
# Signs of Mac-Roman that rule out the encodings which ftfy tries before it: the root is in none of them; the others
# are continuation bytes in all, which cannot follow ASCII, nor what ftfy puts in place of bytes that were lost.
_MAC_ROMAN_ONLY = re.compile("√|(?:^|[\x00-\x7f]{3})[‚¬]")
# Other than ASCII and signs that no pattern of ftfy's `is_bad` is made of alone; a test tries them all.
_NOT_PLAIN = re.compile("[^\x00-\x7f“”‘’–—…\xa0]")
# A joint follows a stop, a quote, a bracket, or another comma: most texts have too few of these to look on.
_COMMA_BEHIND = re.compile(r',(?:(?<=[.!?”":),],)|(?<=[.!?”"] ,))')
# Each branch behind the comma, so that the search skips from comma to comma.
# A quotation may close behind it (`sudah selesai?," kata Sari`), which then is none; a blank may stand before it.
_COMMA_JOINT = re.compile(
    r',(?:(?<=[.!?”":)],),*(?=[^\s,\d])(?!["”] [a-z])|(?<=[.!?”"] ,)(?=[A-Z"“](?! ))|,+(?=\S)|(?<=\S,),+)'
)
# Not behind a pointer's marker: `Baca juga:   Jembatan Lama Ditutup` is one line.
_PARAGRAPH_GAP = re.compile(r"(?<! )(?<!juga:)(?<!Juga:)(?<!JUGA:) {2,}(?=[A-Z0-9\"“‘(\[])")
_STOPPED_GAP = re.compile(r"[.!?”\")] {2,}(?=[A-Z\"“‘])")
_DASHES = re.compile(r"[-–—]{1,3}")

# Words that no paragraph ends with.
_OPEN_WORDS = frozenset(
    [
        "ke",
        "di",
        "dari",
        "dan",
        "atau",
        "yang",
        "oleh",
        "dengan",
        "untuk",
        "pada",
        "dalam",
        "para",
        "sang",
        "si",
        "adalah",
        "kepada",
        "bagi",
        "of",
        "the",
        "by",
    ]
)

MIN_COMMA_JOINTS = 3  # fewer are a slip of the keyboard
MIN_STOPPED_GAPS = 2
MIN_BULLETS = 2  # dashes alone on their lines: one may belong to a dateline, more head the items of a list
REJOIN_MIN_CHARACTERS = 25  # a shorter line without a stop is a list item as often as half a sentence


def normalize(raw: str) -> Article:
    """Return the normalised article; total for any string."""
    repairs: list[str] = []
    odd = _ODD.search(raw) is not None
    text = _decode(raw, odd, repairs)
    if odd or text is not raw:
        text = text.replace("\xa0", " ")  # the usual one, without a pattern
        odd = _ODD.search(text) is not None
    if odd:
        text = _INVISIBLE.sub("", _LINE_BREAKS.sub("\n", text))
    text = _unwrap(text, repairs)
    if odd:
        text = _BLANKS.sub(" ", text)
    text = _split_paragraphs(text, repairs)
    lines = _rejoin([line.strip(" ") for line in text.split("\n")], repairs)
    text = _split_joints("\n".join(line for line in lines if line), repairs)
    if "comma-paragraphs" in repairs:
        text = "\n".join(_rejoin(text.split("\n"), repairs))
    if "comma-paragraphs" in repairs or "  " in text:  # else every line is stripped already
        edges = " ," if "comma-paragraphs" in repairs else " "
        text = "\n".join(filter(None, (_RUN.sub(" ", line).strip(edges) for line in text.split("\n"))))
    return Article(unicodedata.normalize("NFC", text), tuple(repairs))


def _decode(raw: str, odd: bool, repairs: list[str]) -> str:
    """Mend what happened to the characters: no-text characters (only where text is `odd`), entities, mojibake."""
    text = raw
    if odd and _NO_TEXT.search(text):
        text = _NO_TEXT.sub("", text)
        repairs.append("control-characters")
    if "&" in text and _ENTITY.search(text):
        mended = html.unescape(
            _ENTITY.sub(lambda found: html.unescape(found.group()), text) if "&amp;" in text else text
        )
        if mended != text:
            text = _NO_TEXT.sub("", mended)
            repairs.append("entities")
    if not text.isascii() and _SUSPECT.search(text) and _looks_misread(text):
        mended = "\n".join(map(_mend, text.split("\n")))
        if mended != text:
            text = _NO_TEXT.sub("", mended)
            repairs.append("mojibake")
    return text


def _looks_misread(text: str) -> bool:
    return _MAC_ROMAN.search(text) is not None or (_LEADS.search(text) is not None and is_bad(text))


def _mend(line: str) -> str:
    """What `ftfy.fix_encoding` gives, sooner where a line is all Mac-Roman: ftfy tries eight encodings before it."""
    if line.isascii():
        return line
    sure = _MAC_ROMAN_ONLY.search(line)
    if sure is None or not is_bad(line[sure.end() - 1 : sure.end() + 2]):
        return ftfy.fix_encoding(line)
    try:
        data = line.encode("mac_roman")
        mended = data.decode("utf-8")
    except UnicodeError:
        return ftfy.fix_encoding(line)
    if b"\xc0" in data or b"\xed" in data:  # ftfy decodes these in its own way
        return ftfy.fix_encoding(line)
    return ftfy.fix_encoding(mended) if _NOT_PLAIN.search(mended) else mended  # it may have been misread twice


def _unwrap(text: str, repairs: list[str]) -> str:
    """Drop the quotes of a CSV field that was read without its reader."""
    stripped = text.strip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] == '"' and '""' in stripped[1:-1]:
        inside = stripped[1:-1]
        if inside.replace('""', "").count('"') == 0:
            repairs.append("csv-quotes")
            return inside.replace('""', '"')
    return text


def _split_paragraphs(text: str, repairs: list[str]) -> str:
    """Give flattened text its paragraphs back where the scraper left a trace of them."""
    if "  " not in text or "\n" in text.strip() or _has_joints(text):
        return text
    if len(_STOPPED_GAP.findall(text)) >= MIN_STOPPED_GAPS:
        repairs.append("blank-paragraphs")
        return _PARAGRAPH_GAP.sub("\n", text)
    return text


def _has_joints(text: str) -> bool:
    possible = len(_COMMA_BEHIND.findall(text)) + text.startswith(",")
    return possible >= MIN_COMMA_JOINTS and len(_COMMA_JOINT.findall(text)) >= MIN_COMMA_JOINTS


def _split_joints(text: str, repairs: list[str]) -> str:
    """Part paragraphs that a scraper joined with commas."""
    if not _has_joints(text):
        return text
    repairs.append("comma-paragraphs")
    return _COMMA_JOINT.sub("\n", text)


def _rejoin(lines: list[str], repairs: list[str]) -> list[str]:
    """Join the pieces of sentences that a scraper broke at links and bold words; an empty line parts paragraphs."""
    out: list[str] = []
    joined = False
    bullets = lines.count("-") >= MIN_BULLETS
    for i, line in enumerate(lines):
        following = lines[i + 1] if i + 1 < len(lines) else ""
        if bullets and (line == "-" or (line and out and out[-1] == "-")):
            if line == "-":
                out.append(line)
            else:
                out[-1] += " " + line
        elif out and out[-1] and line and _continues(out[-1], line, following):
            glue = "" if line[0] in ",.;:!?)" else " "
            out[-1] += glue + line
            joined = True
        else:
            out.append(line)
    if joined and "broken-sentences" not in repairs:
        repairs.append("broken-sentences")
    return out


def _continues(before: str, line: str, following: str) -> bool:
    """Whether `line` goes on with the sentence of `before`."""
    if before[-1] in '.!?…”")':
        return line[0] in ",;" or (line == "." and before[-1] not in ".!?…")
    if line[0] in ",;)" or (line[0] in ".!?" and len(line) < 400 and not line.startswith("..")):
        return True
    if _DASHES.fullmatch(line):
        return len(before) < 60 and bool(following)
    if _DASHES.fullmatch(before.rsplit(" ", 1)[-1]) and len(before) < 64 and " " in before:
        return True
    if before[-1] in ":-–—":
        return False
    if before[-1] == "," or before.rsplit(" ", 1)[-1].lower() in _OPEN_WORDS:
        return len(before) >= REJOIN_MIN_CHARACTERS or line[0].islower()
    return line[0].islower() and len(before) >= REJOIN_MIN_CHARACTERS
