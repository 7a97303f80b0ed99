#!/usr/bin/env python3
"""Trials recorded per second by one process, durable, beside Optuna with its SQLite storage, which needs `pip install
optuna`: proposed, claimed and finished with two values, in turns on one machine; medians. Joulefront's have the joules of five phases as well.
    tests/bench/store_rate.py BENCH_STORE [TURNS]"""
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

OURS, THEIRS = 2000, 150


def ours(program, folder):
    begin = time.monotonic()
    subprocess.run([program, folder / "ours.db", str(OURS)], check=True)
    return OURS / (time.monotonic() - begin)


def theirs(folder):
    import optuna
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(storage=f"sqlite:///{folder}/theirs.db", directions=["minimize", "minimize"],
                                sampler=optuna.samplers.RandomSampler(seed=1))
    begin = time.monotonic()
    for _ in range(THEIRS):
        trial = study.ask()
        trial.suggest_int("width", 8, 512, log=True)
        trial.suggest_float("learning_rate", 1e-4, 1.0, log=True)
        trial.suggest_categorical("optimizer", ["sgd", "adam"])
        study.tell(trial, [0.1, 3.0])
    return THEIRS / (time.monotonic() - begin)


def main():
    rates = {"joulefront": [], "Optuna": []}
    for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 5):
        with tempfile.TemporaryDirectory() as folder:
            rates["joulefront"].append(ours(sys.argv[1], pathlib.Path(folder)))
            rates["Optuna"].append(theirs(folder))
    medians = {name: statistics.median(each) for name, each in rates.items()}
    print({name: f"{rate:.0f} trials/s" for name, rate in medians.items()},
          f"ratio {medians['joulefront'] / medians['Optuna']:.1f}")


main()
