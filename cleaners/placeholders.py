"""What the placeholders of a phrase match, and the vocabulary they are made of: names, places, dates, initials."""

from __future__ import annotations

DASH = "[-‐‑‒–—―−]"
DOUBLE_QUOTE = '["“”„‟″«»]'
SINGLE_QUOTE = "['‘’‚‛′`´]"

_CAPITAL = r"(?-i:[A-ZÀ-Ý])"
_LETTERS = r"[\w'’]{0,40}"  # of a word: without a bound, a long word is read again from each of its apostrophes
_CAPITALS = r"[A-ZÀ-Ý'’.\-/]{0,40}"
_NAME_WORD = rf"(?-i:(?!(?:HR|QS)\b)[A-ZÀ-Ý]{_LETTERS}(?:-[A-ZÀ-Ý]{_LETTERS})?(?:\.(?!\w))?(?!\w|\.\w))"
_SHORT_NAME = rf"{_NAME_WORD}(?: {_NAME_WORD})?"  # where nothing tells a name from the sentence that begins behind it
_PARTICLE = r"(?-i:bin|binti|van|von|de|der|del|al|el|la)"
NAME = rf"{_NAME_WORD}(?: (?:{_NAME_WORD}|{_PARTICLE}\b)){{0,5}}"
_NO_LABEL = r"(?!(?:editor|red|redaktur|penyunting|penulis|reporter|pewarta|penerjemah|sumber|foto|copyright)\b)"
_LOOSE_NAME = rf"{_NO_LABEL}[\w'’.\-@]{{1,30}}(?: (?!(?:dan|and) ){_NO_LABEL}[\w'’.\-]{{1,30}}){{0,5}}"
_AND = r"(?: ?[,&/;] ?| dan | and |, dan )"
SITE = r"(?:[\w-]{2,30}\.){1,3}(?:com|co\.id|or\.id|web\.id|co|id|tv|net|news|my|info|org)(?!\w)"
_PLACE_WORD = rf"(?-i:[A-ZÀ-Ý]{_LETTERS}(?:[-/][A-ZÀ-Ý]{_LETTERS})?\.?(?!\w|\.\w))"
PLACE = rf"{_PLACE_WORD}(?:,? {_PLACE_WORD}){{0,4}}(?: \([^()\n]{{1,20}}\))?"

