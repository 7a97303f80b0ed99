#!/usr/bin/env python3
"""A study whose workers are jobs of a real Slurm of two nodes: one job is cancelled in mid-trial, one node dies with all that runs there and
comes back, and `run` is interrupted and run again. No trial is lost or counted twice, no cancelled one is charged as failed, and no job is
left in the queue."""
import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

from cluster_storm import ClusterStorm, server
from storm import Fault

SLURM = pathlib.Path(__file__).resolve().parents[2] / "examples/07_cluster/slurm_server.py"


class SlurmStudy(ClusterStorm):
    def start(self, environment=None, flags=()):
        return super().start(environment, ["--launch", "slurm", *flags])


def slurm(what, folder, *arguments):
    done = subprocess.run([sys.executable, SLURM, what, folder, *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr or done.stdout)
    return done.stdout


def jobs():
    listed = subprocess.run(["squeue", "-h", "-r", "-t", "RUNNING", "-o", "%i %N"], capture_output=True, text=True, check=True).stdout
    return [line.split() for line in listed.splitlines()]


def wait_for(condition, what, longest=60):
    deadline = time.monotonic() + longest
    while not condition():
        if time.monotonic() > deadline:
            raise Fault(f"not within {longest} s: {what}")
        time.sleep(0.1)


def disturb(storm, folder):
    run = storm.start()
    wait_for(lambda: len(jobs()) == 2 and len(storm.finished()) >= 4, "two jobs that work")
    subprocess.run(["scancel", jobs()[0][0]], check=True)
    wait_for(lambda: storm.query("SELECT 1 FROM attempt WHERE state = 'interrupted'"), "a cancelled attempt that is given back")
    wait_for(lambda: len(jobs()) == 2, "a job in its place")
    _, node = jobs()[0]
    before = len(storm.finished())
    slurm("kill", folder, node)
    wait_for(lambda: len(storm.finished()) >= before + 3, "the other node works on")
    slurm("revive", folder, node)
    run.send_signal(signal.SIGINT)
    code = run.wait(60)
    if code != 130:
        raise Fault(f"interrupted, run ended with {code}")
    wait_for(lambda: not jobs(), "no job after an interrupt")
    if storm.query("SELECT 1 FROM attempt WHERE state = 'running'"):
        raise Fault("an attempt runs on after an interrupt")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joulefront", required=True)
    parser.add_argument("--trials", type=int, default=40)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="joulefront-cluster-") as top:
        folder = pathlib.Path(top)
        url = server("start", folder / "postgres", "--durable")
        try:
            line = slurm("start", folder / "slurm", "--nodes", "2")
            os.environ["SLURM_CONF"] = line.strip().split("=", 1)[1]
            storm = SlurmStudy(url, 1, arguments.joulefront, folder / "study", arguments.trials, 2)
            (storm.folder / "train.sh").write_text(
                "sleep 0.5\necho '{\"joulefront\": \"result\", \"values\": {\"error\": 0.'$JOULEFRONT_TRIAL'}}'\n")
            disturb(storm, folder / "slurm")
            storm.finish()
            storm.check_end()
            wait_for(lambda: not jobs(), "no job at the end")
            nodes = storm.query("SELECT DISTINCT split_part(worker, ':', 1) FROM attempt WHERE state = 'complete' ORDER BY 1")
            states = storm.query("SELECT state, count(*) FROM attempt GROUP BY 1 ORDER BY 1")
            if len(nodes) != 2:
                raise Fault(f"worked on {nodes}")
        except Fault as fault:
            sys.exit(f"{fault}\n{storm.said()}\n{subprocess.run(['squeue'], capture_output=True, text=True).stdout}")
        finally:
            slurm("stop", folder / "slurm")
            server("stop", folder / "postgres")
    print(f"{arguments.trials} trials on {[node for node, in nodes]}: {states}")


main()
