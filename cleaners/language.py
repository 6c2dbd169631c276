"""Name the language of a cleaned text, with Indonesia's neighbours told apart.

langdetect, seeded, gives the first answer. It has no Malay, Javanese or Sundanese and calls all of them Indonesian with
0.99, so its "id" is checked: by words that stand in one of the two standards only (written down from general
knowledge, not learnt from texts), by the commonest words of Javanese and Sundanese, and by pycld2 where the extra
`saring[langs]` is installed. What a page or outlet declares counts for short texts only. Known misses: Minangkabau and
Betawi are called Indonesian; most other regional languages are at best `uncertain`; Balinese may be called Javanese.
"""

from __future__ import annotations

import re
from itertools import islice
from types import ModuleType
from typing import NamedTuple

from cleaners.article import Language, LanguageStatus
from cleaners.langfast import probabilities

try:
    import pycld2
except ImportError:  # an extra: there are no wheels for every machine
    _cld: ModuleType | None = None
else:
    _cld = pycld2

__all__ = ["DETECTOR", "detect", "primary_tag"]

DETECTOR = "langdetect/seed0+words/1" + ("+pycld2" if _cld else "")  # who answered: change it when answers change

DETECT_CHARACTERS = 1_000  # as right as the whole text on the labelled sets, and 1.5 times faster
CHECK_CHARACTERS = 2_000  # markers and pycld2 cost a thirtieth: they may see more
MIN_LETTERS = 20  # below it no answer is better than a coin
SHORT_CHARACTERS, SHORT_WORDS = 300, 30  # a headline or a teaser: detectors are wrong in one of ten
SURE = 0.99  # langdetect's seven trials agreed
MIXED_SHARE = 0.20  # of a second language, by pycld2, whose shares are right to the percent
DECISIVE_HITS, DECISIVE_RATIO = 2, 3  # markers of one standard, against those of the other
REGIONAL_SHARE = 0.08  # of all words: Javanese and Sundanese have 0.10 and more, Indonesian that quotes them less
MALAYIC_SHARE = 0.06  # Indonesian and Malay have 0.12 and more of their commonest words

_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")  # pycld2 refuses them
_REGION = frozenset(["id", "ms", "jv", "su"])
_UNDECIDED = frozenset(["id", "ms", "tl", "jv", "su"])  # what langdetect calls the languages of the region
_ALIASES = {"in": "id", "ind": "id", "may": "ms", "msa": "ms", "zsm": "ms", "eng": "en", "jav": "jv", "jw": "jv",
            "sun": "su", "iw": "he", "fil": "tl"}  # fmt: skip

_INDONESIAN = """
    agustus aktivitas asosiasi bahwa bandara bareng beda berbeda bikin bisa bisnis bupati desember diduga digelar
    dokter dosen eropa film gampang gelar gratis gubernur informasi inggris istri jaksa jepang juli jumat juni
    kabupaten kamar kantor karena karyawan kasus kebijakan kecamatan kecelakaan kemarin kepolisian kesehatan
    keuangan komisi korupsi kualitas kuartal kuliah laga listrik mantan maret membutuhkan mencoba menggelar menit
    miliar mobil musik obat partai pasien pekan pelatih pemerintah pemkab pemkot pemprov pengadilan penyidik persen
    perusahaan pilkada polisi polres ponsel prancis pria provinsi proyek rapat resmi rp rupiah salat senin serikat
    sopir spanyol stadion standar tapi telepon televisi terkait tersangka tewas tim timnas toko triliun tuturnya
    uang universitas usai wib yaitu
"""
_MALAY = """
    akhbar aktiviti antarabangsa bahawa basikal berbeza berkahwin berkenaan berkongsi beza bilik bilion cuba
    dadah dato datuk difahamkan dijangka disember ejen eropah filem iaitu inggeris isnin isteri jawatankuasa
    jepun julai jumaat jurulatih jururawat kahwin kakitangan kejohanan kelab kemalangan kempen kenderaan kerana
    kes kesihatan kesilapan kewangan khamis komuniti kualiti lebuhraya mahu maklumat manakala mangsa menerusi
    menyifatkan mesyuarat minit motosikal muzik nombor ogos parlimen parti peguam pelabur pelaburan pelakon
    pelbagai pengerusi peniaga pensyarah peratus perniagaan persekutuan pesakit pingat polis projek rasmi rm
    sahaja sekiranya selepas semasa seramai setiausaha siasatan sihat silap sukan suruhanjaya susulan syarikat
    telefon televisyen tempatan trilion tular ubat universiti usahawan wang
"""
_JAVANESE = """
    akeh amarga amerga ana ananging arep boten dadi dening dhewe dheweke digawe durung iki iku ing ingkang isih
    kaliyan kang kanggo karo kayata kuwi lan mangkono marang menyang mung nalika nanging neng nganti nggawe ngono
    niku nuli ora padha panjenengan punika saben saged sajrone sak saka sapa sawise sing sithik uga utawa wae wes
    wis wong wonten yaiku yen
"""
_SUNDANESE = """
    abdi acan anjeunna anu atawa aya ayana ayeuna boga cenah deui dina eta geus henteu hiji ieu jalma jeung kana
    keur kieu kitu ku kumaha lamun leuwih loba mah manehna mangrupa mangrupakeun manéhna moal naha naon ngabogaan
    ngan nu nyaeta nyaéta oge ogé pikeun pisan sababaraha sanggeus sangkan sareng saurang sorangan teu tina tuluy
    téh éta
"""
_MALAYIC = """
    ada adalah akan bagi dalam dan dapat dari daripada dengan di ia ini itu juga kami ke kepada lebih mereka oleh pada
    para saya sebagai seperti tak telah tidak tersebut untuk yang
"""
_STANDARDS = dict.fromkeys(_INDONESIAN.split(), "id") | dict.fromkeys(_MALAY.split(), "ms")
_REGIONAL = dict.fromkeys(_JAVANESE.split(), "jv") | dict.fromkeys(_SUNDANESE.split(), "su")
_COMMON = frozenset(_MALAYIC.split())


