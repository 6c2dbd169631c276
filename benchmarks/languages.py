"""How often the language tag is right, by language and length; and langdetect's fast path against langdetect itself.

usage: languages.py [--fast-path N] [--json FILE]

Needs ../shared/gold. Short texts come twice: with nothing declared, and with what an outlet in their language declares.
With the extra (`pip install 'saring[langs]'`) the same run shows what pycld2 adds. `--fast-path N` compares answers
and time on N articles of ../shared/corpus, first 1,000 characters, in turns.
"""

import argparse
import gzip
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from articles import ROOT, articles

from cleaners.langfast import library_probabilities, probabilities
from cleaners.language import DETECT_CHARACTERS, DETECTOR, detect

GOLD = ROOT.parent / "shared/gold/languages.jsonl.gz"
CHUNK = 50  # texts between two turns of the two sides
NOT_MALAY = tuple(  # places in the Malay collection that hold Indonesian or English texts, told by their openings
    f"-articles lines {lines}"
    for lines in (
        "1381-1392", "2389-2400", "517-528", "4213-4224", "3085-3096", "2401-2412", "4093-4104", "1681-1692", "397-408",
        "709-720", "817-828", "1201-1212",
    )
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fast-path", type=int, default=0, metavar="N")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    print(f"detector {DETECTOR}\n{'':<16}{'texts':>7}{'right %':>9}{'declared %':>12}")
    figures = dict(tagged())
    if asked.fast_path:
        figures |= fast_path(asked.fast_path)
    if asked.json:
        asked.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


def tagged() -> Iterator[tuple[str, float]]:
    """Shares of right tags, by `length.language`, and `short.language.declared`."""
    for (length, tag), texts in sorted(labelled().items()):
        if len(texts) < 40:
            continue
        bare = 100 * sum(detect(text).tag == tag for text in texts) / len(texts)
        said = f"{length + ' ' + tag:<16}{len(texts):>7,}{bare:>9.1f}"
        yield f"{length}.{tag}", bare
        if length == "short":
            declared = 100 * sum(detect(text, tag).tag == tag for text in texts) / len(texts)
            said += f"{declared:>12.1f}"
            yield f"short.{tag}.declared", declared
        print(said, flush=True)


def labelled() -> dict[tuple[str, str], list[str]]:
    """The labelled texts without the 41 of 121 long "ms" that are not Malay."""
    rows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for line in gzip.decompress(GOLD.read_bytes()).splitlines():
        row = json.loads(line)
        english = row["lang"] == "ms" and "Posted on" in row["text"] and probabilities(row["text"])[0][0] == "en"
        if not english and not row["origin"].endswith(NOT_MALAY):
            rows[row["length"], row["lang"]].append(row["text"])
    return rows


def fast_path(count: int) -> dict[str, float]:
    """Answers that differ in any bit, and how many times faster the fast path is: median of the chunks' ratios."""
    origin, rows = articles(count)
    texts = [row["text"][:DETECT_CHARACTERS] for row in rows]
    probabilities(texts[0]), library_probabilities(texts[0])  # load what is loaded once
    differing, ratios = 0, []
    for at in range(0, len(texts), CHUNK):
        chunk = texts[at : at + CHUNK]
        began = time.process_time()
        ours = [probabilities(text) for text in chunk]
        between = time.process_time()
        theirs = [library_probabilities(text) for text in chunk]
        ratios.append((time.process_time() - between) / (between - began))
        differing += sum(a != b for a, b in zip(ours, theirs, strict=True))
    figures = {"fast_path.differing": float(differing), "fast_path.times_faster": statistics.median(ratios)}
    print(f"fast path, {len(texts):,} articles ({origin}): {figures}")
    return figures


if __name__ == "__main__":
    main()
