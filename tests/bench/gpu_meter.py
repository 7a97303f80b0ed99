#!/usr/bin/env python3
"""The NVML meter on a real GPU, beside power that this script integrates itself.

    tests/bench/gpu_meter.py --joulefront build/release/bin/joulefront [--out gpu_meter.json]

Needs an NVIDIA GPU that nothing else uses, and a python3 with PyTorch for CUDA to load it. At three loads (idle, half of
the time, all of the time) one process works in windows of 10 s and of 1 s, each a phase, under `joulefront measure`.
Meanwhile this script samples power every 10 ms, and reads the energy counter as fast as it can. It prints, window by
window:

    joulefront   joules of the phase, as `measure` reports them
    averaged     power as NVML averages it (over a second, since Ampere), integrated between the same edges
    instant      instantaneous power (field 186), integrated likewise: it misses what happens between its updates
    naive        the energy counter's difference between the readings nearest to the edges

and before that what the counters are like: how often they move, what a reading and an initialisation take. The load by
halves is bursts and pauses of 5 to 50 ms, so that it does not beat with the updates.
"""
import argparse
import bisect
import ctypes
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time

INSTANT_POWER = 186
LONG, SHORT = 10.0, 1.0
LOADS = {"idle": 0.0, "half": 0.5, "full": 1.0}


class FieldValue(ctypes.Structure):
    class Value(ctypes.Union):
        _fields_ = [("d", ctypes.c_double), ("ui", ctypes.c_uint), ("ul", ctypes.c_ulong), ("ull", ctypes.c_ulonglong)]

    _fields_ = [("field", ctypes.c_uint), ("scope", ctypes.c_uint), ("timestamp", ctypes.c_longlong),
                ("latency", ctypes.c_longlong), ("type", ctypes.c_uint), ("result", ctypes.c_int), ("value", Value)]


class Gpu:
    """The first GPU, through NVML's C interface: nothing here is joulefront's."""

    def __init__(self, library):
        self.nvml = ctypes.CDLL(library)
        begin = time.monotonic()
        if self.nvml.nvmlInit_v2() != 0:
            sys.exit("NVML does not start")
        self.init_s = time.monotonic() - begin
        self.device = ctypes.c_void_p()
        self.nvml.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(self.device))
        name = ctypes.create_string_buffer(96)
        self.nvml.nvmlDeviceGetName(self.device, name, 96)
        self.name = name.value.decode()

    def joules(self):
        value = ctypes.c_ulonglong()
        if self.nvml.nvmlDeviceGetTotalEnergyConsumption(self.device, ctypes.byref(value)) != 0:
            return None
        return value.value / 1e3

    def averaged_watts(self):
        value = ctypes.c_uint()
        if self.nvml.nvmlDeviceGetPowerUsage(self.device, ctypes.byref(value)) != 0:
            return None
        return value.value / 1e3

    def instant_watts(self):
        field = FieldValue(field=INSTANT_POWER)
        if not hasattr(self.nvml, "nvmlDeviceGetFieldValues"):
            return None
        if self.nvml.nvmlDeviceGetFieldValues(self.device, 1, ctypes.byref(field)) != 0 or field.result != 0:
            return None
        return field.value.ui / 1e3


def steps(read, seconds):
    """Median and range of the times between two changes of what `read` gives, in ms; and what a reading takes, in us."""
    last, changed, spans, costs, cpu = read(), None, [], [], time.thread_time()
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        value = read()
        costs.append(time.monotonic() - now)
        if value != last:
            if changed is not None:
                spans.append(1e3 * (now - changed))
            last, changed = value, now
    cpu = time.thread_time() - cpu
    shown = {"read_us": round(1e6 * statistics.median(costs), 1), "read_cpu_us": round(1e6 * cpu / len(costs), 1),
             "updates": len(spans)}
    if spans:
        shown |= {"update_ms": round(statistics.median(spans), 2), "shortest_ms": round(min(spans), 2),
                  "longest_ms": round(max(spans), 2)}
    return shown


class Recorder(threading.Thread):
    """Powers and counter with the times of their readings, until stopped."""

    def __init__(self, gpu):
        super().__init__(daemon=True)
        self.gpu, self.stopped = gpu, threading.Event()
        self.averaged, self.instant, self.counter = [], [], []

    def run(self):
        while not self.stopped.is_set():
            self.averaged.append((time.monotonic(), self.gpu.averaged_watts()))
            self.instant.append((time.monotonic(), self.gpu.instant_watts()))
            self.counter.append((time.monotonic(), self.gpu.joules()))
            time.sleep(0.01)

    def integrate(self, samples, begin, end):
        """Trapezoids between the samples; None where power cannot be read."""
        times = [t for t, _ in samples]
        watts = [w for _, w in samples]
        if not watts or None in watts:
            return None

        def at(t):
            i = min(max(bisect.bisect(times, t), 1), len(times) - 1)
            share = (t - times[i - 1]) / (times[i] - times[i - 1])
            return watts[i - 1] + share * (watts[i] - watts[i - 1])

        inside = range(bisect.bisect(times, begin), bisect.bisect_left(times, end))
        points = [(begin, at(begin)), *((times[i], watts[i]) for i in inside), (end, at(end))]
        return sum((t2 - t1) * (w1 + w2) / 2 for (t1, w1), (t2, w2) in zip(points, points[1:]))

    def naive(self, begin, end):
        nearest = lambda t: min(self.counter, key=lambda reading: abs(reading[0] - t))[1]
        return nearest(end) - nearest(begin)


