"""Languages of the region are told apart, deterministically, and langdetect's own answer is kept.

Sentences are invented.
"""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import langdetect
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langdetect import DetectorFactory

from cleaners import language
from cleaners.langfast import library_probabilities, probabilities
from cleaners.language import detect, primary_tag

SHARED = Path(__file__).parents[2] / "shared"

INDONESIAN = (
    "Pemerintah kabupaten membuka jembatan gantung baru pada Senin pagi. Warga dua desa menyambut pembukaan itu karena "
    "selama ini mereka harus memutar sejauh delapan kilometer. Bupati mengatakan bahwa proyek senilai dua miliar "
    "rupiah tersebut selesai lebih cepat dari jadwal. Polisi mengatur lalu lintas di sekitar lokasi, dan anak-anak "
    "sekolah menjadi orang pertama yang bisa menyeberang tanpa harus naik rakit."
)
MALAY = (
    "Kerajaan negeri membuka jambatan gantung baharu pada pagi Isnin. Penduduk dua buah kampung menyambut baik "
    "pembukaan itu kerana selama ini mereka terpaksa memandu sejauh lapan kilometer. Menteri berkata bahawa projek "
    "bernilai dua juta ringgit berkenaan disiapkan lebih awal daripada jadual. Polis mengawal lalu lintas di kawasan "
    "itu, manakala kanak-kanak sekolah menjadi orang pertama yang menyeberang, katanya dalam satu kenyataan."
)
JAVANESE = (
    "Pamarentah kabupaten mbukak kreteg gantung anyar ing dina Senen esuk. Warga desa loro padha seneng amarga suwene "
    "iki dheweke kudu muter nganti wolung kilometer. Bupati ngendika yen garapan kuwi wis rampung luwih cepet saka "
    "rancangan. Bocah-bocah sekolah dadi wong kang kapisan bisa nyabrang tanpa numpak prau, lan kabeh padha guyu "
    "nalika kreteg iku mulai digunakake dening warga saben dina."
)
SUNDANESE = (
    "Pamaréntah kabupatén muka jambatan gantung anyar dina poé Senén isuk-isuk. Warga dua désa bungah sabab salila ieu "
    "maranéhna kudu muter nepi ka dalapan kilométer. Bupati nyarita yén éta pagawéan geus réngsé leuwih gancang tina "
    "rencana. Barudak sakola jadi jalma anu munggaran bisa meuntas teu kudu tumpak rakit, jeung kabéh pada atoh "
    "nalika jambatan téh mimiti dipaké ku warga unggal poé."
)
ENGLISH = (
    "The district government opened a new hanging bridge on Monday morning. People of two villages welcomed it, for "
    "until now they had to take a detour of eight kilometres. The regent said that the work had been finished earlier "
    "than planned. Police directed the traffic nearby, and school children were the first who could cross the river "
    "without having to take the raft."
)


@pytest.mark.parametrize(
    ("text", "declared", "tag", "status"),
    [
        # Nothing is claimed of what nobody could tell.
        ("", None, "und", "short"),
        ("Rp 12.500,00 (12/9)", "id", "und", "short"),
        # A long text is what it is, whatever the page declares.
        (INDONESIAN, "ms", "id", "conflict"),
        (MALAY, "id", "ms", "conflict"),
        (ENGLISH, "id", "en", "conflict"),
        (INDONESIAN, None, "id", "ok"),
        (INDONESIAN, "id-ID", "id", "ok"),
        (MALAY, None, "ms", "ok"),
        (ENGLISH, None, "en", "ok"),
        (JAVANESE, None, "jv", "ok"),
        (SUNDANESE, None, "su", "ok"),
        # A short one may be what the page declares, if no word speaks against it.
        ("Cuaca di kampung itu sangat panas sekali tahun ini", "ms", "ms", "short"),
        ("Polisi mengatakan bahwa mobil itu ditemukan", "ms", "id", "short"),
        ("Kerana hujan, polis menutup jalan itu", "id", "ms", "short"),
        ("The police closed the road because of the rain this morning", "id", "en", "short"),
    ],
)
def test_a_text_is_tagged(
    text: str, declared: str | None, tag: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "_cld", None)
    answer = detect(text, declared)
    assert (answer.tag, answer.status) == (tag, status)
    assert answer.declared == primary_tag(declared)
    assert 0 <= answer.score <= 1
    assert answer.score == round(answer.score, 4)


