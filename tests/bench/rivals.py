#!/usr/bin/env python3
"""joulefront's search beside Optuna, pymoo and BoTorch, on problems whose front is known.

  rivals.py [--methods optuna-tpe,optuna-gp] [--problems m1,m2] [--seeds 10] [--evals 200]
            [--budget-seconds 600] [--joulefront build/release/bin/joulefront] [--sampler surrogate]
            [--out rivals.json]

Runs what the JSON file does not hold yet, the cheapest methods first, adds every run to it when it
ends, and prints everything that the file holds as Markdown. A run is held if it had the same
version (of joulefront: the same build and sampler) and as many evaluations; others are replaced.
--seeds 0 runs nothing. Several at a time may share a file. A method that cannot be imported is
named in the report and skipped. --budget-seconds cuts a run off after so many CPU seconds of
search; the report says which. README.md says how to install the rivals.
"""

import argparse
import fcntl
import json
import os
import pathlib
import platform
import random
import sys
import time

import rival_table
from problems import PROBLEMS
from rival_methods import METHODS, ONE_THREAD, ONLY_CONDITIONAL, START, Missing

# Before any method's packages are imported. BoTorch compiles a kernel if it finds ninja, which pip
# puts beside the Python that runs this.
os.environ.update(ONE_THREAD)
os.environ["PATH"] = f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


class ResultsFile:
    """A JSON object: "method problem seed" -> run."""

    def __init__(self, path):
        self._path = pathlib.Path(path)

    def read(self):
        return json.loads(self._path.read_text()) if self._path.exists() else {}

    def add(self, key, run):
        """Others may add to the file meanwhile; who is killed leaves it whole."""
        with open(f"{self._path}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            runs = self.read()
            runs[key] = run
            beside = self._path.with_name(self._path.name + ".new")
            beside.write_text(json.dumps(runs))
            beside.replace(self._path)


def machine():
    name = platform.processor() or platform.machine()
    info = pathlib.Path("/proc/cpuinfo")
    if info.exists():
        models = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines()
                  if line.startswith("model name")]
        name = models[0] if models else name
    return f"{name}, Python {platform.python_version()}"


def search(method, problem, seed, options, evals):
    """One run: noise-free values and CPU seconds so far, one of each an evaluation."""
    noise = random.Random(f"noise of seed {seed}")  # the same for all methods
    values, cpu, spent, end, message = [], [], 0.0, "complete", ""
    own = None
    try:
        own = METHODS[method](problem, seed, options)
        while len(values) < evals and end == "complete":
            begin = time.process_time()
            configuration = own.ask()
            spent += time.process_time() - begin
            true = problem.evaluate(configuration)
            told = tuple(v + noise.gauss(0.0, problem.noise) for v in true)
            begin = time.process_time()
            own.tell(told)
            spent += time.process_time() - begin
            if hasattr(own, "cpu_seconds"):
                spent = own.cpu_seconds()
            values.append(true)
            cpu.append(round(spent, 6))
            if options.budget_seconds and spent > options.budget_seconds and len(values) < evals:
                end = "cut"
    except Exception as error:  # a rival's failure is a result
        end, message = "failed", f"{type(error).__name__}: {error}"
    if hasattr(own, "close"):
        whole = own.close()
        if cpu:
            cpu[-1] = round(whole, 6)
    return {"values": values, "cpu": cpu, "end": end, "message": message}


def is_held(run, description, options):
    if run is None or run["description"] != description or run["end"] == "failed":
        return False
    if run["end"] == "cut" and len(run["values"]) < options.evals:
        return bool(options.budget_seconds) and options.budget_seconds <= run["budget_seconds"]
    return len(run["values"]) >= options.evals


def run_method(method, options, file):
    description = METHODS[method].describe(options)
    warm = False
    for name in options.problems:
        problem = PROBLEMS[name]
        if method in ONLY_CONDITIONAL and not problem.conditional():
            continue
        for seed in range(options.seeds):
            key = f"{method} {name} {seed}"
            if is_held(file.read().get(key), description, options):
                continue
            if not warm:  # what packages import late is no time of a search
                search(method, PROBLEMS["zdt1"], 0, options, START + 2)
                warm = True
            run = search(method, problem, seed, options, options.evals)
            file.add(key, {"method": method, "problem": name, "seed": seed, "description": description,
                           "evals": options.evals, "budget_seconds": options.budget_seconds, "machine": machine(),
                           **run})
            print(f"{description}, {name}, seed {seed}: {run['end']} {run['message']} after "
                  f"{len(run['values'])} evaluations, {problem.share(run['values']):.3f}, "
                  f"{run['cpu'][-1] if run['cpu'] else 0:.2f} CPU s", file=sys.stderr, flush=True)


def names(known):
    def parse(text):
        asked = text.split(",")
        for name in asked:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(known)}")
        return [name for name in known if name in asked]
    return parse


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", type=names(METHODS), default=list(METHODS), help=", ".join(METHODS))
    parser.add_argument("--problems", type=names(PROBLEMS), default=list(PROBLEMS), help=", ".join(PROBLEMS))
    parser.add_argument("--seeds", type=int, default=10, help="how many; they are 0, 1, 2, ...")
    parser.add_argument("--evals", type=int, default=200)
    parser.add_argument("--budget-seconds", type=float, default=0.0, help="CPU seconds a run; 0 is no limit")
    parser.add_argument("--joulefront", default="joulefront", help="the program")
    parser.add_argument("--sampler", default="surrogate", help="of joulefront")
    parser.add_argument("--out", default="rivals.json")
    return parser.parse_args()


def main():
    options = parse_options()
    file = ResultsFile(options.out)
    left_out = {}
    for method in options.methods if options.seeds > 0 else []:
        try:
            run_method(method, options, file)
        except Missing as missing:
            left_out[method] = missing
            print(f"{method}: {missing}", file=sys.stderr)
    runs = list(file.read().values())
    if not runs:
        print(f"{options.out} holds no runs", file=sys.stderr)
        return 1
    print(rival_table.write(runs, left_out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
