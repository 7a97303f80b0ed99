#!/usr/bin/env python3
"""Makes the n-th call of a system function fail in `run`, its workers and its trainers, for n = 1, 2, 3, ... until no
call fails any more; and lets the clock jump. Each time the study must end or stop with a documented exit code, keep
what was finished, and go on to its end once nothing fails."""
import argparse
import sys
import tempfile

from storm import Fault, Storm

FUNCTIONS = ["fork", "pipe2", "open", "write", "fsync", "clock"]
CODES = {0, 1, 4, 5, 6}
EXCUSED = ["exit-code", "no-result", "signal"]


def walk(arguments, function):
    """How many points there were."""
    point = 0
    while True:
        point += arguments.stride
        with tempfile.TemporaryDirectory(prefix="joulefront-walk-") as folder:
            storm = Storm(arguments.joulefront, folder, arguments.trials, 2, seed=point)
            marker = storm.folder / "failed"
            run = storm.start({"LD_PRELOAD": arguments.library, "JOULEFRONT_FAIL": f"{function}:{point}",
                               "JOULEFRONT_FAIL_MARKER": str(marker)})
            try:
                code = run.wait(120)
            except Exception:
                run.kill()
                raise Fault(f"{function} {point}: hangs: {storm.said()}") from None
            if code not in CODES:
                raise Fault(f"{function} {point}: run ended with {code}: {storm.said()}")
            before = storm.finished()
            storm.finish(good=(0, 4))  # 4: every trainer was hit
            storm.check_kept({number: row for number, row in before.items() if row[1] != "failed"})
            # A trial whose trainer was hit may have failed: that is its right.
            storm.check_end(excused=EXCUSED)
            if not marker.exists():
                return point - arguments.stride


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joulefront", required=True)
    parser.add_argument("--library", required=True, help="libfailing_calls.so")
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--stride", type=int, default=1, help="every so many points only")
    parser.add_argument("--functions", nargs="*", default=FUNCTIONS)
    arguments = parser.parse_args()
    counts = {}
    for function in arguments.functions:
        try:
            counts[function] = walk(arguments, function)
        except Fault as fault:
            sys.exit(str(fault))
    print(f"walked through, every {arguments.stride}: {counts}")


main()
