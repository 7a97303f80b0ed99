#!/usr/bin/env python3
"""Opens a running optuna-dashboard in headless Chromium and compares what it shows of each trial
with a JSON list of {"number", "state", "texts"} on stdin. Needs Debian's chromium, chromium-driver
and python3-selenium. Prints what is missing; exit code 1 if something is."""
import json
import sys
import time

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

PATIENCE_S = 30


def open_browser():
    options = Options()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1600,2400"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


def missing_on(browser, address, texts):
    """The texts that a page lacks once it had the time to show them."""
    browser.get(address)
    until = time.monotonic() + PATIENCE_S
    while True:
        shown = browser.execute_script("return document.body.innerText")
        missing = [text for text in texts if text not in shown]
        if not missing or time.monotonic() > until:
            return missing
        time.sleep(0.1)


def main():
    address = sys.argv[1] + "/dashboard/studies/1"
    trials = json.load(sys.stdin)
    faults = []
    browser = open_browser()
    try:
        listed = [f"Trial {trial['number']}\n{trial['state']}" for trial in trials]
        faults += [f"the list of trials lacks {text!r}"
                   for text in missing_on(browser, address + "/trials", listed)]
        for trial in trials:
            page = f"{address}/trials?numbers={trial['number']}"
            texts = [f"Trial {trial['number']} (trial_id={trial['number'] + 1})", *trial["texts"]]
            faults += [f"the page of trial {trial['number']} lacks {text!r}"
                       for text in missing_on(browser, page, texts)]
        faults += [f"the browser says: {entry['message']}" for entry in browser.get_log("browser")
                   if entry["level"] == "SEVERE"]
    finally:
        browser.quit()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
