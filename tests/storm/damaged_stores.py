#!/usr/bin/env python3
"""Flips bytes in stores, and has every verb read them: each ends with a documented exit code and says what is wrong in
words of ours, whatever the byte was. No exception of a library comes through, nothing crashes, nothing hangs."""
import argparse
import os
import pathlib
import random
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

STUDY = """
[study]
name = "s"
seed = 5
[objectives]
error = { direction = "minimize" }
energy = { direction = "minimize", phase = "total" }
[constraints]
size = { max = 900 }
[space]
rate = { type = "float", low = 1e-4, high = 1.0, log = true }
layers = { type = "int", low = 1, high = 4 }
optimizer = { type = "categorical", choices = ["sgd", "adam"] }
momentum = { type = "float", low = 0.0, high = 0.9, when = { optimizer = "sgd" } }
[trainer]
command = ["sh", "trainer.sh", "{rate}", "{layers}"]
[budget]
trials = 16
[workers]
count = 2
"""
TRAINER = """
echo '{"joulefront": "phase", "name": "train"}'
echo "{\\"joulefront\\": \\"progress\\", \\"step\\": 1, \\"values\\": {\\"error\\": 0.9, \\"size\\": $2}}"
[ $JOULEFRONT_TRIAL -eq 5 ] && exit 3
echo "{\\"joulefront\\": \\"result\\", \\"values\\": {\\"error\\": 0.$JOULEFRONT_TRIAL, \\"size\\": $2}}"
"""
RAW = re.compile(r"exception|what\(\)|map::at|vector|basic_string|std::|stoll|optional|variant|terminate|Aborted|bug in")
CODES = {0, 1, 2, 3, 4, 6}


def verbs(store, good):
    """Each with arguments; {out} is a file that is not there yet."""
    for form in ("table", "json"):
        yield ["status", store, "--format", form]
        yield ["front", store, "--format", form]
        yield ["importance", store, "--format", form]
        yield ["audit", store, "--format", form]
        yield ["compare", store, good, "--format", form]
    for form in ("csv", "json", "table", "html", "svg", "latex", "markdown", "emissions"):
        yield ["export", store, "--format", form]
    yield ["export", store, "--format", "sqlite", "--output", "{out}"]
    yield ["export", store, "--format", "optuna", "--output", "{out}"]
    yield ["import", store, "--store", "{out}"]
    yield ["run", "study.toml", "--store", store, "--check"]
    yield ["run", "study.toml", "--store", store, "-q"]
    yield ["run", "study.toml", "--store", "{out}", "--warm-start", store, "--check"]


class Walk:
    def __init__(self, joulefront, folder):
        self.joulefront, self.folder = os.path.abspath(joulefront), pathlib.Path(folder)
        self.faults, self.runs, self.refused = [], 0, 0
        (self.folder / "study.toml").write_text(STUDY)
        (self.folder / "trainer.sh").write_text(TRAINER)
        made = self.call(["run", "study.toml", "--store", "good.db", "-q"])
        if made.returncode != 0:
            sys.exit(f"no store to damage: {made.stderr}")
        with sqlite3.connect(self.folder / "good.db") as store:
            store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.bytes = (self.folder / "good.db").read_bytes()

    def call(self, arguments):
        environment = dict(os.environ, XDG_STATE_HOME=str(self.folder / "state"))
        return subprocess.run([self.joulefront, *arguments], cwd=self.folder, env=environment, text=True, errors="replace",
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60)

    def look(self, seed):
        dice = random.Random(seed)
        damaged = bytearray(self.bytes)
        for _ in range(dice.choice((1, 1, 1, 2, 8, 64))):
            at = dice.randrange(100 if dice.random() < 0.95 else 0, len(damaged))
            damaged[at] = dice.randrange(256) if dice.random() < 0.5 else damaged[at] ^ 1 << dice.randrange(8)
        for number, arguments in enumerate(verbs("bad.db", "good.db")):
            for rest in self.folder.glob("bad.*"):
                shutil.rmtree(rest) if rest.is_dir() else rest.unlink()
            for rest in self.folder.glob("out-*"):
                shutil.rmtree(rest) if rest.is_dir() else rest.unlink()
            (self.folder / "bad.db").write_bytes(damaged)
            self.judge(seed, [word.replace("{out}", f"out-{number}.db") for word in arguments])

    def judge(self, seed, arguments):
        try:
            done = self.call(arguments)
        except subprocess.TimeoutExpired:
            self.faults.append(f"seed {seed}: {' '.join(arguments)}: hangs")
            return
        self.runs += 1
        self.refused += done.returncode == 6
        lines = [line for line in done.stderr.splitlines() if line.startswith("joulefront")]
        if done.returncode not in CODES or RAW.search(done.stderr) or (done.returncode == 6 and len(lines) != 1):
            self.faults.append(f"seed {seed}: {' '.join(arguments)}: exit {done.returncode}: {done.stderr[:300]!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joulefront", required=True)
    parser.add_argument("--stores", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="of the first store")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="joulefront-damaged-") as folder:
        walk = Walk(arguments.joulefront, folder)
        for seed in range(arguments.seed, arguments.seed + arguments.stores):
            walk.look(seed)
    for fault in walk.faults:
        print(fault)
    print(f"{arguments.stores} damaged stores, {walk.runs} runs, {walk.refused} with exit 6, {len(walk.faults)} faults")
    return 1 if walk.faults else 0


sys.exit(main())
