#!/usr/bin/env python3
"""Opens the dashboard of a store with two studies in headless Chromium: it follows a study that runs, shows fronts side by side, says when
its connection is lost and finds it again; the server answers nobody who should not see it, and ends on Ctrl-C.
    tests/browser/dashboard_page.py --joulefront PROGRAM [--keep FOLDER]"""
import argparse
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

from browser import WIDTHS, Browser, check_drawn, joulefront, write_study

LOST = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE")


class Dashboard:
    """`joulefront dashboard` of a store, with the address that it printed."""

    def __init__(self, program, folder, *flags):
        self.process = subprocess.Popen([program, "dashboard", "both.db", *flags], cwd=folder, stderr=subprocess.PIPE, text=True)
        line = self.process.stderr.readline()
        assert "http://127.0.0.1:" in line, line
        self.url = line.split()[3]
        self.port = urllib.parse.urlsplit(self.url).port

    def interrupt(self):
        """Ctrl-C. Gives its exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(10)
        self.process.stderr.close()
        return code

    def ask(self, path="/", method="GET", **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        response.read()
        connection.close()
        return response


class Watch:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        write_study(folder, "pages", 32)
        write_study(folder, "other", 16)
        for study in ("pages", "other"):
            joulefront(program, folder, "run", f"{study}.toml", "--store", "both.db", "--quiet")
        self.dashboard = Dashboard(program, folder, "--port", "0")

    def read(self, verb, study):
        return json.loads(joulefront(self.program, self.folder, verb, "both.db", "--study", study, "--format", "json"))

    def trials(self, browser):
        return browser.js("return window.page ? window.page.study.data.trials : 0")

    # --- what a user relies on ---

    def it_shows_what_the_store_holds(self, browser):
        browser.open(self.dashboard.url)
        assert browser.text("#title") == "pages" and browser.text("#kind") == "dashboard"
        assert self.trials(browser) == len(self.read("export", "pages")["trials"]) == 32
        points = browser.js("return [...document.querySelectorAll('#front-table tbody tr')].map((tr) => tr.cells[0].textContent)")
        assert check_drawn(browser) == len([trial for trial in self.read("export", "pages")["trials"] if trial["state"] == "complete"])
        assert [int(number) for number in points] == [point["number"] for point in self.read("front", "pages")["front"]]
        browser.wait(lambda: "32 trials" in browser.text("#standing"), "the standing")
        assert browser.text("#connection") == ""

    def it_follows_a_study_that_runs(self, browser):
        joulefront(self.program, self.folder, "run", "pages.toml", "--store", "both.db", "--trials", "48", "--quiet")
        browser.wait(lambda: self.trials(browser) == 48, "the new trials")
        browser.wait(lambda: "48 trials" in browser.text("#standing"), "the standing")
        assert browser.text("#count") == "48 of 48 trials"

    def a_selection_outlasts_news(self, browser):
        browser.js("window.page.selection.ranges.set('parameter:depth', [1, 3]); window.page.refilter(); window.page.walk(1)")
        chosen = browser.text("#detail h3")
        joulefront(self.program, self.folder, "run", "pages.toml", "--store", "both.db", "--trials", "56", "--quiet")
        browser.wait(lambda: self.trials(browser) == 56, "the new trials")
        inside = [t for t in self.read("export", "pages")["trials"] if t["configuration"]["depth"] <= 3]
        assert browser.text("#count") == f"{len(inside)} of 56 trials"
        assert browser.text("#detail h3") == chosen
        browser.click("#clear")

    def two_studies_are_side_by_side(self, browser):
        browser.click("#studies input")
        browser.wait(lambda: browser.all("#beside-table tbody tr"), "the other study")
        cells = browser.js("return [...document.querySelectorAll('#beside-table tbody tr')].map((tr) => [...tr.cells].map((c) => c.dataset.value ?? c.textContent))")
        assert [row[0] for row in cells] == ["pages", "other"] and [row[1] for row in cells] == ["56", "16"]
        for row, study in zip(cells, ("pages", "other")):
            best = min(point["values"]["error"] for point in self.read("front", study)["front"])
            assert abs(float(row[4]) - best) < 1e-9, (row, best)
        assert "beside=other" in browser.js("return location.search")
        drawn = browser.js("return window.page.scatter.chart.data.datasets.filter((d) => d.pointStyle === 'rectRounded').map((d) => d.data.length)")
        assert drawn == [len(self.read("front", "other")["front"])]
        browser.screenshot(self.folder / "dashboard-beside.png")

    def another_study_is_a_click_away(self, browser):
        browser.click("#studies a")
        browser.wait(lambda: browser.text("#title") == "other" and self.trials(browser) == 16, "the other study")
        browser.driver.back()
        browser.wait(lambda: browser.text("#title") == "pages" and self.trials(browser) == 56, "the first study")

    def it_fits_every_width(self, browser):
        for name, width in WIDTHS.items():
            browser.resize(width)
            browser.wait(lambda: browser.js("return document.documentElement.scrollWidth <= innerWidth"), f"{width} pixels")
            browser.screenshot(self.folder / f"dashboard-{name}.png")

    def a_lost_connection_is_told_and_found_again(self, browser):
        assert self.dashboard.interrupt() == 130
        browser.wait(lambda: "connection is lost" in browser.text("#connection"), "the loss to be told")
        self.dashboard = Dashboard(self.program, self.folder, "--port", str(self.dashboard.port))
        browser.wait(lambda: browser.text("#connection") == "", "the connection", 30)

    def a_store_that_goes_and_comes_is_followed(self, browser):
        os.rename(self.folder / "both.db", self.folder / "away.db")
        browser.wait(lambda: "was moved or removed" in browser.text("#connection"), "the loss to be told", 30)
        assert self.trials(browser) == 56  # as it stood then
        joulefront(self.program, self.folder, "run", "pages.toml", "--store", "both.db", "--trials", "9", "--quiet")
        browser.wait(lambda: self.trials(browser) == 9, "the new store", 30)
        assert "was replaced" in browser.text("#connection")
        for name in ("both.db", "both.db-wal", "both.db-shm"):
            (self.folder / name).unlink(missing_ok=True)
        os.rename(self.folder / "away.db", self.folder / "both.db")
        browser.wait(lambda: self.trials(browser) == 56, "the first store again", 30)

    def it_answers_nobody_who_should_not_see_it(self, browser):
        dashboard = self.dashboard
        own = f"127.0.0.1:{dashboard.port}"
        assert dashboard.ask(Host=own, Origin=f"http://{own}").status == 200
        assert dashboard.ask(Host=f"localhost:{dashboard.port}").status == 200
        for headers in ({"Host": "evil.example"}, {"Host": f"evil.example:{dashboard.port}"}, {"Host": "127.0.0.1.evil.example"},
                        {"Host": own, "Origin": "http://evil.example"}, {"Host": own, "Origin": "null"}):
            for path in ("/", "/events?study=pages"):
                assert dashboard.ask(path, **headers).status == 421, headers
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            assert dashboard.ask(method=method).status == 405
        assert dashboard.ask("/?study=none").status == 404
        assert dashboard.ask("/../both.db").status == 404

    def who_says_nothing_keeps_nobody_out(self, browser):
        silent = [socket.create_connection(("127.0.0.1", self.dashboard.port)) for _ in range(100)]
        for connection in silent:
            connection.send(b"GET / HT")
        begin = time.monotonic()
        assert self.dashboard.ask().status == 200
        assert time.monotonic() - begin < 2
        for connection in silent:
            connection.close()

    def a_token_is_demanded_and_leaves_the_address(self, browser):
        guarded = Dashboard(self.program, self.folder, "--port", "0", "--token", "S3cret_token")
        assert guarded.url.endswith("/?token=S3cret_token")
        for path in ("/", "/?token=", "/?token=S3cret_toke", "/?token=S3cret_token2", "/events?study=pages"):
            assert guarded.ask(path).status == 403, path
        assert guarded.ask(Cookie=f"joulefront_{guarded.port}=S3cret").status == 403
        browser.open(guarded.url)
        browser.wait(lambda: self.trials(browser) == 56, "the study")
        assert "token" not in browser.js("return location.href")
        assert guarded.interrupt() == 130
        # Every user can read an argument list, so it may come from a file or the environment.
        (self.folder / "token").write_text("S3cret_token\n")
        hidden = Dashboard(self.program, self.folder, "--port", "0", "--token", "@token")
        assert hidden.url.endswith("/?token=S3cret_token") and hidden.ask("/").status == 403
        arguments = pathlib.Path(f"/proc/{hidden.process.pid}/cmdline").read_bytes()
        assert b"S3cret" not in arguments
        assert hidden.interrupt() == 130
        os.environ["JOULEFRONT_TOKEN"] = "0ther_token"
        hidden = Dashboard(self.program, self.folder, "--port", "0")
        del os.environ["JOULEFRONT_TOKEN"]
        assert hidden.url.endswith("/?token=0ther_token") and hidden.ask("/?token=S3cret_token").status == 403
        assert hidden.interrupt() == 130


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joulefront", required=True, type=os.path.abspath)
    parser.add_argument("--keep", type=pathlib.Path, help="a new folder, where store and pictures stay")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="joulefront-dashboard-") as scratch, Browser() as browser:
        folder = arguments.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=arguments.keep is None)
        watch = Watch(arguments.joulefront, folder)
        try:
            for name in [name for name in vars(Watch) if name[0] != "_" and name not in ("read", "trials")]:
                getattr(watch, name)(browser)
                browser.check_quiet(LOST)
                print(name.replace("_", " "))
            browser.driver.get("about:blank")
            assert watch.dashboard.interrupt() == 130
        finally:
            watch.dashboard.process.kill()


main()
