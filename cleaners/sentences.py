"""Where a sentence begins and ends in a line, and where a caption begins that its credit in brackets closes."""

from __future__ import annotations

import re

from cleaners.headline_model import load_model
from cleaners.headline_words import FUNCTION_WORDS, NAME, START

LOOK_BACK = 500  # characters in which a sentence's start is looked for first, then four times as many
LONGEST_SENTENCE = LOOK_BACK * 4**2  # with more the whole line goes, or nothing where that is too long
LONGEST_CAPTION = 600  # characters; the longest that went from 11,417 corpus articles has 251
OPENS_MORE = 0.5  # natural logarithm: how much more often than other words a word begins a sentence
NO_NAME = -2.0  # natural logarithm: how much more often it stands in capitals inside a sentence

SENTENCE_END = re.compile(r"[.!?…][\"”'’)\]]*(?=\s|$)")
_CAPITAL_INSIDE = re.compile(r"(?<![^ ])([a-z][a-z-]*) ([A-Z][a-z]+)")


def sentence_start(text: str, line: int, at: int) -> int:
    """Return where the sentence that holds `at` begins, at the line's start at the latest; sought backwards."""
    step = LOOK_BACK
    while step <= LONGEST_SENTENCE:
        stops = [found.end() for found in SENTENCE_END.finditer(text, max(line, at - step), at)]
        if stops or at - step <= line:
            return stops[-1] if stops else line
        step *= 4
    return line


def caption_start(text: str, line: int, at: int, end: int) -> int:
    """Return where the caption begins whose credit in brackets is `text[at:end]`; `at` where only the credit may go.

    A stop right before the bracket closes the caption, not the story's sentence. Not so at the text's end, where such a
    bracket signs the story off, and not behind another sentence of a kept line, which is a paragraph of the story.
    """
    start = sentence_start(text, line, at)
    if not text[start:at].strip():
        last = len(text[:start].rstrip("\"”'’)] .!?…"))
        start = sentence_start(text, line, max(line, last))
        if not text[end:].strip() or ("\n" in text and start > line):
            return at
    if "\n" in text or at - start > LONGEST_CAPTION:
        return start
    return _behind_heading(text, start, at)


def _behind_heading(text: str, start: int, at: int) -> int:
    """Leave a sub-heading that runs into the caption: `Kesan pertama Tampilan layar …`.

    A word that begins sentences and is no name shows by its capital where the caption begins.
    """
    vocabulary = load_model().vocabulary
    for found in _CAPITAL_INSIDE.finditer(text, start, at):
        before, word = found.groups()
        numbers = vocabulary.stats[vocabulary.rows.get(word.lower(), 0)]
        if before not in FUNCTION_WORDS and numbers[START] > OPENS_MORE and numbers[NAME] < NO_NAME:
            start = found.start(2)
    return start
