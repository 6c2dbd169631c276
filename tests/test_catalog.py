"""Rule files are read strictly, all their problems are told at once, and outlets do not touch one another."""

from __future__ import annotations

import pytest

from cleaners.article import Cleaned, Document, Source
from cleaners.catalog import CatalogError, load_catalog
from cleaners.pipeline import clean, find_removals
from cleaners.pointer import Hints

FILE = """
name = "Harian Contoh"
hosts = ["hariancontoh.example"]
names = ["HARIANCONTOH"]

[[rules]]
name = "closing"
kind = "promo"
starts = ["Sampai jumpa di Harian Contoh"]

[[examples]]
text = "Wali kota membuka jembatan baru.\\n{--Sampai jumpa di Harian Contoh besok.--}"
[[examples]]
note = "The outlet inside a sentence stays."
text = "Wali kota mengatakan hal itu kepada Harian Contoh."
"""
OTHER = (
    FILE.replace("Harian Contoh", "Kabar Kita")
    .replace("hariancontoh", "kabarkita")
    .replace("HARIANCONTOH", "KABARKITA")
)
STORY = "JAKARTA - Wali kota membuka jembatan baru.\nSampai jumpa di Harian Contoh besok."

# What is wrong with a file: (replaced, by, the sentence).
WRONG = {
    "a key with a typing error": ("starts =", "start =", "start: unknown key; did you mean 'starts'?"),
    "a key nothing like any": ("starts =", "xyzzy = 1\nstarts =", "xyzzy: unknown key; use one of ["),
    "a kind with a typing error": ('"promo"', '"promotion"', "unknown kind 'promotion'; did you mean 'promo'?"),
    "no kind": ('kind = "promo"', "", "unknown kind None; use one of ["),
    "a placeholder with a typing error": ("Sampai jumpa", "{plase} jumpa", "{plase}; did you mean {place}?"),
    "an unknown extent": ("starts =", 'removes = "xyzzy"\nstarts =', "unknown removes 'xyzzy'; use one of ["),
    "an unknown place": ("starts =", 'where = "tails"\nstarts =', "unknown where 'tails'; did you mean 'tail'?"),
    "two anchors": ("starts =", 'is = ["x"]\nstarts =', "2 of is, starts, ends, contains; write exactly one of them"),
    "no anchor": ('starts = ["Sampai jumpa di Harian Contoh"]', "", "0 of is, starts, ends, contains"),
    "a phrase that is no list": ('["Sampai jumpa di Harian Contoh"]', '"Sampai"', "expected a list of strings"),
    "a name with a capital": ('"closing"', '"Closing"', "'Closing' is no rule name; use lower-case words"),
    "a number as a word": ("starts =", 'max_words = "9"\nstarts =', "max_words: expected int, got '9'"),
    "no name": ('name = "Harian Contoh"', "", "name: expected str, got None"),
    "every example marked": ("kepada Harian Contoh.", "{--x--}", "every example has a mark; add one that must stay"),
    "no reason why it stays": ('note = "The outlet', '# = "The outlet', "stays whole has no note; say in a note why"),
    "not TOML": ("[[rules]]", "[[rules]", "not valid TOML"),
    "a page without a body": ("[[rules]]", "[[pages]]\n[[rules]]", 'no selector; write body = ["div.content"]'),
    "two layouts of one time": (
        "[[rules]]",
        '[[pages]]\nbody = ["p"]\n[[pages]]\nbody = ["b"]\n[[rules]]',
        "two layouts end on the same day",
    ),
}


def problems(*files: tuple[str, str]) -> list[str]:
    with pytest.raises(CatalogError) as error:
        load_catalog(extra=files)
    return [str(problem) for problem in error.value.problems]


@pytest.mark.parametrize(("replaced", "by", "sentence"), WRONG.values(), ids=WRONG)
def test_a_file_with_a_mistake_is_refused_with_the_remedy(replaced: str, by: str, sentence: str) -> None:
    assert replaced in FILE
    found = problems(("hariancontoh.toml", FILE.replace(replaced, by, 1)))
    assert [problem for problem in found if sentence in problem], found
    assert all(problem.startswith("outlets/hariancontoh.toml") for problem in found)


def test_a_problem_names_the_file_the_rule_and_the_key() -> None:
    (problem,) = problems(("hariancontoh.toml", FILE.replace("Sampai", "{plase}", 1)))
    assert problem.startswith("outlets/hariancontoh.toml, rule 'closing', starts: ")


def test_the_problems_of_all_files_are_told_at_once() -> None:
    broken = FILE.replace('"promo"', '"promotion"').replace("hosts =", "host =")
    found = problems(("hariancontoh.toml", broken), ("kabarkita.toml", OTHER.replace('"promo"', '"?"')))
    assert [problem.split(":")[0] for problem in found] == [
        "outlets/hariancontoh.toml, host",
        "outlets/hariancontoh.toml, rule 'closing', kind",
        "outlets/kabarkita.toml, rule 'closing', kind",
    ]


@pytest.mark.parametrize("file", ["Harian-Contoh.toml", "harian contoh.toml"])
def test_a_file_name_that_is_no_stem_is_refused(file: str) -> None:
    assert [problem for problem in problems((file, FILE)) if "is no stem" in problem]


