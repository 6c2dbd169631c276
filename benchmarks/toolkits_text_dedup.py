"""text-dedup's side of toolkits.py: its MinHash command with its defaults, one process; runs in .toolkits.

usage: toolkits_text_dedup.py ARTICLES.jsonl FOLDER
"""

import json
import pickle
import sys
from pathlib import Path

from text_dedup.minhash import main as minhash


def main() -> None:
    source, folder = map(Path, sys.argv[1:])
    told = ["--path", "json", "--data_files", str(source), "--split", "train", "--column", "text"]
    told += ["--cache_dir", str(folder / "cache"), "--output", str(folder / "kept"), "--num_proc", "1"]
    minhash([*told, "--debug"], standalone_mode=False)  # --debug writes the clusters too
    with open(source, encoding="utf-8") as lines:
        ids = [json.loads(line)["id"] for line in lines]
    groups = pickle.loads((folder / "kept/uf.pkl").read_bytes())
    found = {ids[at]: str(groups.find(at)) for at in list(groups.parent)}
    (folder / "clusters.json").write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main()
