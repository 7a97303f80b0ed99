"""What the storms share: a study of short trials in a folder, its program, and what must hold of it."""
import json
import os
import pathlib
import sqlite3
import subprocess
import time

STUDY = """[study]
name = "storm"
seed = {seed}
[objectives]
error = {{ direction = "minimize" }}
energy = {{ direction = "minimize", phase = "total" }}
[space]
x = {{ type = "float", low = 0.0, high = 1.0 }}
[trainer]
command = ["sh", "train.sh"]
[budget]
trials = {trials}
[search]
sampler = "{sampler}"
[workers]
count = {workers}
grace = "500 ms"
attempts = 1000
"""
# It leaves its session a child that outlives it, in one of four trials.
TRAINER = """echo '{"joulefront": "phase", "name": "train"}'
[ $((JOULEFRONT_TRIAL % 4)) -eq 0 ] && setsid sleep 300 &
sleep 0.0$((JOULEFRONT_TRIAL % 9))
echo '{"joulefront": "result", "values": {"error": 0.'$JOULEFRONT_TRIAL'}}'
"""


class Fault(Exception):
    """Something that was promised does not hold."""


class Storm:
    store = "s.db"

    def __init__(self, joulefront, folder, trials, workers, seed=1, sampler="sobol"):
        self.joulefront = joulefront
        self.folder = pathlib.Path(folder).resolve()
        self.trials = trials
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "study.toml").write_text(
            STUDY.format(seed=seed, trials=trials, workers=workers, sampler=sampler))
        (self.folder / "train.sh").write_text(TRAINER)

    def start(self, environment=None, flags=()):
        """`joulefront run`, in a group of its own, with all that it says in run.log."""
        log = open(self.folder / "run.log", "ab")
        return subprocess.Popen([self.joulefront, "run", "study.toml", "--store", self.store, "--quiet", *flags],
                                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                start_new_session=True, env={**os.environ, **(environment or {})})

    def said(self):
        return (self.folder / "run.log").read_text(errors="replace")[-2000:]

    def finish(self, longest=300, good=(0,)):
        """Runs to the end without disturbance; another run may still be on its way out. `good`: exit codes."""
        begin = time.monotonic()
        while True:
            run = self.start()
            try:
                code = run.wait(longest)
            except subprocess.TimeoutExpired:
                run.kill()
                raise Fault(f"the study does not end in {longest} s:\n{self.said()}") from None
            if code in good:
                return
            if code != 6 or time.monotonic() - begin > 10:  # 6: another `run` holds the store
                raise Fault(f"run ended with {code}:\n{self.said()}")
            time.sleep(0.1)

    def query(self, sql):
        # Not read-only: after a kill -9 the next connection, whoever's, has to recover the log.
        with sqlite3.connect(f"file:{self.folder}/s.db?mode=rw", uri=True, timeout=30) as database:
            return database.execute(sql).fetchall()

    def finished(self):
        """Number -> everything that is recorded of each finished trial."""
        if not (self.folder / "s.db").exists():
            return {}
        try:
            return {row[0]: row for row in self.query(
                "SELECT number, state, configuration, values_json, energy_j, attempts, finished FROM trials_wide "
                "WHERE state IN ('complete', 'pruned', 'failed')")}
        except sqlite3.OperationalError as error:
            if "no such table" in str(error) or "unable to open" in str(error):
                return {}  # killed before its first transaction
            raise

    def check_kept(self, before):
        now = self.finished()
        for number, row in before.items():
            if now.get(number) != row:
                raise Fault(f"trial {number} was {row} and is {now.get(number)}")

    def processes(self):
        """Live processes that belong to the study, by their folder or their environment."""
        found = []
        mark = str(self.folder).encode()
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                command = (entry / "cmdline").read_bytes()
                where = os.readlink(entry / "cwd").encode()
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue
            ours = where.startswith(mark) or b"JOULEFRONT_WORK_DIR=" + mark in environment
            if command and ours:
                found.append((int(entry.name), command.replace(b"\0", b" ").decode(errors="replace")))
        return found

    def check_end(self, excused=()):
        """What must hold once the study has ended. Trials may have failed for the `excused` reasons only."""
        total, complete = self.query("SELECT count(*), count(*) FILTER (WHERE state = 'complete') FROM trial")[0]
        failed = self.query("SELECT number, failure, message FROM trial WHERE state = 'failed'")
        if total != self.trials or complete + len(failed) != total:
            raise Fault(f"of {self.trials} trials {total} are there, and {complete} complete")
        if any(failure not in excused for _, failure, _ in failed):
            raise Fault(f"failed: {failed}")
        doubles = self.query("SELECT trial FROM attempt WHERE state = 'complete' AND kind = 'trial' "
                             "GROUP BY study, trial HAVING count(*) > 1")
        if doubles:
            raise Fault(f"complete twice: {doubles}")
        audit = subprocess.run([self.joulefront, "audit", self.store, "--format", "json"], cwd=self.folder,
                               capture_output=True, text=True)
        if audit.returncode != 0:
            raise Fault(f"audit ended with {audit.returncode}: {audit.stdout}{audit.stderr}")
        deadline = time.monotonic() + 5
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        if self.processes():
            raise Fault(f"left over: {self.processes()}")
        return json.loads(audit.stdout)