CLAIMED = {
    "a host": ("kabarkita.example", "hariancontoh.example", "'hariancontoh.example' is claimed by"),
    "a name": ("KABARKITA", "HARIANCONTOH", "'hariancontoh' is claimed by"),
    "a name written with other blanks": ('"KABARKITA"', '"Harian-Contoh"', "'hariancontoh' is claimed by"),
    "a shipped outlet's host": ("kabarkita.example", "kompas.com", "'kompas.com' is claimed by"),
}


@pytest.mark.parametrize(("own", "others", "sentence"), CLAIMED.values(), ids=CLAIMED)
def test_two_outlets_do_not_claim_one(own: str, others: str, sentence: str) -> None:
    found = problems(("hariancontoh.toml", FILE), ("kabarkita.toml", OTHER.replace(own, others)))
    assert [problem for problem in found if sentence in problem], found


def test_two_rules_of_one_name_are_refused() -> None:
    rule = FILE[FILE.index("[[rules]]") : FILE.index("[[examples]]")]
    (problem,) = problems(("hariancontoh.toml", FILE.replace("[[examples]]", rule + "[[examples]]", 1)))
    assert "'hariancontoh/closing' is used twice; give it another name" in problem


def test_a_former_name_is_a_name() -> None:
    second = '[[rules]]\nname = "other"\nwas = ["closing"]\nkind = "promo"\nis = ["Sampai jumpa"]\n'
    (problem,) = problems(("hariancontoh.toml", FILE.replace("[[examples]]", second + "[[examples]]", 1)))
    assert "'hariancontoh/closing' is used twice" in problem


def test_a_file_of_the_user_replaces_the_shipped_one_of_its_name() -> None:
    own = load_catalog(extra=[("kompas.toml", FILE)])
    assert own.outlets["kompas"].name == "Harian Contoh"
    assert own.outlet_of_host("www.kompas.com") is None
    assert own.rule("kompas/whatsapp-channel") is None


def test_an_outlet_can_be_left_out() -> None:
    without = load_catalog(without=["kompas"])
    assert "kompas" not in without.outlets
    assert without.outlet_of_host("nasional.kompas.com") is None


def test_the_ruleset_changes_with_the_files_and_with_nothing_else() -> None:
    shipped = load_catalog().ruleset
    assert shipped == load_catalog().ruleset
    assert len(shipped) == 16
    assert shipped != load_catalog(extra=[("hariancontoh.toml", FILE)]).ruleset


HOSTS = {
    "itself": ("hariancontoh.example", True),
    "a subdomain": ("daerah.hariancontoh.example", True),
    "capitals": ("WWW.HarianContoh.example", True),
    "a domain that only ends so": ("bukanhariancontoh.example", False),
    "the domain above": ("example", False),
    "nothing": (None, False),
}


@pytest.mark.parametrize(("host", "known"), HOSTS.values(), ids=HOSTS)
def test_an_outlet_is_found_by_its_host(host: str | None, known: bool) -> None:
    found = load_catalog(extra=[("hariancontoh.toml", FILE)]).outlet_of_host(host)
    assert (found is not None and found.stem == "hariancontoh") is known


@pytest.mark.parametrize("name", ["hariancontoh", "Harian Contoh", "HARIAN-CONTOH", "www.hariancontoh.example"])
def test_an_outlet_is_found_by_any_of_its_names(name: str) -> None:
    found = load_catalog(extra=[("hariancontoh.toml", FILE)]).outlet_of_name(name)
    assert found is not None
    assert found.stem == "hariancontoh"


def test_an_outlets_rules_are_tried_on_its_own_articles_only() -> None:
    catalog = load_catalog(extra=[("hariancontoh.toml", FILE)])
    for host, gone in {"hariancontoh.example": True, "kompas.com": False, "unknown.example": False}.items():
        cleaned = clean(Document(text=STORY, url=f"https://{host}/1/jembatan"), catalog)
        assert isinstance(cleaned, Cleaned)
        assert ("Sampai jumpa" not in cleaned.text) is gone, host


def test_another_outlet_changes_no_result() -> None:
    shipped, more = load_catalog(), load_catalog(extra=[("hariancontoh.toml", FILE), ("kabarkita.toml", OTHER)])
    for stem, outlet in shipped.outlets.items():
        for example in outlet.examples:
            text = example.text.replace("{--", "").replace("--}", "")
            before = find_removals(text, shipped, Source(stem, "hint"), outlet, Hints())[0]
            assert before == find_removals(text, more, Source(stem, "hint"), more.outlets[stem], Hints())[0], stem


PLACES = {
    "a place that begins as an outlet's name does": ("MINAHASA UTARA - Wali kota membuka jembatan baru.", None),
    "the outlet itself": ("Ramallah, MINA - Wali kota membuka jembatan baru.", "mina"),
}


@pytest.mark.parametrize(("text", "source"), PLACES.values(), ids=PLACES)
def test_a_name_in_capitals_is_found_as_a_word_only(text: str, source: str | None) -> None:
    cleaned = clean(Document(text=text), load_catalog())
    assert isinstance(cleaned, Cleaned)
    assert cleaned.source.name == source
    assert cleaned.text == "Wali kota membuka jembatan baru."
