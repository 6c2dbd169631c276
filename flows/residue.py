"""Count what an audit looks for: furniture that cleaning left, and removals that look like story.

Both read one article after the other and hold little: a sketch of fixed size tells which wordings come again, only
those are counted, and of removals each rule keeps its few most story-like. No rule is known here: what repeats over
many articles of one outlet is furniture or a formula of its writers, and a person tells which.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import xxhash

WORDS_OF_A_GRAM = 6  # five find formulae of reporters ("saat dihubungi melalui telepon"), seven miss short sign-offs
MAX_NUMBERS = 2  # of the words of a gram: with more it is a date, a score, a price
SHORT_LINE_WORDS = 8
MIN_COUNT = 5  # what comes less often is one story told again
MIN_SHARE = 0.01  # of an outlet's articles
MIN_ARTICLES = 50  # of an outlet with fewer, one per cent is nothing
SKETCH_CELLS = 1 << 25  # bytes; of 10 million different wordings, a fourth share a cell: counts may be 4 too high
MAX_HELD = 400_000  # wordings counted at once, about 80 MB
ALIKE = 0.7  # neighbouring wordings whose counts are so near are one phrase
KEPT_OF_A_RULE = 4
STORY_SIGNS = 6.0  # a promo of two sentences has 5
UNLIKE = 2.0  # standard deviations of the rule's lengths
RARE = 3  # removals of a rule, in all

_WORD = re.compile(r"[^\W_]+")
_VERB = re.compile(r"\b(?:me[mn]?|ber|di|ter)[a-z]{4,}\b")
_FUNCTION_WORD = re.compile(
    r"\b(?:yang|dan|itu|dengan|untuk|dari|pada|adalah|akan|telah|sudah|tidak|bahwa|karena|juga|dalam|kata|ujar)\b"
)
_SENTENCE_END = re.compile(r"[.!?…][\"”]?(?=\s|$)")
_QUOTE = re.compile(r"[\"“”]")
_NUMBER = re.compile(r"\b\d+(?:[.,]\d+)*\b")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A wording that many cleaned articles of an outlet hold: folded, in how many, where it stood, one article's id."""

    text: str
    place: str
    count: int
    share: float
    example: str


@dataclass(frozen=True, slots=True)
class Suspect:
    """A removal that looks like story: its article and place, its signs of story, how far its length is from others."""

    article: str
    rule: str
    kind: str
    text: str
    signs: float
    z: float
    of: int


