#!/usr/bin/env python3
"""Many workers on one store, with status, front and export in loops, a dashboard that is watched, and a sqlite3 shell that keeps a
transaction open: nobody may see a lock, and no trial may run twice."""
import argparse
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

from storm import Fault, Storm

WORDS = ("locked", "busy", "is in use")


def look(storm, arguments):
    """One look from outside; what it said if it failed or told of a lock."""
    done = subprocess.run([storm.joulefront, *arguments], cwd=storm.folder, capture_output=True, text=True)
    said = done.stderr
    empty = done.returncode == 4 and arguments[0] == "front"  # nothing is complete yet
    return None if (done.returncode == 0 or empty) and not any(w in said for w in WORDS) else (done.returncode, said)


class Viewer:
    """Watches the study on a dashboard, from now on."""

    def __init__(self, storm):
        self.dashboard = subprocess.Popen([storm.joulefront, "dashboard", "s.db", "--port", "0"], cwd=storm.folder, stderr=subprocess.PIPE, text=True)
        url = self.dashboard.stderr.readline().split()[3]
        self.stream = urllib.request.urlopen(f"{url}events?study=storm", timeout=60)
        self.events = []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for line in self.stream:
            self.events.append(line.decode().strip())

    def end(self):
        """What it was told of trouble, how it ended, and how many views of the study it got."""
        self.dashboard.send_signal(signal.SIGINT)
        code = self.dashboard.wait(30)
        after = list(zip(self.events, self.events[1:]))
        trouble = [data for event, data in after if event == "event: trouble" and data != 'data: ""']
        return trouble + ([] if code == 130 else [f"it ended with {code}"]), self.events.count("event: report")


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
        viewer = Viewer(storm)
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
        trouble, views = viewer.end()
        faults += trouble
        if views == 0:
            faults.append("the dashboard showed nothing")
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
              f"from outside, {views} views of a dashboard and an open sqlite3 shell: 0 lock errors, 0 double claims")


main()