def test_langdetects_own_answer_is_kept_when_overridden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(language, "_cld", None)
    assert (detect(MALAY).tag, detect(MALAY).detected) == ("ms", "id")
    assert detect("1234 5678").detected is None


def test_shares_come_with_the_extra_and_a_mixed_text_is_called_mixed() -> None:
    pytest.importorskip("pycld2", reason="needs the extra: pip install 'saring[langs]'")
    answer = detect(f"{INDONESIAN}\n{ENGLISH}")
    assert answer.status == "mixed"
    assert {tag for tag, _ in answer.shares} == {"id", "en"}
    assert detect("\x00\x01\ud800" + INDONESIAN).tag == "id"


@pytest.mark.parametrize(
    ("tag", "primary"),
    [("id-ID", "id"), ("in_ID", "id"), ("ID", "id"), ("may", "ms"), ("jav", "jv"), ("zh-Hant-TW", "zh"), ("en", "en"),
     (" id ", "id"), ("Indonesia", None), ("", None), ("12", None), (None, None)],
)  # fmt: skip
def test_a_declared_tag_is_reduced_to_its_language(tag: str | None, primary: str | None) -> None:
    assert primary_tag(tag) == primary


@given(st.text(), st.none() | st.text(max_size=8))
@settings(deadline=None)
def test_any_text_has_one_answer(text: str, declared: str | None) -> None:
    assert detect(text, declared) == detect(text, declared)


# The fast path: langdetect's answers, bit for bit.

WORDS = st.sampled_from(
    [*INDONESIAN.split(), *MALAY.split(), *ENGLISH.split(), *JAVANESE.split(), *SUNDANESE.split(), "KPK", "DPR", "RUU",
     "GTs", "aBC", "info@koran.example.com", "https://koran.example.com/a?b=1", "12.500", "İstanbul", "ß", "ǅ",
     "tiếng", "e\u0301", "Ș", "ی", "ひらがな", "カタカナ", "漢字", "한국어", "ไทย",
     "русский", "العربية", "\u200b", "  ", "\n"]
)  # fmt: skip


@given(st.lists(WORDS, max_size=60).map(" ".join) | st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_the_fast_path_gives_the_librarys_probabilities_bit_for_bit(text: str) -> None:
    assert probabilities(text) == library_probabilities(text)


def test_a_text_whose_random_stream_ends_between_two_trials_is_the_same_too() -> None:
    text = "dan people is del warga dua"  # of short mixed texts, one in some 1,400
    assert probabilities(text) == library_probabilities(text)


def test_long_texts_and_texts_that_never_converge_are_the_same_too() -> None:
    for text in (INDONESIAN * 30, "漢字" * 4000, "a b " * 3000, f"{INDONESIAN} {ENGLISH} " * 5, "xq zv " * 40):
        assert probabilities(text) == library_probabilities(text)


def test_langdetect_called_as_users_call_it_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DetectorFactory, "seed", 0)
    for text in (INDONESIAN, MALAY, JAVANESE, SUNDANESE, ENGLISH, f"{INDONESIAN} {ENGLISH}"):
        ours = [(tag, round(share, 4)) for tag, share in probabilities(text)]
        assert ours == [(found.lang, round(found.prob, 4)) for found in langdetect.detect_langs(text)]


def test_real_articles_get_the_librarys_answers() -> None:
    if not SHARED.is_dir():
        pytest.skip("needs the labelled texts beside the project: ../shared/gold")
    lines = gzip.decompress((SHARED / "gold" / "languages.jsonl.gz").read_bytes()).splitlines()
    texts = [json.loads(line)["text"] for line in lines]
    for text in random.Random(0).sample(texts, 200):
        assert probabilities(text[:1000]) == library_probabilities(text[:1000])
