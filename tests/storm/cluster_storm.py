#!/usr/bin/env python3
"""Torments a study in PostgreSQL: kills `run`, a second `run` that waits to take over, workers and trainers with kill -9; cuts the way
to the server, by silence or by a reset; restarts the server, or kills it. After every round no finished trial may be lost or changed; at
the end the number of trials is the budget's, none is complete twice, the audit holds, and no process is left."""
import argparse
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

from proxy import Proxy
from storm import Fault, Storm

SERVER = pathlib.Path(__file__).resolve().parents[2] / "examples/07_cluster/postgres_server.py"


def server(what, folder, *flags):
    done = subprocess.run([sys.executable, SERVER, what, folder, *flags], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr or done.stdout)
    return done.stdout.strip()


class ClusterStorm(Storm):
    """A study whose store is a database of its own, behind a proxy."""

    def __init__(self, url, number, *arguments, **keywords):
        self.direct = f"{url[:url.rindex('/')]}/storm{number}"
        port = int(url[:url.rindex("/")].rsplit(":", 1)[1])
        self.proxy = Proxy(port)
        self.store = self.direct.replace(f":{port}/", f":{self.proxy.port}/")
        super().__init__(*arguments, **keywords)
        subprocess.run(["psql", "-qX", url, "-c", f"CREATE DATABASE storm{number}"], check=True)

    def query(self, sql):
        for _ in range(100):
            done = subprocess.run(["psql", "-qXAt", "-F", "\x1f", "-R", "\x1e", self.direct, "-c",
                                   "SET search_path = joulefront", "-c", sql], capture_output=True, text=True)
            if done.returncode == 0:
                rows = done.stdout.rstrip("\n").split("\x1e")
                rows = [tuple(row.strip("\n").split("\x1f")) for row in rows if row.strip()]
                return [tuple(int(cell) if cell.isdigit() else cell for cell in row) for row in rows]
            if "does not exist" in done.stderr:
                return []
            time.sleep(0.1)  # the server is just being restarted
        raise Fault(done.stderr)

    def finished(self):
        return {row[0]: row for row in self.query(
            "SELECT number, state, configuration, values_json, energy_j, attempts, finished FROM trials_wide "
            "WHERE state IN ('complete', 'pruned', 'failed')")}


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def torment(storm, runs, chance, folder, counts):
    processes = storm.processes()
    workers = [pid for pid, command in processes if " worker " in command]
    trainers = [pid for pid, command in processes if "train.sh" in command or "sleep" in command]
    kind = chance.choice(["run", "worker", "workers", "trainer", "all", "silence", "reset", "reset", "restart", "crash"])
    counts[kind] = counts.get(kind, 0) + 1
    if kind == "silence":
        storm.proxy.stall(chance.choice([0.3, 1.0, 2.0]))
    elif kind == "reset":
        storm.proxy.reset()
    elif kind == "restart":
        server("restart", folder)
    elif kind == "crash":
        server("restart", folder, "--crash")
    else:
        chosen = {"run": [runs[0].pid], "worker": workers[:1], "workers": workers, "trainer": trainers[:1],
                  "all": [run.pid for run in runs] + workers + trainers}[kind]
        for pid in chosen:
            send(pid, signal.SIGKILL)


def one_round(storm, chance, folder, counts):
    before = storm.finished()
    runs = [storm.start()]
    time.sleep(0.3)
    if chance.random() < 0.5:
        runs.append(storm.start())  # it waits, and takes over
    for _ in range(chance.choice([1, 2, 4])):
        time.sleep(chance.random() * 0.8)
        torment(storm, runs, chance, folder, counts)
    time.sleep(chance.random())
    for run in runs:
        if run.poll() is None:
            send(run.pid, chance.choice([signal.SIGKILL, signal.SIGTERM]))
    for run in runs:
        try:
            run.wait(60)
        except subprocess.TimeoutExpired:
            raise Fault(f"run does not stop when told to:\n{storm.said()}") from None
    storm.check_kept(before)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joulefront", required=True)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--trials", type=int, default=150, help="of each study; a new one begins when one is done")
    parser.add_argument("--cut", type=float, default=0, help="also a silence of so many seconds in mid-study")
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    counts, studies, attempts, rounds = {}, 0, {}, 0
    with tempfile.TemporaryDirectory(prefix="joulefront-cluster-") as top:
        postgres = pathlib.Path(top) / "postgres"
        url = server("start", postgres, "--durable")
        try:
            while rounds < arguments.rounds:
                studies += 1
                storm = ClusterStorm(url, studies, arguments.joulefront, pathlib.Path(top) / str(studies),
                                     arguments.trials, chance.choice([1, 2, 4]), seed=studies)
                while rounds < arguments.rounds and len(storm.finished()) < arguments.trials:
                    rounds += 1
                    one_round(storm, chance, postgres, counts)
                if arguments.cut > 0 and studies == 1:
                    run = storm.start()
                    time.sleep(0.5)
                    storm.proxy.stall(arguments.cut)
                    if run.poll() not in (None, 0):
                        raise Fault(f"run did not outlast the cut:\n{storm.said()}")
                    run.wait(300)
                storm.finish()
                storm.check_end(excused=["signal"])
                for state, count in storm.query("SELECT state, count(*) FROM attempt GROUP BY state"):
                    attempts[state] = attempts.get(state, 0) + count
        except Fault as fault:
            sys.exit(f"seed {arguments.seed}, round {rounds}: {fault}")
        finally:
            server("stop", postgres)
    print(f"{rounds} rounds, {studies} studies of {arguments.trials} trials, {counts}, attempts {attempts}: "
          f"0 finished trials lost or changed, 0 complete twice, 0 processes left; seed {arguments.seed}")


if __name__ == "__main__":
    main()
