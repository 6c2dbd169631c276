"""The script people write instead of using Saring: language of the full text, one regex a line, MinHash LSH, pandas.

usage: usual_script.py ARTICLES.jsonl OUT.parquet
"""

import json
import re
import sys

import pandas as pd
from datasketch import MinHash, MinHashLSH
from langdetect import DetectorFactory, LangDetectException, detect_langs

DetectorFactory.seed = 0
USUAL = re.compile(
    r"(?im)^\s*\(?(?:baca juga|lihat juga|simak juga|simak video|saksikan|tonton|baca selengkapnya|editor|penulis"
    r"|reporter|pewarta|sumber|foto|advertisement|scroll to|\[gambas|copyright|selanjutnya|menarik dibaca|halaman)\b.*$"
)
SHINGLE_WORDS = 5  # what the tutorials use


def main(source: str, target: str) -> None:
    index, rows = MinHashLSH(threshold=0.8, num_perm=128), []
    with open(source, encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            row = json.loads(line)
            text = USUAL.sub("", row["text"]).strip()
            signature = MinHash(num_perm=128)
            words = text.lower().split()
            signature.update_batch(
                [" ".join(words[i : i + SHINGLE_WORDS]).encode() for i in range(max(1, len(words) - SHINGLE_WORDS + 1))]
            )
            duplicate_of = next(iter(index.query(signature)), None)
            if duplicate_of is None:
                index.insert(number, signature)
            rows.append(
                {"id": row["id"], "url": row.get("url"), "title": row.get("title"), "text": text}
                | {"language": language(row["text"]), "duplicate_of": duplicate_of}
            )
    pd.DataFrame(rows).to_parquet(target)


def language(text: str) -> str | None:
    try:
        return str(detect_langs(text)[0].lang)
    except LangDetectException:
        return None


if __name__ == "__main__":
    main(*sys.argv[1:])