@dataclass
class Residue:
    """Counts wordings of cleaned articles, by outlet."""

    articles: dict[str, int] = field(default_factory=dict)
    _sketch: bytearray = field(default_factory=lambda: bytearray(SKETCH_CELLS), repr=False)
    _held: dict[tuple[str, str, str], list[int | str]] = field(default_factory=dict, repr=False)

    def add(self, outlet: str, article: str, text: str) -> None:
        """Count the wordings of one cleaned article, each once."""
        self.articles[outlet] = self.articles.get(outlet, 0) + 1
        for place, wording in set(_wordings(text)):
            key = (outlet, place, wording)
            if (held := self._held.get(key)) is not None:
                held[0] += 1  # type: ignore[operator]
                continue
            cell = xxhash.xxh3_64_intdigest("\n".join(key).encode(errors="surrogatepass")) % SKETCH_CELLS
            self._sketch[cell] = seen = min(255, self._sketch[cell] + 1)
            if seen >= MIN_COUNT:
                self._held[key] = [MIN_COUNT, article]
        if len(self._held) > MAX_HELD:
            self._forget()

    def phrases(self, outlet: str) -> list[Phrase]:
        """What over one per cent of an outlet's articles hold, the commonest first; neighbours are one phrase."""
        total = self.articles[outlet]
        least = max(MIN_COUNT, math.floor(MIN_SHARE * total) + 1)
        if total < MIN_ARTICLES:
            return []
        found: dict[str, dict[str, tuple[int, str]]] = {}
        for (whose, place, wording), (count, article) in self._held.items():
            if whose == outlet and int(count) >= least:
                found.setdefault(place, {})[wording] = (int(count), str(article))
        joined = [(place, *one) for place, grams in found.items() for one in _joined(grams, place == "words")]
        ordered = sorted(joined, key=lambda one: (-one[2], one[0], one[1]))
        return [Phrase(text, place, count, count / total, article) for place, text, count, article in ordered]

    def _forget(self) -> None:
        """Drop the rarer half of what is counted: it is under the share of every outlet large enough to tell."""
        counts = sorted(int(count) for count, _ in self._held.values())
        middle = counts[len(counts) // 2]
        self._held = {key: held for key, held in self._held.items() if int(held[0]) > middle}


@dataclass
class Lengths:
    """How long the removals of one rule are, and the few of them that look most like story."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    kept: list[tuple[float, float, str, str, str]] = field(default_factory=list)

    def add(self, article: str, kind: str, text: str) -> None:
        """Count one removal."""
        length = math.log1p(len(text.split()))
        self.count += 1
        self.total += length
        self.squares += length * length
        one = (story_signs(text), length, article, kind, text)
        if len(self.kept) < KEPT_OF_A_RULE or one > self.kept[-1]:
            others = [other for other in self.kept if other[4].strip() != text.strip()]
            self.kept = sorted([*others, one], reverse=True)[:KEPT_OF_A_RULE]

    def suspects(self, rule: str) -> Iterator[Suspect]:
        """Those of the kept that are rare, or longer than the others of their rule, and have signs of story."""
        mean = self.total / self.count
        deviation = max(0.1, math.sqrt(max(0.0, self.squares / self.count - mean * mean)))
        for signs, length, article, kind, text in self.kept:
            z = (length - mean) / deviation
            if signs >= STORY_SIGNS and (z >= UNLIKE or self.count <= RARE):
                yield Suspect(article, rule, kind, text, signs, round(z, 1), self.count)


def story_signs(text: str) -> float:
    """How much a removed text looks like story: verbs, function words, sentences, quotes and numbers in it."""
    verbs = len(_VERB.findall(text)) + len(_FUNCTION_WORD.findall(text))
    return verbs + 2.0 * len(_SENTENCE_END.findall(text)) + 2.0 * len(_QUOTE.findall(text)) + len(_NUMBER.findall(text))


def _wordings(text: str) -> Iterator[tuple[str, str]]:
    """(place, folded words) of a text: short lines, its first and last words, every run of six words."""
    lines = [_folded(line) for line in text.split("\n")]
    for words in lines:
        if 0 < len(words) <= SHORT_LINE_WORDS:
            yield "line", " ".join(words)
    if len(lines[0]) > SHORT_LINE_WORDS:
        yield "head", " ".join(lines[0][:4])
    if len(lines[-1]) > SHORT_LINE_WORDS:
        yield "tail", " ".join(lines[-1][-4:])
    words = [word for line in lines for word in line]
    for at in range(len(words) - WORDS_OF_A_GRAM + 1):
        gram = words[at : at + WORDS_OF_A_GRAM]
        if gram.count("0") <= MAX_NUMBERS:
            yield "words", " ".join(gram)


def _folded(text: str) -> list[str]:
    return [_DIGITS.sub("0", word) for word in _WORD.findall(text.lower())]


def _joined(grams: dict[str, tuple[int, str]], chain: bool) -> Iterator[tuple[str, int, str]]:
    """Wordings that overlap in all words but one, and come equally often, as one phrase each."""
    if not chain:
        yield from ((wording, count, article) for wording, (count, article) in grams.items())
        return
    after = _by_edge(grams, first=True)
    before = _by_edge(grams, first=False)
    used: set[str] = set()
    for wording, (count, article) in sorted(grams.items(), key=lambda item: (-item[1][0], item[0])):
        if wording in used:
            continue
        used.add(wording)
        words = wording.split()
        right = left = wording
        while step := _next(after.get(right.split(" ", 1)[1], ()), grams, used, count):
            words.append(step.rsplit(" ", 1)[1])
            right = step
        while step := _next(before.get(left.rsplit(" ", 1)[0], ()), grams, used, count):
            words.insert(0, step.split(" ", 1)[0])
            left = step
        yield " ".join(words), count, article


def _by_edge(grams: Iterable[str], *, first: bool) -> dict[str, list[str]]:
    """Wordings by all their words but the last, or but the first."""
    found: dict[str, list[str]] = {}
    for wording in grams:
        found.setdefault(wording.rsplit(" ", 1)[0] if first else wording.split(" ", 1)[1], []).append(wording)
    return found


def _next(steps: Iterable[str], grams: dict[str, tuple[int, str]], used: set[str], count: int) -> str | None:
    """The commonest unused wording that continues a phrase, if it comes about as often; it is then used."""
    free = [step for step in steps if step not in used and grams[step][0] >= ALIKE * count]
    if not free:
        return None
    best = max(free, key=lambda step: (grams[step][0], step))
    used.add(best)
    return best
