#!/usr/bin/env python3
"""Many workers on one store, with status, front and export in loops and a sqlite3 shell that keeps a transaction open:
nobody may see a lock, and no trial may run twice."""
import argparse
import subprocess
import sys
import tempfile
import time

from storm import Fault, Storm

WORDS = ("locked", "busy", "is in use")


def look(storm, arguments):
    """One look from outside; what it said if it failed or told of a lock."""
    done = subprocess.run([storm.joulefront, *arguments], cwd=storm.folder, capture_output=True, text=True)
    said = done.stderr
    empty = done.returncode == 4 and arguments[0] == "front"  # nothing is complete yet
    return None if (done.returncode == 0 or empty) and not any(w in said for w in WORDS) else (done.returncode, said)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joulefront", required=True)
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--trials", type=int, default=2000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="joulefront-contention-") as folder:
        storm = Storm(arguments.joulefront, folder, arguments.trials, arguments.workers)
        begin = time.monotonic()
        run = storm.start()
        while not storm.finished() and run.poll() is None:
            time.sleep(0.05)
        shell = subprocess.Popen(["sqlite3", "s.db"], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, text=True)
        looks, faults = 0, []
        while run.poll() is None:
            shell.stdin.write("BEGIN; SELECT count(*) FROM trials_wide;\n")
            shell.stdin.flush()
            for verb in (["status", "s.db"], ["front", "s.db"], ["export", "s.db"]):
                looks += 1
                fault = look(storm, verb)
                if fault:
                    faults.append((verb, fault))
            shell.stdin.write("COMMIT;\n")
            shell.stdin.flush()
        _, shell_errors = shell.communicate()
        if run.returncode != 0:
            sys.exit(f"run ended with {run.returncode}: {storm.said()}")
        logs = "".join(path.read_text(errors="replace") for path in storm.folder.glob("s.work/worker-*.log"))
        told = [line for line in (logs + storm.said() + shell_errors).splitlines() if any(w in line for w in WORDS)]
        if faults or told:
            sys.exit(f"locks were shown: {faults[:3]} {told[:3]}")
        try:
            storm.check_end()
        except Fault as fault:
            sys.exit(str(fault))
        print(f"{arguments.workers} workers, {arguments.trials} trials in {time.monotonic() - begin:.0f} s, {looks} looks "
              f"from outside and an open sqlite3 shell: 0 lock errors, 0 double claims")


main()