# Cities that datelines name in title case without an outlet beside them ("Jakarta - "): written down, not counted.
CITY = (
    "Jakarta|Jakarta (?:Pusat|Selatan|Utara|Barat|Timur)|Bandung(?: Barat)?|Surabaya|Semarang|Yogyakarta|Jogja"
    "|Jogjakarta|Solo|Surakarta|Medan|Makassar|Denpasar|Palembang|Bogor|Depok|Tangerang(?: Selatan)?|Bekasi"
    "|Malang|Batam|Pekanbaru|Padang|Banda Aceh|Aceh|Bali|Lombok|Mataram|Kupang|Manado|Palu|Kendari|Ambon"
    "|Ternate|Jayapura|Sorong|Manokwari|Merauke|Timika|Balikpapan|Samarinda|Banjarmasin|Pontianak"
    "|Palangka Raya|Tarakan|Bandar Lampung|Lampung|Jambi|Bengkulu|Cirebon|Sukabumi|Garut|Tasikmalaya|Cianjur"
    "|Karawang|Purwakarta|Subang|Serang|Cilegon|Kudus|Demak|Klaten|Boyolali|Sragen|Purwokerto|Banyumas|Cilacap"
    "|Magelang|Sleman|Bantul|Kediri|Blitar|Jember|Banyuwangi|Probolinggo|Pasuruan|Sidoarjo|Gresik|Lamongan"
    "|Tuban|Madiun|Ngawi|Magetan|Ponorogo|Nganjuk|Jombang|Mojokerto|Lumajang|Bondowoso|Situbondo|Brebes|Tegal"
    "|Pekalongan|Kuala Lumpur|Singapura|Bangkok|Tokyo|Seoul|Beijing|Shanghai|Hong Kong|New Delhi|London"
    "|Manchester|Madrid|Barcelona|Paris|Berlin|Roma|Milan|Turin|Washington(?: DC)?|New York|Los Angeles"
    "|San Francisco|Canberra|Sydney|Melbourne|Moskow|Kiev|Kyiv|Ankara|Istanbul|Kairo|Riyadh|Mekkah|Makkah"
    "|Madinah|Doha|Dubai|Teheran|Gaza|Yerusalem|Tel Aviv|Jenewa|Brussels|Amsterdam"
)
MONTH = (
    r"(?:jan(?:uari|uary)?|feb(?:ruari|ruary)?|mar(?:et|ch)?|mac|apr(?:il)?|mei|may|juni?|june|juli?|july|julai"
    r"|agu(?:stus|s)?|agt|ags|aug(?:ust)?|ogos|sep(?:tember|t)?|okt(?:ober)?|oct(?:ober)?|no[pv](?:ember)?|des(?:ember)?"
    r"|dec(?:ember)?|disember)"
)
DAY_NAME = (
    r"(?:senin|selasa|rabu|kamis|jum'?at|jum’at|sabtu|minggu|ahad|isnin|khamis|jumaat|(?:sen|sel|rab|kam|jum|sab|min)(?=,)"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
)
_CLOCK = r"(?:[01]?\d|2[0-3])[:.][0-5]\d(?:[:.][0-5]\d)?(?: ?(?:wib|wita|wit|am|pm|gmt|utc))?"
_DAY_MONTH = rf"(?:\d{{1,2}} {MONTH}\.? \d{{4}}|{MONTH} \d{{1,2}}, \d{{4}}|\d{{1,4}}[/-]\d{{1,2}}[/-]\d{{2,4}})"
_DATE_ALONE = rf"(?:{DAY_NAME} ?,? ?)?{_DAY_MONTH}"
_AT = rf" ?[,|/\-–]? ?(?:pukul |jam |at )?{_CLOCK}"
DATE = rf"{_DATE_ALONE}(?:{_AT})?"
# A writer or an agency in capitals: how Tempo signs.
_SIGNATURE = (
    r"(?-i:[A-ZÀ-Ý](?:[A-ZÀ-Ý.'’\-]{3,40}|[A-ZÀ-Ý.'’\-]{1,40} [A-ZÀ-Ý.'’\-]{1,40})"
    r"(?: [A-ZÀ-Ý][A-ZÀ-Ý.'’\-]{0,40}){0,3}(?!\w))"
)
_SIGNED = r"(?-i:[A-ZÀ-Ý][A-ZÀ-Ý.'’\-]{0,40}(?: [A-ZÀ-Ý][A-ZÀ-Ý.'’\-]{0,40}){0,3}(?!\w))"  # one of several may be short

_NO_FOOTING = r"(?!(?:yoy|ytd|mom|mtm|mtd|qoq|qtq)\b)"  # what a figure is compared with, in brackets behind it

ANY = r"(?:(?![.!?…] )[^\n]){0,160}"  # of one sentence

