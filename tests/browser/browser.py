"""Headless Chromium for the tests of pages: Debian's chromium, chromium-driver and python3-selenium. Nothing but this machine can be
reached from it, and all that a page asks for or complains of is known."""
import base64
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.parse

SKIPPED = 77  # the exit status that CTest takes for a skipped test
DEBIANS_PYTHON = "/usr/bin/python3"
WIDTHS = {"phone": 390, "tablet": 820, "desktop": 1280}


def skip(why):
    print(f"SKIPPED: {why}")
    sys.exit(SKIPPED)


try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    # Another Python may come first in PATH; Debian's packages are for Debian's.
    if os.path.exists(DEBIANS_PYTHON) and not os.path.samefile(sys.executable, DEBIANS_PYTHON):
        os.execv(DEBIANS_PYTHON, [DEBIANS_PYTHON, *sys.argv])
    skip("python3-selenium is not installed")


class Browser:
    def __init__(self, width=WIDTHS["desktop"]):
        for program in ("chromium", "chromedriver"):
            if not shutil.which(program):
                skip(f"{program} is not installed")
        options = Options()
        # As root, in a container, without a GPU; and whatever name is asked for, none but loopback is found.
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-background-networking",
                     "--disable-component-update", "--no-first-run", "--hide-scrollbars", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        self.urls, self.complaints = [], []
        self.resize(width)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.driver.quit()

    def resize(self, width, height=900):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def prefer(self, scheme):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def open(self, url):
        self.driver.get(url)
        self.wait(lambda: self.js("return !!window.page"), "the page to draw itself")

    def js(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.js("return document.querySelector(arguments[0]).textContent", selector)

    def click(self, selector):
        node = self.find(selector)
        self.js("arguments[0].scrollIntoView({block: 'center'})", node)
        node.click()

    def wait(self, holds, what, longest=20):
        begin = time.monotonic()
        while not holds():
            if time.monotonic() - begin > longest:
                raise AssertionError(f"waited {longest} s in vain for {what}")
            time.sleep(0.03)

    def press(self, *keys):
        ActionChains(self.driver).send_keys(*keys).perform()

    def mouse(self, selector, *places):
        """Moves to the first place (pixels within the element); then, if there are more, drags from there over them."""
        node = self.find(selector)
        self.js("arguments[0].scrollIntoView({block: 'center'})", node)
        box = node.rect
        scroll = self.js("return [scrollX, scrollY]")
        actions = ActionChains(self.driver)
        move = lambda x, y: actions.w3c_actions.pointer_action.move_to_location(int(box["x"] - scroll[0] + x), int(box["y"] - scroll[1] + y))
        move(*places[0])
        if len(places) > 1:
            actions.click_and_hold()
            for place in places[1:]:
                move(*place)
            actions.release()
        actions.perform()

    def screenshot(self, path):
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
        path.write_bytes(base64.b64decode(shot["data"]))

    def print(self, path):
        path.write_bytes(base64.b64decode(self.driver.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"]))

    def listen(self):
        """Takes in what was asked for and complained of since."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                parameters = message["params"]
                self.urls.append(parameters.get("request", parameters)["url"])
        self.complaints += [entry["message"] for entry in self.driver.get_log("browser")]

    def check_quiet(self, allowed=()):
        """No complaint on the console but of `allowed`, and nothing asked for beyond this machine."""
        self.listen()
        complaints = [text for text in self.complaints if not any(word in text for word in allowed)]
        assert not complaints, complaints
        for url in self.urls:
            parts = urllib.parse.urlsplit(url)
            assert parts.scheme in ("file", "data", "about", "chrome", "devtools", "blob") or parts.hostname == "127.0.0.1", url


def check_drawn(browser):
    """Every finite point of the page's data lies inside the drawn area of the scatter, where Chart.js has drawn it, or is counted as off the
    scale. Gives how many there are."""
    drawn, wanted, missing, area = browser.js("""
        const {study, scatter} = window.page, {x, y} = scatter.columns(), {chart} = scatter, drawn = {};
        chart.data.datasets.forEach((dataset, i) => dataset.data.forEach((at, j) => {
          if (at.row !== undefined) drawn[at.row] = [chart.getDatasetMeta(i).data[j].x, chart.getDatasetMeta(i).data[j].y];
        }));
        const both = [...Array(study.rows).keys()].filter((row) => Number.isFinite(x.data[row]) && Number.isFinite(y.data[row]) && x.data[row] !== null && y.data[row] !== null);
        const wanted = both.filter((row) => Math.max(Math.abs(x.data[row]), Math.abs(y.data[row])) <= study.data.largest);
        const {left, right, top, bottom} = chart.chartArea;
        return [drawn, wanted, both.length - wanted.length, [left, right, top, bottom]];""")
    left, right, top, bottom = area
    assert sorted(map(int, drawn)) == wanted, (len(drawn), len(wanted))
    for row, (x, y) in drawn.items():
        assert left - .5 <= x <= right + .5 and top - .5 <= y <= bottom + .5, (row, x, y, area)
    note = browser.text("#scatter-note")
    assert note.startswith(f"{missing} of the points are not drawn") if missing else note == "", note
    return len(drawn)


def joulefront(program, folder, *arguments, text=""):
    """What it says to stdout, given `text` on its stdin."""
    done = subprocess.run([program, *arguments], cwd=folder, capture_output=True, text=True, input=text)
    assert done.returncode == 0, (arguments, done.returncode, done.stderr)
    return done.stdout


# A study whose choices and messages are as hostile as a study can make them.
HOSTILE = "</script><script>window.hacked = 1</script><!-- \\u202e\\u0007\\\" '&"
STUDY = """[study]
name = "{name}"
seed = 3
[objectives]
error = {{ direction = "minimize" }}
energy = {{ direction = "minimize", phase = "train" }}
[space]
x = {{ type = "float", low = 0.01, high = 1.0, log = true }}
depth = {{ type = "int", low = 1, high = 6 }}
kind = {{ type = "categorical", choices = ["plain", "{hostile}"] }}
[metering]
sources = ["trainer"]
[carbon]
intensity = "400 gCO2e/kWh"
source = "<b>somewhere</b>"
[trainer]
command = ["sh", "train.sh", "{{x}}", "{{depth}}"]
[budget]
trials = {trials}
[search]
sampler = "sobol"
[workers]
count = 2
attempts = 1
"""
# One trial in sixteen fails, and says so in markup. Joules are the trainer's to tell, so that every figure is known.
TRAINER = r"""echo '{"joulefront": "phase", "name": "train"}'
[ $((JOULEFRONT_TRIAL % 16)) -eq 7 ] && {
  echo '{"joulefront": "energy", "joules": 7.5}'; echo '<img src=x onerror="window.hacked=2">'; exit 9; }
awk -v x="$1" -v depth="$2" 'BEGIN {
  printf "{\"joulefront\": \"energy\", \"joules\": %.9g}\n", 40 * depth * (0.2 + x)
  printf "{\"joulefront\": \"result\", \"values\": {\"error\": %.9g, \"parameters\": %d}}\n", 0.02 + 0.3 * (1 - x) / depth, 100 * depth }'
"""


def write_study(folder, name="pages", trials=48):
    text = STUDY.format(name=name, trials=trials, hostile=HOSTILE)
    (folder / f"{name}.toml").write_text(text)
    (folder / "train.sh").write_text(TRAINER)