def work(share, edges_file, long_windows, short_windows):
    """The process that loads the GPU: windows by phase messages, a pause between each two."""
    import torch

    a = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    edges = []

    def load(seconds):
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            burst = random.uniform(0.005, 0.05)
            while share > 0 and time.monotonic() < min(end, now + burst):
                a @ a
                torch.cuda.synchronize()
            if share < 1:
                pause = (time.monotonic() - now) * (1 - share) / share if share > 0 else burst
                time.sleep(max(0.0, min(pause, end - time.monotonic())))

    def phase(name):
        torch.cuda.synchronize()
        print(json.dumps({"joulefront": "phase", "name": name}), flush=True)
        return time.monotonic()

    load(2.0)
    windows = [("long", LONG)] * long_windows + [("short", SHORT)] * short_windows
    for number, (kind, seconds) in enumerate(windows):
        begin = phase(f"{kind}-{number}")
        load(seconds)
        edges.append((f"{kind}-{number}", begin, phase("pause")))
        load(0.3)
    with open(edges_file, "w") as out:
        json.dump(edges, out)


def measure(arguments, gpu, share):
    """The windows at one load, with the joules of each by every way, and the provenance of ours."""
    with tempfile.TemporaryDirectory() as folder:
        edges, report = os.path.join(folder, "edges.json"), os.path.join(folder, "report.json")
        recorder = Recorder(gpu)
        recorder.start()
        subprocess.run([arguments.joulefront, "measure", "--phases", "--exclusive", "--source", "nvml", "--format", "json",
                        "--output", report, "--", sys.executable, os.path.abspath(__file__), "--load", str(share), "--edges",
                        edges, "--windows", str(arguments.windows)], stdout=subprocess.DEVNULL, check=True)
        recorder.stopped.set()
        recorder.join()
        phases = json.load(open(report))["runs"][0]["phases"]
        rows = []
        for name, begin, end in json.load(open(edges)):
            figure = phases[name]
            rows.append({"window": name, "seconds": end - begin, "joulefront": figure["joules"],
                         "own_uncertainty": figure.get("own_uncertainty"),
                         "averaged": recorder.integrate(recorder.averaged, begin, end),
                         "instant": recorder.integrate(recorder.instant, begin, end), "naive": recorder.naive(begin, end)})
        return rows, {key: phases["total"].get(key) for key in ("class", "source", "boundary", "attribution", "coverage")}


WAYS = ["averaged", "instant", "naive"]


def show(load, rows):
    print(f"\n{load:5} window       joulefront  own unc. " + "".join(f"{way:>11}  ratio" for way in WAYS))
    ratio = lambda row, way: row["joulefront"] / row[way] if row["joulefront"] and row[way] else float("nan")
    for row in rows:
        print(f"      {row['window']:10} {row['joulefront'] or float('nan'):11.2f} J  {row['own_uncertainty'] or float('nan'):7.2%}"
              + "".join(f"  {row[way] or float('nan'):8.2f}  {ratio(row, way):6.4f}" for way in WAYS))
    for kind in ("long", "short"):
        of_kind = [row for row in rows if row["window"].startswith(kind)]
        print(f"      {kind}: joulefront over " + ", ".join(
            f"{way} {statistics.mean(ratio(row, way) for row in of_kind):.4f}" for way in WAYS))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--joulefront", default="build/release/bin/joulefront")
    parser.add_argument("--nvml", default="libnvidia-ml.so.1")
    parser.add_argument("--windows", type=int, default=3, help="long ones, and twice as many short ones, at each load")
    parser.add_argument("--out", help="a JSON file of all figures")
    parser.add_argument("--load", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--edges", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.load is not None:
        return work(arguments.load, arguments.edges, arguments.windows, 2 * arguments.windows)

    gpu = Gpu(arguments.nvml)
    counters = {"gpu": gpu.name, "init_ms": round(1e3 * gpu.init_s, 1), "energy": steps(gpu.joules, 3),
                "instant power": steps(gpu.instant_watts, 3), "averaged power": steps(gpu.averaged_watts, 3)}
    print(json.dumps(counters, indent=1))
    figures = {"counters": counters}
    for load, share in LOADS.items():
        rows, provenance = measure(arguments, gpu, share)
        print(json.dumps(provenance))
        show(load, rows)
        figures[load] = {"provenance": provenance, "windows": rows}
    if arguments.out:
        json.dump(figures, open(arguments.out, "w"), indent=1)


main()
