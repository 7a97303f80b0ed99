#!/usr/bin/env python3
"""Makes docs/report.png, the picture in the README: runs the study of examples/02_any_command, writes its report, and takes a picture of
its beginning.
    tests/browser/readme_picture.py --joulefront build/release/bin/joulefront"""
import argparse
import base64
import os
import pathlib
import tempfile

from browser import Browser, joulefront

ROOT = pathlib.Path(__file__).resolve().parents[2]
WIDTH, HEIGHT = 1240, 1140


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joulefront", required=True, type=os.path.abspath)
    program = parser.parse_args().joulefront
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        joulefront(program, folder, "run", ROOT / "examples/02_any_command/study.toml", "--trials", "80", "--quiet")
        joulefront(program, folder, "export", "any_command.db", "--format", "html", "--output", "report.html")
        browser.resize(WIDTH, HEIGHT)
        browser.open(pathlib.Path(folder, "report.html").as_uri())
        browser.js("const p = window.page, knee = p.study.data.front.find((point) => point.knee); if (knee) p.choose(knee.row)")
        picture = browser.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "format": "png", "clip": {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT, "scale": .75}})
        (ROOT / "docs/report.png").write_bytes(base64.b64decode(picture["data"]))


main()
