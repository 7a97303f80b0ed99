#!/usr/bin/env python3
"""Opens a report in headless Chromium and uses it as a person would: hovers, clicks, drags, filters, sorts, by mouse and by keyboard; the
numbers on the page are those of the other exports. Takes screenshots at three widths, in the dark, and in print.
    tests/browser/report_page.py --joulefront PROGRAM [--keep FOLDER]"""
import argparse
import json
import os
import pathlib
import random
import subprocess
import tempfile

from browser import WIDTHS, Browser, Keys, check_drawn, joulefront, write_study

NEAR = 1e-5  # the page has six digits


def near(a, b):
    return a is None and b is None or a is not None and b is not None and abs(a - b) <= NEAR * max(abs(a), abs(b))


class Visit:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        write_study(folder)
        joulefront(program, folder, "run", "pages.toml", "--quiet")
        joulefront(program, folder, "export", "pages.db", "--format", "html", "--output", "report.html")
        read = lambda *arguments: json.loads(joulefront(program, folder, *arguments, "--format", "json"))
        self.trials = read("export", "pages.db")["trials"]
        self.front = read("front", "pages.db")["front"]
        self.fates = read("audit", "pages.db")["by_fate"]
        self.spent = read("status", "pages.db")["energy"]["joules"]
        self.complete = [trial for trial in self.trials if trial["state"] == "complete"]

    def table(self, browser):
        """The cells of all pages of the table of trials: by number, the data behind each column."""
        rows = {}
        while browser.js("return !document.getElementById('earlier').disabled"):
            browser.click("#earlier")
        while True:
            rows.update(browser.js("""
                const heads = [...document.querySelectorAll("#table thead th")].map((th) => th.dataset.key);
                return Object.fromEntries([...document.querySelectorAll("#table tbody tr")].map((tr) => [tr.cells[0].textContent,
                    Object.fromEntries([...tr.cells].map((cell, i) => [heads[i], cell.dataset.value ?? cell.textContent]))]));"""))
            if not browser.js("return !document.getElementById('later').disabled"):
                return rows
            browser.click("#later")

    def shown(self, browser):
        return [int(cell) for cell in browser.js("return [...document.querySelectorAll('#table tbody tr')].map((tr) => tr.cells[0].textContent)")]

    def pixel(self, browser, number):
        """Where a trial's point lies in the canvas of the scatter."""
        return browser.js("""const {study, scatter} = window.page, row = study.column("trial:trial").data.indexOf(arguments[0]), {x, y} = scatter.columns();
            return [scatter.chart.scales.x.getPixelForValue(x.data[row]), scatter.chart.scales.y.getPixelForValue(y.data[row])];""", number)

    # --- what a user relies on ---

    def the_numbers_are_those_of_the_other_exports(self, browser):
        table = self.table(browser)
        assert len(table) == len(self.trials) == 48
        for trial in self.trials:
            cells = table[str(trial["number"])]
            for name in ("error", "energy"):
                cell = cells[f"objective:{name}"]
                assert near(float(cell) if cell else None, trial["values"].get(name)), (trial, cells)
            depth = cells["parameter:depth"]
            assert int(depth) == trial["configuration"]["depth"]
            assert (cells["place:result"] == "failed") == (trial["state"] == "failed")
        points = browser.js("return [...document.querySelectorAll('#front-table tbody tr')].map((tr) => [...tr.cells].map((c) => c.dataset.value ?? c.textContent))")
        assert [int(cells[0]) for cells in points] == [point["number"] for point in self.front]
        for cells, point in zip(points, self.front):
            assert near(float(cells[2]), point["values"]["error"]) and near(float(cells[3]), point["values"]["energy"])
            assert ("knee" in cells[1]) == point["knee"]

    def the_joules_are_those_of_the_audit(self, browser):
        shown = browser.js("return window.page.study.data.energy")
        assert near(shown["joules"], self.spent)
        for entry in shown["by_fate"]:
            assert near(entry["joules"], self.fates[entry["name"]]["joules"]), entry
        assert len(browser.all("#by-fate tr")) == len(shown["by_fate"])
        assert "replayed" in browser.text("#origins")
        for words in ("gCO2e (400 gCO2e/kWh", "from <b>somewhere</b>"):
            assert words in browser.text("#summary")

    def the_importance_is_that_of_its_verb(self, browser):
        by_objective = json.loads(joulefront(self.program, self.folder, "importance", "pages.db", "--format", "json"))["importance"]
        lists = browser.js("return [...document.querySelectorAll('#importance-lists > div')].map((list) => [list.querySelector('h3').textContent, "
                           "Object.fromEntries([...list.querySelectorAll('tr')].map((tr) => [tr.cells[0].textContent, tr.cells[1].dataset.value]))])")
        assert [title for title, _ in lists] == [f"For {objective}" for objective in by_objective]
        for (_, shown), judged in zip(lists, by_objective.values()):
            assert shown.keys() == judged["parameters"].keys()
            for name, share in shown.items():
                assert abs(float(share) - judged["parameters"][name]["share"]) <= NEAR

    def hostile_names_stay_text(self, browser):
        assert browser.js("return window.hacked") is None
        assert not browser.all("img, b")
        assert "<script>window.hacked = 1</script>" in browser.text("#table")
        assert "\u202e" not in browser.text("body *") and "\a" not in browser.text("body *")

    def hovering_shows_the_configuration(self, browser):
        number = self.front[0]["number"]
        browser.mouse("#scatter canvas", self.pixel(browser, number))
        tip = lambda: browser.js("const t = window.page.scatter.chart.tooltip; return t.opacity > 0 ? t.body.flatMap((b) => b.lines).flat() : []")
        browser.wait(tip, "the tooltip")
        assert any(line == f"trial {number}" for line in tip()), tip()
        assert f"depth: {self.front[0]['configuration']['depth']}" in tip()

    def clicking_shows_all_of_a_trial(self, browser):
        point = self.front[-1]
        where = self.pixel(browser, point["number"])
        browser.mouse("#scatter canvas", where, where)
        assert browser.text("#detail h3") == f"Trial {point['number']}"
        configuration = json.loads(browser.text("#detail pre"))
        assert configuration == point["configuration"]
        assert browser.text("#front-table tr.chosen td") == str(point["number"])

    def arrow_keys_walk_along_the_front(self, browser):
        browser.js("document.getElementById('scatter').focus()")
        browser.press(Keys.ESCAPE)
        assert "No trial is chosen" in browser.text("#detail")
        for point in self.front:
            browser.press(Keys.ARROW_RIGHT)
            assert browser.text("#detail h3") == f"Trial {point['number']}"
        browser.press(Keys.ARROW_LEFT)
        assert browser.text("#detail h3") == f"Trial {self.front[-2]['number']}"

    def a_frame_selects_in_every_view(self, browser):
        a, b = self.pixel(browser, self.front[0]["number"]), self.pixel(browser, self.front[-1]["number"])
        browser.mouse("#scatter canvas", (a[0] - 9, a[1] - 9), (b[0], b[1]), (b[0] + 9, b[1] + 9))
        ranges = browser.js("return Object.fromEntries(window.page.selection.ranges)")
        inside = [t["number"] for t in self.complete if all(ranges[f"objective:{n}"][0] <= t["values"][n] <= ranges[f"objective:{n}"][1] for n in ("error", "energy"))]
        assert 0 < len(inside) < len(self.trials)
        assert browser.text("#count") == f"{len(inside)} of {len(self.trials)} trials"
        assert sorted(self.table(browser)) == sorted(map(str, inside))
        assert "The selected trials took" in browser.text("#energy-words")
        assert browser.js("return window.page.courses.charts['by-trials'].data.datasets.length") == 2
        assert len(browser.all("#chips .chip")) == 2
        browser.click("#clear")
        assert browser.text("#count") == "48 of 48 trials"

    def a_drag_along_an_axis_selects(self, browser):
        axis = browser.js("const a = window.page.parallel.placed.find((a) => a.column.key === 'parameter:depth'); return [a.x, a.top, a.bottom]")
        browser.mouse("#parallel", (axis[0], axis[1] - 4), (axis[0], axis[1] + 30), (axis[0], axis[1] + 60))
        low = browser.js("return window.page.selection.ranges.get('parameter:depth')[0]")
        inside = [t["number"] for t in self.trials if t["configuration"]["depth"] >= low]
        assert 0 < len(inside) < 48 and browser.text("#count").startswith(f"{len(inside)} of"), (low, browser.text("#count"))
        browser.click("#clear")

    def a_range_can_be_typed(self, browser):
        browser.click("#filter summary")
        browser.js("document.getElementById('range-column').value = 'parameter:depth'")
        browser.find("#range-low").send_keys("5")
        browser.find("#range-low").send_keys(Keys.ENTER)
        inside = [t for t in self.trials if t["configuration"]["depth"] >= 5]
        assert browser.text("#count").startswith(f"{len(inside)} of")
        browser.click("#chips .chip")
        assert browser.text("#count").startswith("48 of")

    def the_table_sorts_and_finds(self, browser):
        for expected in ("ascending", "descending"):
            browser.click("#table th[data-key='objective:energy'] button")
            assert browser.find("#table th[data-key='objective:energy']").get_attribute("aria-sort") == expected
            values = {t["number"]: t["values"]["energy"] for t in self.complete}
            order = sorted(values, key=lambda n: (values[n] if expected == "ascending" else -values[n], n))
            assert self.shown(browser) == order[:25]
        browser.find("#find").send_keys("failed")
        assert sorted(self.shown(browser)) == [t["number"] for t in self.trials if t["state"] == "failed"] != []
        browser.find("#find").clear()
        browser.js("document.getElementById('find').dispatchEvent(new Event('input'))")

    def any_two_values_can_be_the_axes(self, browser):
        browser.js("const s = document.getElementById('x'); s.value = 'value:parameters'; s.dispatchEvent(new Event('change'))")
        assert browser.js("return window.page.scatter.chart.options.scales.x.title.text") == "parameters"
        browser.click("#x-log")
        browser.js("const s = document.getElementById('x'); s.value = 'objective:energy'; s.dispatchEvent(new Event('change'))")

    def it_fits_every_width_the_dark_and_paper(self, browser):
        for name, width in WIDTHS.items():
            browser.resize(width)
            browser.wait(lambda: browser.js("return Math.abs(document.querySelector('#scatter canvas').clientWidth - document.getElementById('scatter').clientWidth) < 2"),
                         f"the scatter at {width} pixels")
            assert browser.js("return document.documentElement.scrollWidth <= innerWidth"), f"wider than {width} pixels"
            browser.screenshot(self.folder / f"report-{name}.png")
        browser.prefer("dark")
        assert browser.js("return getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
        browser.screenshot(self.folder / "report-dark.png")
        browser.prefer("light")
        browser.print(self.folder / "report.pdf")
        assert (self.folder / "report.pdf").read_bytes().startswith(b"%PDF")
        for shot in self.folder.glob("report-*.png"):
            assert shot.stat().st_size > 20_000, shot

    def small_and_odd_studies_are_shown_too(self, browser):
        for name, objectives in (("one", ["loss"]), ("two", ["loss", "size"]), ("three", ["loss", "size", "time"])):
            aims = "\n".join(f'{objective} = {{ direction = "minimize" }}' for objective in objectives)
            (self.folder / f"{name}.toml").write_text(f'[study]\nname = "{name}"\n[objectives]\n{aims}\n[space]\nx = {{ type = "float", low = -1.0, high = 1.0 }}\n')
            for trials in (0, 1, 30):
                store = f"{name}-{trials}.db"
                lines = [line for k in range(trials) for line in ({"ask": 1}, {"tell": k, "values": {o: (k * (i + 7)) % 11 - 3.0 for i, o in enumerate(objectives)}})]
                joulefront(self.program, self.folder, "ask-tell", f"{name}.toml", "--store", store, text="".join(json.dumps(line) + "\n" for line in lines))
                joulefront(self.program, self.folder, "export", store, "--format", "html", "--output", "odd.html")
                browser.open((self.folder / "odd.html").resolve().as_uri())
                assert browser.text("#count") == f"{trials} of {trials} trials"
                browser.js("window.page.walk(1)")
                assert ("Trial" in browser.text("#detail")) == (trials > 0)
                assert not browser.find("#joules-figure").is_displayed()
        browser.open((self.folder / "report.html").resolve().as_uri())

    def a_study_in_which_all_failed_says_why_first(self, browser):
        (self.folder / "fails.toml").write_text('[study]\nname = "fails"\n[objectives]\nloss = { direction = "minimize" }\nsize = { direction = "minimize" }\n'
                                                '[space]\nx = { type = "float", low = -1.0, high = 1.0 }\n[trainer]\ncommand = ["sh", "fail.sh"]\n[budget]\ntrials = 3\n')
        (self.folder / "fail.sh").write_text("echo one; echo '<b>two</b>'; echo 'ModuleNotFoundError: No module named torch' >&2; exit 7\n")
        subprocess.run([self.program, "run", "fails.toml", "--quiet"], cwd=self.folder, capture_output=True)
        joulefront(self.program, self.folder, "export", "fails.db", "--format", "html", "--output", "fails.html")
        browser.open((self.folder / "fails.html").resolve().as_uri())
        failures = browser.find("#failures")
        assert failures.is_displayed() and "No trial is complete: 3 failed, exit-code" in failures.text, failures.text
        assert "<b>two</b>" in failures.text and "No module named torch" in failures.text
        for section in ("front", "progress", "together", "importance"):
            assert not browser.find(f"#{section}").is_displayed(), section
        browser.open((self.folder / "report.html").resolve().as_uri())
        assert not browser.find("#failures").is_displayed()

    def every_finite_point_is_drawn(self, browser):
        """The axes come from all points, in whatever order they were finished; what is off the scale is counted."""
        (self.folder / "random.toml").write_text('[study]\nname = "random"\n[objectives]\nloss = { direction = "minimize" }\nsize = { direction = "maximize" }\n'
                                                 '[space]\nx = { type = "float", low = -1.0, high = 1.0 }\n')
        draw = random.Random(12)
        kinds = {"even": lambda: draw.uniform(-5, 5), "wide": lambda: 10 ** draw.uniform(-8, 8), "whole": lambda: draw.randrange(4), "same": lambda: 2.5,
                 "both signs": lambda: draw.choice([-1, 1]) * 10 ** draw.uniform(-300, 140), "penalties": lambda: draw.choice([0.1, 0.7, 1.7976931348623157e308, -1e301])}
        for i, (name, kind) in enumerate(kinds.items()):
            store, page = f"random-{i}.db", f"random-{i}.html"
            lines = [line for k in range(40) for line in ({"ask": 1}, {"tell": k, "values": {"loss": kind(), "size": kind()}})]
            joulefront(self.program, self.folder, "ask-tell", "random.toml", "--store", store, text="".join(json.dumps(line) + "\n" for line in lines))
            joulefront(self.program, self.folder, "export", store, "--format", "html", "--output", page)
            browser.open((self.folder / page).resolve().as_uri())
            for x, y in (("loss", "size"), ("size", "loss")):
                browser.js("""for (const [id, name] of [["x", arguments[0]], ["y", arguments[1]]]) {
                    const s = document.getElementById(id); s.value = `objective:${name}`; s.dispatchEvent(new Event("change")); }""", x, y)
                assert (check_drawn(browser) == 40) == (name != "penalties")
                for id in ("x-log", "y-log"):
                    if not browser.js("return document.getElementById(arguments[0]).disabled", id):
                        browser.click(f"#{id}")
                        check_drawn(browser)
            assert "Infinity" not in browser.text("main") and "NaN" not in browser.text("main")
        browser.open((self.folder / "report.html").resolve().as_uri())

    def a_keyboard_reaches_everything(self, browser):
        needed = {"skip", "wish", "x", "y", "scatter", "row", "find"}
        for _ in range(250):  # once around the page and its tables
            browser.press(Keys.TAB)
            needed.discard(browser.js("const e = document.activeElement; return e.id || e.className || e.tagName"))
            if not needed:
                return
        raise AssertionError(f"Tab does not reach {needed}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joulefront", required=True, type=os.path.abspath)
    parser.add_argument("--keep", type=pathlib.Path, help="a new folder, where study, report and pictures stay")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="joulefront-report-") as scratch, Browser() as browser:
        folder = arguments.keep or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=arguments.keep is None)
        visit = Visit(arguments.joulefront, folder)
        browser.open((folder / "report.html").resolve().as_uri())
        for name in [name for name in vars(Visit) if name[0] != "_" and name not in ("table", "shown", "pixel")]:
            getattr(visit, name)(browser)
            browser.check_quiet()
            print(name.replace("_", " "))


main()
