"""The figures that joulefront keeps, measured on this machine with a release build, as a table.

Called by run.sh:  figures.py BUILD_FOLDER [--build]
"""

import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
STUDY = """
[study]
name = "bench"
[objectives]
error = {{ direction = "minimize" }}
energy = {{ direction = "minimize", phase = "train" }}
[space]
x = {{ type = "float", low = 0.0, high = 1.0 }}
y = {{ type = "float", low = 0.0, high = 1.0 }}
[trainer]
command = ["{trainer}", "{log}", "{seconds}"]
[budget]
trials = {trials}
[workers]
count = 2
"""


def row(what, value, target):
    print(f"{what:<72} {value:>12} {target:>12}", flush=True)


def wall_ms(command):
    begin = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return 1e3 * (time.perf_counter() - begin)


def children_cpu():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run_study(bin_dir, folder, trials, seconds):
    """What every trainer wrote down (worker, begin, end, CPU time), and the CPU time of everything."""
    folder.mkdir()
    log = folder / "log"
    (folder / "study.toml").write_text(
        STUDY.format(trainer=bin_dir / "bench_trainer", log=log, seconds=seconds, trials=trials))
    before = children_cpu()
    subprocess.run([bin_dir / "joulefront", "run", "study.toml"], cwd=folder, check=True,
                   stderr=subprocess.DEVNULL)
    all_cpu = children_cpu() - before
    return [[float(word) for word in line.split()] for line in log.read_text().splitlines()], all_cpu


def gaps_ms(attempts):
    gaps = []
    for worker in {attempt[0] for attempt in attempts}:
        of_worker = sorted(attempt[1:3] for attempt in attempts if attempt[0] == worker)
        gaps += [1e3 * (after[0] - before[1]) for before, after in zip(of_worker, of_worker[1:])]
    return gaps


def pareto(bin_dir):
    wanted = {"non-dominated sort, 2": "< 25 ms", "non-dominated sort, 3": "< 50 ms", "hypervolume, 2": "< 30 ms",
              "ask of nsga2, 2": "< 0.02 ms", "all tells, 2": "< 1000 ms"}
    output = subprocess.run([bin_dir / "bench_pareto"], check=True, capture_output=True, text=True).stdout
    for line in output.splitlines():
        what, count, figure, unit = re.fullmatch(r"(.+?) +(\d+) +([\d.]+) (ms)", line).groups()
        row(f"{what}, {int(count):,}", f"{float(figure):.3f} {unit}",
            next((target for name, target in wanted.items() if what.startswith(name)), ""))


def meter(bin_dir):
    with tempfile.TemporaryDirectory() as zones:
        output = subprocess.run([bin_dir / "bench_meter", zones], check=True, capture_output=True, text=True).stdout
    edge, look, making = (re.findall(r"[\d.]+", line.split(":", 1)[1]) for line in output.splitlines())
    row("begin or end of a metered window, 16 zones", f"{edge[0]} us", "< 100 us")
    row("a look at the meter each second, of a core", f"{look[1]} %", "< 0.1 %")
    row("finding the sources and making a meter", f"{making[0]} us", "")


def build_time(target, torch):
    folder = tempfile.mkdtemp()
    environment = dict(os.environ, CCACHE_DISABLE="1")
    begin = time.perf_counter()
    for command in (["cmake", "-S", SOURCE, "-B", folder, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                     f"-DJOULEFRONT_TORCH={torch}"], ["cmake", "--build", folder]):
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    taken = time.perf_counter() - begin
    shutil.rmtree(folder)
    row(f"full build, LibTorch {torch}, nothing cached, {os.cpu_count()} cores", f"{taken:.0f} s", target)


def main():
    bin_dir = pathlib.Path(sys.argv[1]).resolve() / "bin"
    program = bin_dir / "joulefront"
    row("what", "measured", "target")
    row("joulefront --help, whole process, median of 50",
        f"{statistics.median(wall_ms([program, '--help']) for _ in range(50)):.1f} ms", "< 20 ms")
    pareto(bin_dir)
    meter(bin_dir)
    if (bin_dir / "bench_front").exists():
        subprocess.run([bin_dir / "bench_front"], check=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        attempts, _ = run_study(bin_dir, folder / "gap", trials=200, seconds=0.03)
        gaps = gaps_ms(attempts)
        row(f"from a trainer's end to the next one's start on a worker, median of {len(gaps)}",
            f"{statistics.median(gaps):.1f} ms", "< 20 ms")
        row("... of a hundred the longest", f"{statistics.quantiles(gaps, n=100)[-1]:.1f} ms", "")
        attempts, all_cpu = run_study(bin_dir, folder / "cpu", trials=6, seconds=5)
        trainers = sum(attempt[3] for attempt in attempts)
        row("CPU time of run and workers over that of trainers of 5 s",
            f"{100 * (all_cpu - trainers) / trainers:.2f} %", "< 1 %")
        # In memory while it is made, since every trial is made durable on its own.
        memory = pathlib.Path("/dev/shm")
        with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
            store = folder / "store.db"
            subprocess.run([bin_dir / "bench_store", f"{made}/store.db", "100000"], check=True)
            shutil.copy(f"{made}/store.db", store)
        for verb in (["front"], ["front", "--format", "json"], ["status"]):
            times = [wall_ms([program, verb[0], store, *verb[1:]]) for _ in range(5)]
            row(f"{' '.join(verb)} on 100,000 finished trials, median of 5",
                f"{statistics.median(times):.0f} ms", "< 1000 ms" if verb[0] == "front" else "")
    if "--build" in sys.argv:
        build_time("< 180 s", "OFF")
        build_time("< 360 s", "ON")


main()