def detect(text: str, declared: str | None = None) -> Language:
    """Name the language of a cleaned text: a BCP 47 tag, `und` where nobody could tell.

    `declared` is the BCP 47 tag of the page or outlet. The score is that of the witness whose answer was taken (4
    places); `detected` is langdetect's own answer, `shares` those of pycld2 where it is there. Deterministic; total.
    """
    declared = primary_tag(declared)
    if sum(1 for _ in islice(_LETTER.finditer(text), MIN_LETTERS)) < MIN_LETTERS:
        return Language("und", 0.0, LanguageStatus.SHORT, declared=declared)
    answers = probabilities(text[:DETECT_CHARACTERS])
    detected, sure = answers[0] if answers else (None, 0.0)
    evidence = _evidence(text[:CHECK_CHARACTERS])
    short = len(text) < SHORT_CHARACTERS or evidence.words < SHORT_WORDS
    tag, score = _decide(primary_tag(detected) or "und", sure, evidence, declared if short else None)
    status = LanguageStatus.SHORT if short else _status(tag, score, sure, evidence, declared)
    return Language(tag, round(score, 4), status, detected, evidence.shares, declared)


def primary_tag(tag: str | None) -> str | None:
    """Give the language of a tag without region and script, under its present code: `id` of `in_ID`, `ms` of `may`."""
    if tag is None or not (found := re.match(r"[a-zA-Z]{2,3}(?=[-_]|$)", tag.strip())):
        return None
    return _ALIASES.get(found[0].lower(), found[0].lower())


class _Evidence(NamedTuple):
    """What words and pycld2 say: counts of different markers, shares of all words, pycld2's shares (largest first)."""

    words: int
    standards: dict[str, int]
    regional: dict[str, float]
    common: float
    shares: tuple[tuple[str, float], ...]


def _evidence(text: str) -> _Evidence:
    words = _WORD.findall(text.lower())
    total = len(words) or 1
    known = set(words)
    standards = {tag: sum(1 for word in known if _STANDARDS.get(word) == tag) for tag in ("id", "ms")}
    regional = {tag: sum(1 for word in words if _REGIONAL.get(word) == tag) / total for tag in ("jv", "su")}
    common = sum(1 for word in words if word in _COMMON) / total
    return _Evidence(len(words), standards, regional, common, _cld_shares(text))


def _cld_shares(text: str) -> tuple[tuple[str, float], ...]:
    """Give pycld2's languages and their shares of the text, largest first; empty without the extra or an answer."""
    if _cld is None:
        return ()
    try:
        details = _cld.detect(_UNSPEAKABLE.sub(" ", text))[2]
    except _cld.error:  # it refuses some characters that we do not know of
        return ()
    return tuple((primary_tag(code) or code, round(percent / 100, 2)) for _, code, percent, _ in details if percent)


def _decide(tag: str, sure: float, evidence: _Evidence, prior: str | None) -> tuple[str, float]:
    """Weigh the witnesses, the narrowest first: regional words, markers, what a short text's page declares, pycld2."""
    if tag not in _UNDECIDED and sure >= SURE:
        return tag, sure
    if regional := _regional(evidence):
        return regional
    if marked := _standard(evidence.standards):
        return marked
    if prior in _REGION and (tag in _UNDECIDED or sure < SURE):
        return prior, sure if prior == tag else 0.5  # nobody measured how right pages are
    if evidence.shares and evidence.shares[0][0] in _REGION and not _contradicted(evidence):
        return evidence.shares[0]
    return tag, sure


def _contradicted(evidence: _Evidence) -> bool:
    """Say whether words speak against pycld2's "ms", which it says of Indonesian stories about Malaysia."""
    return evidence.shares[0][0] == "ms" and evidence.standards["id"] > evidence.standards["ms"]


def _regional(evidence: _Evidence) -> tuple[str, float] | None:
    """Say Javanese or Sundanese if their words are many, or pycld2 says so, and Indonesian's own are not more."""
    tag, share = max(evidence.regional.items(), key=lambda item: item[1])
    if share >= REGIONAL_SHARE and share > evidence.common:
        return tag, min(1.0, share / (share + evidence.common))
    if evidence.shares and evidence.shares[0][0] in ("jv", "su"):
        return evidence.shares[0]
    return None


def _standard(hits: dict[str, int]) -> tuple[str, float] | None:
    """Say Indonesian or Malay if the markers of one are decisive against those of the other."""
    (tag, most), (_, least) = sorted(hits.items(), key=lambda item: -item[1])
    if most < DECISIVE_HITS or most < DECISIVE_RATIO * least:
        return None
    return tag, most / (most + least)


def _status(tag: str, score: float, sure: float, evidence: _Evidence, declared: str | None) -> LanguageStatus:
    if len(evidence.shares) > 1 and evidence.shares[1][1] >= MIXED_SHARE:
        return LanguageStatus.MIXED
    if tag == "und" or (tag in ("id", "ms") and evidence.common < MALAYIC_SHARE):
        return LanguageStatus.UNCERTAIN
    if declared is not None and declared != tag and score >= 0.9:
        return LanguageStatus.CONFLICT
    if not evidence.shares and sure < SURE:
        return LanguageStatus.MIXED if tag not in ("jv", "su") else LanguageStatus.OK
    return LanguageStatus.OK
