#!/usr/bin/env python3
"""What [trainer] preload = true saves: the same short trainings of digits, with and without it, in turn; medians.

  tests/bench/preload.py build/full/bin [--rounds 3]
"""
import argparse
import csv
import io
import pathlib
import sqlite3
import statistics
import subprocess
import tempfile
import time

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


def run(bin_dir, folder, preload):
    """Wall seconds of the study, CPU seconds before "train" of a training, and what was learned."""
    text = (EXAMPLES / "01_digits.toml").read_text().replace("data/digits", str(EXAMPLES / "data/digits"))
    lines = [line for line in text.splitlines() if not line.startswith(("preload", "trials", "count"))]
    text = "\n".join(lines).replace("[budget]", "[budget]\ntrials = 24") + '\n[search]\nsampler = "sobol"\n'
    if preload:
        text = text.replace("[trainer]", "[trainer]\npreload = true")
    (folder / "study.toml").write_text(text)
    begin = time.perf_counter()
    subprocess.run([bin_dir / "joulefront", "run", "study.toml", "--store", "s.db", "-q"], cwd=folder, check=True, capture_output=True)
    wall = time.perf_counter() - begin
    with sqlite3.connect(folder / "s.db") as store:
        setup, = store.execute("SELECT sum(cpu_s) / count(DISTINCT trial) FROM energy WHERE phase IN ('setup', 'data')").fetchone()
    table = subprocess.run([bin_dir / "joulefront", "export", "s.db"], cwd=folder, check=True, capture_output=True, text=True).stdout
    return wall, setup, [row["value.loss"] for row in csv.DictReader(io.StringIO(table))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    seen = {False: [], True: []}
    for _ in range(arguments.rounds):
        for preload in seen:
            with tempfile.TemporaryDirectory() as folder:
                seen[preload].append(run(arguments.bin, pathlib.Path(folder), preload))
    for preload, rounds in seen.items():
        print(f"preload = {str(preload).lower():<5}  study of 24 trainings {statistics.median(r[0] for r in rounds):6.2f} s   "
              f"CPU before \"train\" {1e3 * statistics.median(r[1] for r in rounds):6.1f} ms a training")
    print("the same losses:", all(r[2] == seen[False][0][2] for rounds in seen.values() for r in rounds))


main()
