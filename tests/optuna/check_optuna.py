#!/usr/bin/env python3
"""Studies that were exported for Optuna, held against the real thing: Optuna 4 and 5 from PyPI load
every trial, go on with the study, and optuna-dashboard shows it in a browser; what comes back by
`import` is the same. Exit code 77, with a line that says why, where PyPI cannot be reached or there
is no browser: then nothing was checked."""
import argparse
import datetime
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77
MAJORS = (4, 5)
DEBIAN_PYTHON = "/usr/bin/python3"  # python3-selenium is Debian's
STATES = {"waiting": "WAITING", "running": "RUNNING", "complete": "COMPLETE", "pruned": "PRUNED", "failed": "FAIL"}
SHOWN = {"WAITING": "Waiting", "RUNNING": "Running", "COMPLETE": "Complete", "PRUNED": "Pruned", "FAIL": "Fail"}

SPACE = """
[space]
lr = { type = "float", low = 1e-4, high = 1e-1, log = true }
drop = { type = "float", low = 0.1, high = 0.9, step = 0.2 }
width = { type = "int", low = 8, high = 64, step = 8 }
depth = { type = "int", low = 1, high = 32, log = true }
optimizer = { type = "categorical", choices = ["sgd", "<b>'adam'\\"", 3, true, 0.5] }
size = { type = "ordinal", choices = [1, 2, 4] }
momentum = { type = "float", low = 0.0, high = 0.99, when = { optimizer = "sgd" } }
"""
TRAINER = """
import json, os, sys, time
c = json.loads(os.environ["JOULEFRONT_CONFIGURATION"])
if c["width"] == 8:
    print("no <memory> 'left' \\u202e")
    sys.exit(3)
print('{"joulefront": "phase", "name": "train"}', flush=True)
error = c["lr"] * c["drop"] + 1 / c["width"]
for step in range(1, 6):
    print(json.dumps({"joulefront": "progress", "step": step, "values": {"error": error + 1 / step}}), flush=True)
    work_until = time.monotonic() + 0.04  # long enough to be stopped, and to be metered
    while time.monotonic() < work_until:
        pass
print(json.dumps({"joulefront": "result", "values": {"error": error, "parameters": c["width"] * c["depth"],
                                                     "huge": 1e300}}))
"""
RUN = """
[trainer]
command = ["{python}", "{study_dir}/train.py"]
[budget]
trials = 16
[stopping]
rule = "rungs"
first = 1
"""
STUDIES = {
    "metered": '[study]\nname = "metered"\n[objectives]\nerror = { direction = "minimize" }\n'
               'energy = { direction = "minimize", phase = "train" }\n'
               "[constraints]\nparameters = { max = 500, min = 24 }\n" + SPACE + RUN,
    "single": '[study]\nname = "single"\n[objectives]\nerror = { direction = "minimize" }\n' + SPACE + RUN,
    "told": '[study]\nname = "told"\n[objectives]\naccuracy = { direction = "maximize" }\n'
            'energy = { direction = "minimize", phase = "total" }\n' + SPACE,
}


class Skip(Exception):
    pass


def check(what, seen, expected):
    if seen != expected:
        sys.exit(f"FAILED: {what}: {seen!r} instead of {expected!r}")


# --- Optuna ---

def make_venv(folder, major):
    """A virtual environment with that Optuna, made once."""
    python = folder / f"optuna_{major}" / "bin" / "python"
    done = folder / f"optuna_{major}" / "complete"
    if done.exists():
        return python
    shutil.rmtree(folder / f"optuna_{major}", ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder / f"optuna_{major}"], check=True)
    pip = subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1",
                          f"optuna=={major}.*", "optuna-dashboard"], capture_output=True, text=True)
    if pip.returncode != 0:
        says = pip.stderr.strip().splitlines()
        away = ("NewConnectionError", "NameResolutionError", "ConnectTimeout", "ReadTimeout", "ProxyError",
                "Connection refused", "ConnectionReset", "SSLError", "Max retries exceeded")
        if any(word in pip.stderr for word in away):
            raise Skip(f"PyPI cannot be reached, so Optuna {major} cannot be installed: {says[-1]}")
        sys.exit(f"FAILED: pip install optuna=={major}.*:\n{pip.stderr}")
    done.touch()
    return python


