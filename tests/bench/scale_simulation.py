#!/usr/bin/env python3
"""Simulates the queue of a study in PostgreSQL: workers that claim, renew, report and finish; one process that proposes; the study's lock;
the cores of the server. What each operation takes is what bench_shared_store measured ("of them ... CPU time of the server"); change it
with --add, --claim, ... to what yours says.

  scale_simulation.py                     the table of docs/scale.md
  scale_simulation.py --workers 10000 --training 60 --propose 1
"""
import argparse
import heapq
import random


class Cores:
    """Work that waits for a free core, first come first served."""

    def __init__(self, count):
        self.free = [0.0] * count
        self.busy = 0.0

    def serve(self, at, seconds):
        start = max(at, heapq.heappop(self.free))
        heapq.heappush(self.free, start + seconds)
        self.busy += seconds
        return start + seconds


class Study:
    def __init__(self, arguments, workers, training, propose_ms):
        self.a, self.workers, self.training = arguments, workers, training
        self.propose = propose_ms / 1e3
        self.server = Cores(arguments.cores)
        self.lock_free, self.lock_busy = 0.0, 0.0
        self.waiting, self.idle = 0, []       # trials; workers that wait, since when
        self.events, self.order = [], 0
        self.chance = random.Random(1)
        self.claims, self.waits, self.training_time = 0, [], 0.0  # of the second half: the first is the start
        self.half, self.until = 0.0, 0.0

    def later(self, at, what, *more):
        self.order += 1
        heapq.heappush(self.events, (at, self.order, what, more))

    def locked(self, at, ms):
        """An operation that has the study for itself while it lasts."""
        start = max(at, self.lock_free)
        end = self.server.serve(start, ms / 1e3)
        self.lock_busy += end - start
        self.lock_free = end
        return end

    def run(self, until):
        self.half, self.until = until / 2, until
        for worker in range(self.workers):
            self.idle.append(0.0)
        self.later(0.0, self.propose_one)
        while self.events and self.events[0][0] < until:
            at, _, what, more = heapq.heappop(self.events)
            what(at, *more)
        return self

    def propose_one(self, at):
        """As `run`: as many wait as there are workers, and no more."""
        if self.waiting >= self.workers:
            self.later(at + 0.01, self.propose_one)
            return
        end = self.locked(at + self.propose, self.a.add)
        self.waiting += 1
        if self.idle:
            self.claim(end, self.idle.pop())
        self.later(end, self.propose_one)

    def claim(self, at, since):
        end = self.locked(at, self.a.claim)
        self.waiting -= 1
        length = self.chance.lognormvariate(0, 0.5) * self.training
        if end > self.half:
            self.claims += 1
            self.waits.append(end - since)
        self.training_time += max(0.0, min(end + length, self.until) - max(end, self.half))
        self.later(end + length, self.finish)
        self.later(end + min(self.a.renewal, length), self.renew, end + length)
        self.later(end + min(self.a.report, length), self.progress, end + length)

    def renew(self, at, until):
        if at < until:
            self.later(self.server.serve(at, self.a.renew / 1e3) + self.a.renewal, self.renew, until)

    def progress(self, at, until):
        if at < until:
            self.later(self.server.serve(at, self.a.progress / 1e3) + self.a.report, self.progress, until)

    def finish(self, at):
        end = self.locked(at, self.a.finish)
        if self.waiting > 0:
            self.claim(end, at)
        else:
            self.idle.append(at)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int)
    parser.add_argument("--training", type=float, help="mean length of a training in seconds")
    parser.add_argument("--propose", type=float, default=1.0, help="ms for a proposal, without its transaction")
    parser.add_argument("--cores", type=int, default=8, help="of the server")
    parser.add_argument("--renewal", type=float, default=10.0, help="seconds between renewals of a lease")
    parser.add_argument("--report", type=float, default=30.0, help="seconds between progress reports")
    for name, ms in [("add", 0.43), ("claim", 0.53), ("renew", 0.39), ("progress", 0.25), ("finish", 0.94)]:
        parser.add_argument(f"--{name}", type=float, default=ms, help=f"ms of the server for it ({ms})")
    arguments = parser.parse_args()
    cases = [(10, 10, 1), (1000, 60, 1), (1000, 60, 50), (10000, 60, 1), (10000, 15, 1), (10000, 600, 1), (10000, 600, 50), (10000, 600, 200), (10000, 3600, 50)]
    if arguments.workers:
        cases = [(arguments.workers, arguments.training or 600, arguments.propose)]
    print(f"{'workers':>8} {'training':>9} {'proposal':>9} {'claims/s':>9} {'wait, median':>13} {'95 %':>8} {'lock busy':>10} {'server, cores':>14} {'workers at work':>16}")
    for workers, training, propose in cases:
        until = max(120.0, 6 * training) if training <= 600 else 2.5 * training
        study = Study(arguments, workers, training, propose).run(until)
        waits = sorted(study.waits) or [float("nan")]
        at_work = study.training_time / (workers * until / 2)
        print(f"{workers:>8} {training:>7.0f} s {propose:>6.0f} ms {study.claims / (until / 2):>9.1f} {1e3 * waits[len(waits) // 2]:>10.1f} ms "
              f"{1e3 * waits[len(waits) * 95 // 100]:>5.0f} ms {100 * study.lock_busy / until:>8.1f} % {study.server.busy / until:>14.2f} {100 * at_work:>14.0f} %")


main()
