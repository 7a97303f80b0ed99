#!/usr/bin/env python3
"""What a report of 10,000 trials takes, and a dashboard of 100,000 while a study runs, in headless Chromium; beside what they should be.
    tests/bench/report_figures.py BUILD_FOLDER      with joulefront and bench_store built"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "browser"))
from browser import Browser, joulefront

TURNS, WATCHED_S, TRIALS_A_SECOND = 5, 120, 2
# The study of bench_store.cc, driven on by ask-tell.
STUDY = """[study]
name = 'bench'
[objectives]
error = { direction = 'minimize' }
energy = { direction = 'minimize', phase = 'train' }
[space]
width = { type = 'int', low = 8, high = 512, log = true }
learning_rate = { type = 'float', low = 1e-4, high = 1.0, log = true }
optimizer = { type = 'categorical', choices = ['sgd', 'adam'] }
[search]
sampler = 'random'
"""


def tell(what, measured, target):
    print(f"{what:<66} {measured:>12}   {target}")


def until_usable(browser, url):
    """Seconds from asking for the page until it has drawn itself and answers."""
    begin = time.monotonic()
    browser.driver.get(url)
    browser.wait(lambda: browser.js("return !!(window.page && window.page.study && window.page.scatter.chart)"), "the page")
    return time.monotonic() - begin


def report(bins, folder):
    subprocess.run([bins / "bench_store", folder / "small.db", "10000"], check=True)
    times = []
    for _ in range(TURNS):
        begin = time.monotonic()
        joulefront(bins / "joulefront", folder, "export", "small.db", "--format", "html", "--output", "report.html")
        times.append(time.monotonic() - begin)
    tell("a report of 10,000 trials: to write", f"{statistics.median(times):.2f} s", "2 s")
    tell("its size", f"{(folder / 'report.html').stat().st_size / 1e6:.2f} MB", "5 MB")
    with Browser() as browser:
        times = [until_usable(browser, (folder / "report.html").as_uri()) for _ in range(TURNS)]
    tell("from opening to usable in Chromium", f"{statistics.median(times):.2f} s", "2 s")


def drive(program, folder, stop):
    """Adds trials to the study, as a running one would."""
    (folder / "bench.toml").write_text(STUDY)
    session = subprocess.Popen([program, "ask-tell", "bench.toml", "--store", "large.db"], cwd=folder, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def say(message):
        session.stdin.write(json.dumps(message) + "\n")
        session.stdin.flush()
        return json.loads(session.stdout.readline())

    while not stop.wait(1 / TRIALS_A_SECOND):
        number = say({"ask": 1})["trials"][0]["number"]
        say({"tell": number, "values": {"error": 0.5, "energy": 100.0}})
    session.stdin.close()
    session.wait()


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(program, folder):
    dashboard = subprocess.Popen([program, "dashboard", "large.db", "--port", "0"], cwd=folder, stderr=subprocess.PIPE, text=True)
    return dashboard, dashboard.stderr.readline().split()[3]


def dashboard(bins, folder):
    program = bins / "joulefront"
    subprocess.run([bins / "bench_store", folder / "large.db", "100000"], check=True)
    stop = threading.Event()
    driver = threading.Thread(target=drive, args=(program, folder, stop))
    driver.start()
    with Browser() as browser:
        cold, warm = [], []
        for _ in range(TURNS):
            begin = time.monotonic()
            process, url = start(program, folder)
            until_usable(browser, url)
            cold.append(time.monotonic() - begin)
            warm.append(until_usable(browser, url))
            process.terminate()
            process.wait()
        process, url = start(program, folder)
        until_usable(browser, url)
        time.sleep(5)
        before, begin = processor_seconds(process.pid), time.monotonic()
        trials = browser.js("return window.page.study.data.trials")
        time.sleep(WATCHED_S)
        share = (processor_seconds(process.pid) - before) / (time.monotonic() - begin)
        seen = browser.js("return window.page.study.data.trials") - trials
        process.terminate()
        process.wait()
    stop.set()
    driver.join()
    tell("a dashboard of 100,000 trials, one running: first view", f"{statistics.median(warm):.2f} s", "1 s")
    tell("the same from the start of joulefront dashboard", f"{statistics.median(cold):.2f} s", "")
    tell(f"processor while watching it for {WATCHED_S} s", f"{100 * share:.2f} %", "under 2 % of a core")
    tell("trials that appeared meanwhile", f"{seen}", f"of {WATCHED_S * TRIALS_A_SECOND}")


def main():
    bins = pathlib.Path(sys.argv[1]).resolve() / "bin"
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        report(bins, pathlib.Path(folder))
        dashboard(bins, pathlib.Path(folder))


main()