def read_study(python, file, name, *more):
    reader = subprocess.run([python, HERE / "read_study.py", file, name, *more], capture_output=True, text=True)
    check(f"load_study of {file.name}", (reader.returncode, reader.stderr), (0, ""))
    return json.loads(reader.stdout)


# --- studies ---

class Workshop:
    def __init__(self, joulefront, folder):
        self.joulefront, self.folder = joulefront, pathlib.Path(folder)
        for name, text in STUDIES.items():
            (self.folder / f"{name}.toml").write_text(text.replace("{python}", sys.executable))
        (self.folder / "train.py").write_text(TRAINER)

    def run(self, *arguments, codes=(0,)):
        done = subprocess.run([self.joulefront, *arguments], cwd=self.folder, capture_output=True, text=True)
        if done.returncode not in codes:
            sys.exit(f"FAILED: joulefront {' '.join(arguments)}: exit code {done.returncode}\n{done.stderr}")
        return done

    def export(self, name):
        """The study as Optuna's file, and as JSON."""
        file = self.folder / f"{name}.optuna.db"
        self.run("export", f"{name}.db", "--format", "optuna", "--output", str(file))
        return file, json.loads(self.run("export", f"{name}.db", "--format", "json").stdout)

    def trials(self, store):
        return json.loads(self.run("export", store, "--format", "json").stdout)["trials"]

    def progress(self, name):
        """The reports of "error", by trial and step (docs/store_schema.md)."""
        reports = {}
        with sqlite3.connect(self.folder / f"{name}.db") as store:
            for trial, step, value in store.execute(
                    "SELECT trial, step, value FROM progress_value WHERE name = 'error' ORDER BY attempt"):
                reports.setdefault(trial, {})[str(step)] = value
        return reports


