"""An audit names what comes again after cleaning, and the removals that look like story."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from cleaners.catalog import load_catalog
from flows.audit import Audit, audit_files, audit_lake, audit_lines
from flows.console import report_lines
from flows.residue import Lengths, Residue, story_signs
from flows.run import run
from flows.settings import IngestConfig

PLACES = ["Lembah", "Bukit", "Muara", "Teluk", "Tanjung", "Hulu", "Hilir"]
ACTIONS = ["membuka", "menutup", "memperbaiki", "memperluas", "meresmikan"]


def story(number: int) -> str:
    """An invented story; no two share six words in a row."""
    place, action, mark = PLACES[number % 7], ACTIONS[number % 5], chr(97 + number % 26) + chr(97 + number // 26)
    return (
        f"Warga {place}{mark} {action} pasar tani{mark} bersama kelompok{mark} pemuda.\n"
        f"Rapat desa{mark} memutuskan jalan{mark} itu dibangun warga{mark} hingga selesai{mark} nanti{mark}."
    )


def test_a_story_told_in_other_words_each_time_is_no_residue() -> None:
    residue = Residue()
    for number in range(100):
        residue.add(
            "kabar", str(number), " ".join(f"kata{chr(97 + number % 26)}{number // 26 * 'x'}{i}x" for i in range(9))
        )
    assert [one for one in residue.phrases("kabar") if one.place == "words" and one.count > 90] == []


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("Pantau terus kanal kami", "line"),
        ("Unduh gim kebun di gerai resmi kami dan menangkan hadiah setiap pekan", "words"),
    ],
    ids=["a short line", "a longer one, as one phrase"],
)
def test_what_comes_again_in_many_articles_of_an_outlet_is_named(line: str, place: str) -> None:
    residue = Residue()
    for number in range(60):
        text = story(number) + (f"\n{line}" if number % 2 else "")
        residue.add("kabar", f"nomor-{number}", text)
    found = {(one.place, one.text): one for one in residue.phrases("kabar")}
    phrase = found[place, line.lower()]
    assert (phrase.count, phrase.share) == (30, 0.5)
    assert phrase.example.startswith("nomor-")


def test_an_outlet_with_few_articles_is_not_judged() -> None:
    residue = Residue()
    for number in range(20):
        residue.add("kecil", str(number), story(number) + "\nPantau terus kanal kami")
    assert residue.phrases("kecil") == []


def test_dates_and_scores_are_no_residue() -> None:
    residue = Residue()
    for number in range(60):
        residue.add("kabar", str(number), story(number) + " Pada 1/2/2024 pukul 10.30 skor 2-1 menit 90.")
    assert not [one for one in residue.phrases("kabar") if one.text.count("0") > 2 and one.place == "words"]


def test_a_short_promo_has_few_signs_of_story() -> None:
    assert story_signs("Pantau kanal kami di gawai") < 3
    assert story_signs('"Kami membuka jalan itu," kata ketua dusun pada 3 Mei. Warga menyambut dengan riang.') > 8


def test_a_removal_far_longer_than_the_others_of_its_rule_is_a_suspect() -> None:
    lengths = Lengths()
    for number in range(50):
        lengths.add(str(number), "related", "Baca juga: Jembatan Dibuka")
    eaten = (
        "Baca juga: Jembatan Dibuka Ketua dusun mengatakan warga menyambut dengan riang. Jalan itu telah dibangun lama."
    )
    lengths.add("aneh", "related", eaten)
    (suspect,) = lengths.suspects("related/marker")
    assert (suspect.article, suspect.text, suspect.of) == ("aneh", eaten, 51)
    assert suspect.z > 2


def test_a_second_copy_is_no_suspect() -> None:
    audit = Audit()
    audit.removal("a", "text/repeat", "repeat", story(1))
    assert audit.suspects() == []


def test_a_lake_and_the_files_it_was_made_of_give_the_same_findings(tmp_path: Path) -> None:
    source = tmp_path / "berita.jsonl"
    rows = [{"id": str(n), "outlet": "kabarkita.example", "text": story(n) + "\nPantau kanal dusun"} for n in range(60)]
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    report = run(IngestConfig.model_validate({"inputs": [str(source)], "lake": str(tmp_path / "lake"), "workers": 1}))
    assert report.articles == 60
    of_files, of_lake = audit_files([str(source)], load_catalog()), audit_lake(tmp_path / "lake")
    texts = [
        {(one.place, one.text, one.count) for phrases in a.phrases().values() for one in phrases}
        for a in (of_files, of_lake)
    ]
    assert texts[0] == texts[1]
    assert ("line", "pantau kanal dusun", 60) in texts[0]


def test_a_run_says_which_articles_were_cut_deeply_and_the_audit_names_them(tmp_path: Path) -> None:
    pointers = "\n".join(f"Baca juga: Warga {place} Menyambut Jembatan Baru di Kampung" for place in PLACES)
    source = tmp_path / "berita.jsonl"
    source.write_text(json.dumps({"id": "satu", "text": f"{story(1)}\n{pointers}"}) + "\n", "utf-8")
    report = run(IngestConfig.model_validate({"inputs": [str(source)], "lake": str(tmp_path / "lake"), "workers": 1}))
    audit = audit_files([str(source)], load_catalog())
    assert audit.deeply_cut == ["satu"]
    flag = next(iter(audit.deep_cuts))
    assert [line for line in report_lines(report) if "deeply" in line] == [
        f"\nCut deeply, read them: {flag} 1; saring rules audit names them"
    ]


def test_a_run_says_by_source_how_many_articles_may_still_hold_furniture(tmp_path: Path) -> None:
    source = tmp_path / "berita.jsonl"
    rows = [{"id": str(n), "url": f"https://kabarkita.example/{n}", "text": story(n)} for n in range(8)]
    for row in rows[:3]:
        row["text"] += "\nBegitulah warta dari rumah kami hari ini"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    report = run(IngestConfig.model_validate({"inputs": [str(source)], "lake": str(tmp_path / "lake"), "workers": 1}))
    assert report.unclean() == [("kabarkita.example", 3, 8)]
    assert report.json()["residue"] == {"kabarkita.example": {"articles": 3, "of": 8}}
    assert next(line.split() for line in report_lines(report) if line.startswith("  kabarkita.example, of")) == [
        "kabarkita.example,",
        "of",
        "8",
        "3",
    ]


def test_the_command_says_it_for_people_and_for_programs(tmp_path: Path, saring: str, root: Path) -> None:
    asked = [saring, "rules", "audit", str(root / "samples"), "--json"]
    done = subprocess.run(asked, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["articles"] > 5
    assert {"flags", "outlets", "suspects", "deeply_cut"} <= found.keys()
    lines = list(audit_lines(audit_files([str(root / "samples")], load_catalog())))
    assert lines[0].endswith("sources")
    missing = subprocess.run([saring, "rules", "audit", "--lake", str(tmp_path / "no")], capture_output=True, text=True)
    assert missing.returncode == 2
