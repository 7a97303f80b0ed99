#!/usr/bin/env python3
"""Kills what runs a study, again and again, at random moments: `run`, workers, trainers, or all of them, with kill -9
and with the signals that people and terminals send. After every round no finished trial may be lost or changed; at
the end the number of trials is the budget's, none is complete twice, the audit holds, and no process is left."""
import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time

from storm import Fault, Storm

SIGNALS = [signal.SIGKILL] * 6 + [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


def victims(storm, run, chance):
    """Process ids to signal in this round, and what they are."""
    processes = storm.processes()
    workers = [pid for pid, command in processes if " worker " in command]
    trainers = [pid for pid, command in processes if "train.sh" in command or "sleep" in command]
    kind = chance.choice(["run", "run", "worker", "workers", "trainer", "all"])
    chosen = {"run": [run.pid], "worker": workers[:1], "workers": workers, "trainer": trainers[:1],
              "all": [run.pid, *workers, *trainers]}[kind]
    return kind, chosen


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def one_round(storm, chance, counts):
    before = storm.finished()
    run = storm.start()
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        time.sleep(chance.random() ** 2 * 0.8)
        kind, chosen = victims(storm, run, chance)
        number = signal.SIGKILL if kind != "run" else chance.choice(SIGNALS)
        counts[kind] = counts.get(kind, 0) + 1
        chance.shuffle(chosen)
        for pid in chosen:
            send(pid, number)
        if number in (signal.SIGINT, signal.SIGTERM) and chance.random() < 0.5:
            send(run.pid, number)  # twice: at once
    if run.poll() is None and chance.random() < 0.7:
        send(run.pid, signal.SIGKILL)
    try:
        run.wait(10)
    except subprocess.TimeoutExpired:
        send(run.pid, signal.SIGTERM)
        try:
            run.wait(15)
        except subprocess.TimeoutExpired:
            raise Fault(f"run does not stop when told to:\n{storm.said()}") from None
    storm.check_kept(before)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joulefront", required=True)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--trials", type=int, default=150, help="of each study; a new one begins when one is done")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    counts, studies, attempts, rounds = {}, 0, {}, 0
    while rounds < arguments.rounds:
        studies += 1
        with tempfile.TemporaryDirectory(prefix="joulefront-storm-") as folder:
            storm = Storm(arguments.joulefront, folder, arguments.trials, chance.choice([1, 2, 4]), seed=studies)
            while rounds < arguments.rounds and len(storm.finished()) < arguments.trials:
                rounds += 1
                try:
                    one_round(storm, chance, counts)
                except Fault as fault:
                    sys.exit(f"seed {arguments.seed}, round {rounds}: {fault}")
            try:
                storm.finish()
                storm.check_end(excused=["signal"])  # a trainer that somebody kills has failed
            except Fault as fault:
                sys.exit(f"seed {arguments.seed}, after round {rounds}: {fault}")
            for state, count in storm.query("SELECT state, count(*) FROM attempt GROUP BY state"):
                attempts[state] = attempts.get(state, 0) + count
    print(f"{rounds} rounds, {studies} studies of {arguments.trials} trials, killed {counts}, attempts {attempts}: "
          f"0 finished trials lost or changed, 0 complete twice, 0 processes left; seed {arguments.seed}")


main()