# What a placeholder matches, and the field its text fills (None: nothing).
PLACEHOLDERS: dict[str, tuple[str, str | None]] = {
    "place": (PLACE, "dateline"),
    "upper": (rf"(?-i:[A-ZÀ-Ý]{{2}}{_CAPITALS}(?:,? [A-ZÀ-Ý]{_CAPITALS}){{0,4}}(?!\w))", "dateline"),
    "city": (rf"(?:{CITY})(?:(?!\w)|(?-i:(?<=[a-z])(?=[A-Z])))", "dateline"),
    "brand": (rf"{_PLACE_WORD}(?: {_PLACE_WORD}){{0,2}}", "site"),
    "site": (SITE, "site"),
    "outlet": (r"[\w.'’&+ \-]{2,40}?", "site"),
    "name": (NAME, None),
    "names": (rf"{NAME}(?:{_AND}{NAME}){{0,8}}", "authors"),
    "editor-names": (rf"(?:{NAME}(?:{_AND}{NAME}){{0,8}}(?= ?(?:\n|$|{SITE}))|{_SHORT_NAME})", "editors"),
    "source-names": (rf"{NAME}(?:{_AND}{NAME}){{0,8}}", "cited_sources"),
    "authors": (rf"{_LOOSE_NAME}(?:{_AND}{_LOOSE_NAME}){{0,8}}", "authors"),
    "editors": (rf"{_LOOSE_NAME}(?:{_AND}{_LOOSE_NAME}){{0,8}}", "editors"),
    "translators": (rf"{_LOOSE_NAME}(?:{_AND}{_LOOSE_NAME}){{0,8}}", "translators"),
    "sources": (r"[^\n|]{2,80}", "cited_sources"),
    "credit": (r"[^\n()]{2,80}", "photo_credits"),
    "caption": (r"(?:(?![.!?…] )[^\n\"“”]){6,160}?[.]?", None),
    "day": (
        rf"(?:{MONTH}\.? \d{{1,2}}(?:, ?\d{{4}})?|\d{{1,2}} {MONTH}(?: \d{{4}})?|\d{{1,2}}/\d{{1,2}}(?:/\d{{2,4}})?)",
        None,
    ),
    "headline": (r"[^\n]{3,200}?", "related"),
    "tags": (r"[^\n]{2,300}", "keywords"),
    "date": (DATE, "published"),
    "moment": (rf"{_DATE_ALONE}{_AT}", "published"),
    "signature": (
        rf"(?<![^\n])(?:{_SIGNED}(?: ?[|,/] ?{_SIGNED}){{1,4}}|{_SIGNATURE})",
        None,
    ),
    "stars": (r"(?<![\w*])\*{1,6}", None),
    "initials": (
        rf"{_NO_FOOTING}"
        r"(?-i:[a-zA-Z]{1,5}\d{0,2}(?: ?[/\-.,&+|] ?(?:[a-zA-Z]{1,5}\d{0,2}|\d{1,2}(?!\d))){1,4}|[a-z]{2,5})",
        None,
    ),
    "codes": (r"[a-zA-Z]\w{0,12}(?: ?[/|&+] ?[a-zA-Z]\w{0,12}|-[a-zA-Z]\w{0,12}){1,5}", None),
    "number": (r"\d[\d.,]{0,40}", None),
    "url": (r"(?:https?://|www\.)[^\s\"“”)]{1,2000}", None),
    "code": (r"[^\n]{0,4000}[{};](?:[)(]{1,3};?)?", None),
    "word": (r"[\w'’\-]{1,60}", None),
    "dash": (rf"(?: ++{DASH}{{1,3}}| *+{DASH}{{1,3}}(?=[ \n]|$)| *+{DASH}{{2,3}})", None),
    "tight": (
        rf"{DASH}{{1,3}}(?=[\"“]?(?-i:[A-ZÀ-Ý]))",
        None,
    ),  # a dash glued to the first word: only behind an outlet's name
    "capital": (r"(?= *+[\"“‘'(,]?(?-i:[A-ZÀ-Ý0-9])|\n)", None),
    "any": (f"{ANY}?", None),
    "line": (r"[^\n]{0,400}", None),
    "inside": (r"[^\n()]{0,300}+", None),
}

# What as few signs as fit become: the signs up to the first place where the rest of the phrase's words stand. Without
# going back to a second one: a phrase of three would try 160 x 160 x 160 ways.
LAZY = frozenset(["any"])
# Those that take as much as fits, and never give it back where nothing but the end of a line or text follows.
GREEDY = frozenset(["sources", "credit", "tags", "line"])

# What a placeholder always starts with, where that is a sign of its own: the rule is tried only there.
OPENINGS: dict[str, frozenset[str]] = {"stars": frozenset(["*"]), "url": frozenset(["http", "www"])}