class Session:
    """An ask-tell session, whose trials run as long as it does."""

    def __init__(self, shop):
        self.process = subprocess.Popen([shop.joulefront, "ask-tell", "told.toml", "--store", "told.db"],
                                        cwd=shop.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(self, request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        check(f"the answer to {request}", answer.get("error"), None)
        return answer

    def end(self):
        self.process.stdin.close()
        check("the end of a session", self.process.wait(), 0)


def make_studies(shop):
    """Gives the session that is to be ended once the studies were exported."""
    shop.run("run", "metered.toml", "--quiet")
    shop.run("run", "single.toml", "--quiet")
    first = Session(shop)
    asked = first.say({"ask": 6})["trials"]
    first.say({"tell": asked[0]["number"], "values": {"accuracy": 0.75, "energy": 0}})
    first.say({"tell": asked[1]["number"], "values": {"accuracy": -1e300, "energy": 1e-300, "late": 1}})
    first.say({"tell": asked[2]["number"], "failed": "gave \"up\"\n<script>"})
    first.end()
    second = Session(shop)
    check("trials that a new session asks for", len(second.say({"ask": 2})["trials"]), 2)
    return second


# --- comparisons ---

def distribution_of(parameter):
    if "choices" in parameter:
        return {"type": "CategoricalDistribution", "choices": parameter["choices"]}
    whole = parameter["type"] == "int"
    return {"type": "IntDistribution" if whole else "FloatDistribution", "low": parameter["low"],
            "high": parameter["high"], "log": parameter.get("log", False),
            "step": parameter.get("step", 1 if whole else None)}


def attributes_of(trial, objectives, told):
    """What stands beside a trial's values, under the names of its CSV columns."""
    attributes = {"attempts": trial["attempts"], "proposed_by": trial["proposed_by"], "reason": trial["reason"]}
    for phase, energy in trial["energy"].items():
        if energy["joules"] is None:  # too short for its meter: missing, never zero
            continue
        attributes |= {f"energy.{phase}_j": energy["joules"], f"energy.{phase}_class": energy["class"],
                       f"energy.{phase}_coverage": energy["coverage"]}
    attributes |= {f"value.{name}": value for name, value in trial["values"].items() if name not in objectives}
    if "failure" in trial:
        attributes |= {"failure": trial["failure"]["class"], "message": trial["failure"]["message"]}
    if "stopped" in trial:
        attributes["message"] = trial["stopped"]
    if "energy" in objectives and trial["values"]:
        attributes["class.energy"] = "told" if told else trial["energy"]["train"]["class"]
    return attributes


def compare(name, seen, ours, definition, progress):
    """Every trial, as Optuna has it, with what export --format json says; gives how many there are."""
    objectives = list(definition["objectives"])
    check("the name", seen["name"], name)
    check("the metric names", seen["metric_names"], objectives)
    check("the directions", seen["directions"],
          [definition["objectives"][objective]["direction"].upper() for objective in objectives])
    check("the number of trials", len(seen["trials"]), len(ours["trials"]))
    for there, here in zip(seen["trials"], ours["trials"]):
        label = f"study '{name}', trial {here['number']}: "
        check(label + "number", there["number"], here["number"])
        check(label + "state", there["state"], STATES[here["state"]])
        check(label + "parameters", there["params"], here["configuration"])
        for parameter, value in there["params"].items():
            check(label + "type of " + parameter, type(value), type(here["configuration"][parameter]))
            check(label + parameter, there["distributions"][parameter],
                  distribution_of(definition["space"][parameter]))
        check(label + "values", there["values"],
              [here["values"][objective] for objective in objectives] if here["values"] else None)
        reports = progress.get(here["number"], {})
        apart = here["state"] == "pruned" and len(objectives) > 1
        check(label + "intermediate values", there["intermediate_values"], {} if apart else reports)
        limits = definition.get("constraints")
        size = here["values"].get("parameters")
        check(label + "constraints", there["constraints"], [size - 500, 24 - size] if limits and size else None)
        expected = attributes_of(here, objectives, told=name == "told")
        if apart and reports:
            expected["progress.error"] = reports
        check(label + "user attributes", there["user_attrs"], expected)
        finished = here["state"] not in ("waiting", "running")
        check(label + "whether it has begun", there["datetime_start"] is not None, here["state"] != "waiting")
        check(label + "whether it has ended", there["datetime_complete"] is not None, finished)
        if there["datetime_start"]:
            age = datetime.datetime.now() - datetime.datetime.fromisoformat(there["datetime_start"])
            check(label + "is of now", 0 <= age.total_seconds() < 600, True)
    return len(seen["trials"])


def check_going_on(shop, python, file, name, loaded):
    """Optuna's own samplers add a trial, or take one that waits, and leave the others as they were;
    what Optuna added is imported like the rest."""
    definition = tomllib.loads(STUDIES[name])
    copy = file.with_suffix(".continued.db")
    shutil.copyfile(file, copy)
    after = read_study(python, copy, name, "--continue", "1", "--space", json.dumps(definition["space"]))
    before = {trial["number"]: trial for trial in loaded["trials"]}
    changed = [trial for trial in after["trials"] if trial != before.get(trial["number"])]
    check(f"trials of '{name}' that changed as Optuna went on", len(changed), 1)
    check("its state", changed[0]["state"], "COMPLETE")
    waited = before.get(changed[0]["number"])
    check("whether a waiting trial was taken first", waited is not None, name == "told")
    if waited:
        check("its parameters", changed[0]["params"], waited["params"])
    if name == "single":
        shop.run("import", str(copy), "--into", f"{name}.toml", "--store", "continued.db")
        last = shop.trials("continued.db")[-1]
        check("what Optuna added, imported", (last["state"], last["configuration"], last["values"]),
              ("complete", changed[0]["params"], {"error": 1.0}))
        (shop.folder / "continued.db").unlink()
    copy.unlink()


def check_return(shop, name):
    """export -> import: the same finished trials and values; and twice is once."""
    def finished(store):
        return [(trial["state"], trial["configuration"], trial["values"], trial.get("failure", {}).get("class"))
                for trial in shop.trials(store) if trial["state"] not in ("waiting", "running")]
    for _ in range(2):
        shop.run("import", f"{name}.optuna.db", "--into", f"{name}.toml", "--store", f"{name}.back.db", "--told")
        check(f"study '{name}', brought back", finished(f"{name}.back.db"), finished(f"{name}.db"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check_dashboard(python, file, loaded):
    address = f"http://127.0.0.1:{free_port()}"
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen([python.parent / "optuna-dashboard", f"sqlite:///{file}", "--host", "127.0.0.1",
                                   "--port", address.rsplit(":", 1)[1]], stdout=log, stderr=log)
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(address, timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.1)
            wanted = [{"number": trial["number"], "state": SHOWN[trial["state"]],
                       "texts": [", ".join(repr_of(value) for value in trial["values"] or []),
                                 *(f"{name} {text}" for name, text in trial["user_attrs"].items()
                                   if name.startswith("class."))]}
                      for trial in loaded["trials"]]
            looked = subprocess.run([DEBIAN_PYTHON, HERE / "look_at_dashboard.py", address], input=json.dumps(wanted),
                                    capture_output=True, text=True)
            check("optuna-dashboard of Optuna " + loaded["version"], (looked.returncode, looked.stdout), (0, ""))
        finally:
            server.terminate()
            server.wait()


def repr_of(value):
    """A number as JavaScript writes it."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value).replace("e-0", "e-")


def require_browser():
    probe = subprocess.run([DEBIAN_PYTHON, "-c", "import selenium"], capture_output=True)
    if probe.returncode != 0 or not os.access("/usr/bin/chromedriver", os.X_OK):
        raise Skip("no browser: chromium, chromium-driver and python3-selenium are not all installed")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--joulefront", required=True)
    parser.add_argument("--venvs", type=pathlib.Path, required=True, help="kept, so that the next run is quick")
    arguments = parser.parse_args()
    require_browser()
    arguments.venvs = arguments.venvs.absolute()
    arguments.venvs.mkdir(parents=True, exist_ok=True)
    pythons = {major: make_venv(arguments.venvs, major) for major in MAJORS}
    with tempfile.TemporaryDirectory() as folder:
        shop = Workshop(os.path.abspath(arguments.joulefront), folder)
        session = make_studies(shop)
        exported = {name: shop.export(name) for name in STUDIES}
        session.end()
        states = {name: {trial["state"] for trial in ours["trials"]} for name, (_, ours) in exported.items()}
        check("that no state is left out", set.union(*states.values()), set(STATES))
        check("that both sorts of studies have pruned trials", "pruned" in states["metered"] & states["single"], True)
        for major, python in pythons.items():
            for name, (file, ours) in exported.items():
                loaded = read_study(python, file, name)
                check("the major version", loaded["version"].split(".")[0], str(major))
                count = compare(name, loaded, ours, tomllib.loads(STUDIES[name]), shop.progress(name))
                check_going_on(shop, python, file, name, loaded)
                print(f"Optuna {loaded['version']}: study '{name}', all {count} trials equal; it went on by one",
                      flush=True)
                if name == "metered":
                    check_dashboard(python, file, loaded)
                    print(f"optuna-dashboard with Optuna {loaded['version']}: {count} trials and values shown")
        for name in STUDIES:
            check_return(shop, name)
        print("import: the same finished trials and values of all studies")


if __name__ == "__main__":
    try:
        main()
    except Skip as reason:
        print(f"SKIPPED: {reason}")
        sys.exit(SKIPPED)
