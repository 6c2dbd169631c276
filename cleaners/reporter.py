"""Find the outlets whose own reporters a story says were told something, or looked: `kata dia kepada Okezone`.

Only an outlet that declares `reporters` is found so. Of an agency, or of an outlet whose texts its sisters take over,
the same words stand in everybody's: of 169 such texts that spoke to Kompas.com, 14 were Tribun's.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from cleaners.outlet import Outlet
from cleaners.placeholders import DAY_NAME

LEAD_CHARACTERS = 200  # who is named in the first sentence may be what the story is about
MAX_NAMED = 4  # the same of one who is named more often
WINDOW_CHARACTERS = 240  # what is read before a name: a said word, the speaker with his office, `kepada`

_SAID = (
    r"(?:kata|ujar|tutur|ucap|ungkap|jelas|terang|papar|imbuh|bilang|tegas|sebut|tambah|lanjut|sambung|tandas|pungkas"
    r"|tukas|beber|aku|cerita|kenang|keluh|jawab|harap|kisah|cetus|timpal)(?:nya)?"
    r"|mengatakan|menuturkan|menjelaskan|mengungkapkan|menyebutkan|menyatakan|mengaku|bercerita|menegaskan|memaparkan"
)
_SENT = r"(?:keterangan|rilis|release|releasnya|pernyataan|informasi|data|surat|dokumen|pesan|siaran pers)"
_TEAM = r"(?: oleh)?(?: (?:tim|wartawan|jurnalis|reporter|redaksi|media))? $"
_ASKED = re.compile(
    rf"(?<!\w)(?:(?:{_SAID})\b[^\n\"“”.!?]{{0,150}} kepada|dihubungi|ditemui|dikonfirmasi|diwawancarai"
    rf"|{_SENT}\w*\b[^\n\"“”.!?]{{0,60}} (?:diterima|diperoleh|dihimpun)|pantauan|pengamatan|penelusuran|catatan"
    rf"|(?:di)?rangkum|dilihat|dipantau){_TEAM}",
    re.IGNORECASE,
)
_TAKEN = re.compile(rf"(?<!\w)(?:dikutip|dilansir|disadur|diakses|dihimpun){_TEAM}", re.IGNORECASE)
_FROM = re.compile(r" (?:pada [\w, ()/]{1,40}? )?dari ")
_DOES = re.compile(
    r" (?:(?:pun|akan|telah|sudah|coba|juga|kemudian) ){0,2}(?:(?:me)?rangkum(?:kan)?|terima|kutip dari|bersumber dari"
    r"|(?:men)?coba (?:meng|mem)\w+|(?:belum|masih) (?:mendapat|berhasil|mencoba|berusaha|menunggu|berupaya)\w*"
    r"|meng(?:o|ko)nfirmasi|menghubungi|melakukan konfirmasi)\b"
)
_CITED = re.compile(
    r"(?<!\w)(?:dari|mengutip|melansir|menukil|laporan|artikel|laman|situs|portal|sumber ?:"
    r"|seperti (?:dilansir|dikutip|diberitakan))[ ,]{1,2}$",
    re.IGNORECASE,
)
# Behind the name stands no other word of it: Tempo Institute, Tempo.co and Tempo's are others, `Tempo Senin` is Tempo.
_WORD = re.compile(r"(?![\w-])")
_WHOLE = re.compile(rf"(?![\w-]|\.\w| (?!{DAY_NAME}\b)(?-i:[A-Z]))", re.IGNORECASE)


def told_reporters(text: str, title: str | None, callers: Iterable[tuple[str, Outlet]]) -> dict[str, Outlet]:
    """Return the outlets, by stem, whose reporters a text names as those who asked, were told or looked.

    `callers` are names as stories write them, with their outlets. One that the title or the lead names otherwise, that
    is named often, or that is cited as a source, is left out: the story may be about it, or taken from it.
    """
    present = {outlet.stem: outlet for name, outlet in callers if name in text}
    return {stem: outlet for stem, outlet in present.items() if _reports(outlet, text, title or "")}


def addressed_readers(text: str, addressed: Iterable[tuple[str, Outlet]]) -> dict[str, Outlet]:
    """Return the outlets, by stem, whose readers a text speaks to by their name: `Yuk, KLovers`."""
    return {
        outlet.stem: outlet for name, outlet in addressed if name in text and next(_places(name, text, _WORD), -1) >= 0
    }


def _reports(outlet: Outlet, text: str, title: str) -> bool:
    """Whether an outlet named in a text reports in it, and is neither its topic nor where it was taken from."""
    places = {
        at: at + len(name) for name in outlet.reporters for at in itertools.islice(_places(name, text), MAX_NAMED + 1)
    }
    if len(places) > MAX_NAMED or any(name in title for name in outlet.reporters):
        return False
    told = {start for start, end in places.items() if _is_told(text, start, end)}
    return bool(told) and not any(
        start < LEAD_CHARACTERS or _ends(_CITED, text, start) for start in places.keys() - told
    )


def _is_told(text: str, start: int, end: int) -> bool:
    """Whether a name stands where a story names its reporter: who asked, who looked, who took it from elsewhere."""
    if _ends(_ASKED, text, start) or _DOES.match(text, end):
        return True
    return _ends(_TAKEN, text, start) and _FROM.match(text, end) is not None


def _ends(pattern: re.Pattern[str], text: str, end: int) -> bool:
    return pattern.search(text, max(0, end - WINDOW_CHARACTERS), end) is not None


def _places(name: str, text: str, whole: re.Pattern[str] = _WHOLE) -> Iterator[int]:
    """Where a name begins that stands as a whole."""
    at = text.find(name)
    while at >= 0:
        if not text[at - 1 : at].isalnum() and whole.match(text, at + len(name)):
            yield at
        at = text.find(name, at + 1)
