#!/usr/bin/env python3
"""The workflow files of examples/09_ci are YAML of the shape that their services read, name files that are there or are made,
and use flags that `joulefront gate` has.   check_workflows.py JOULEFRONT"""
import pathlib
import re
import subprocess
import sys

try:
    import yaml
except ImportError:
    print("SKIPPED: no YAML parser; install python3-yaml")
    sys.exit(77)

FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "examples/09_ci"
script = (FOLDER / "gate.sh").read_text()
faults = []


def check(holds, fault):
    if not holds:
        faults.append(fault)


def check_names(text, where):
    for name in re.findall(r"[\w]+\.(?:sh|md|xml|json)\b", text):
        check((FOLDER / name).exists() or name in script, f"{where} names {name}, which nothing makes")


github = yaml.safe_load((FOLDER / "github.yml").read_text())
check(github.get(True) == "pull_request", "github.yml: on")  # YAML 1.1 takes the word for true
check(set(github) == {"name", True, "permissions", "jobs"}, f"github.yml has {sorted(map(str, github))}")
steps = github["jobs"]["gate"]["steps"]
for step in steps:
    check(("uses" in step) != ("run" in step), f"github.yml: a step that neither uses nor runs: {step}")
    check_names(step.get("run", "") + str(step.get("with", {}).get("path", "")), "github.yml")
    # What a pull request may set is never pasted into a script.
    check("${{" not in step.get("run", ""), f"github.yml: an expression within a script: {step}")
check(any("gate.sh" in step.get("run", "") for step in steps), "github.yml runs no gate")

gitlab = yaml.safe_load((FOLDER / "gitlab.yml").read_text())
job = gitlab["energy"]
check(job["artifacts"]["reports"]["junit"] == "gate.xml", "gitlab.yml: the JUnit report")
check(job["artifacts"]["when"] == "always", "gitlab.yml: a failed gate keeps no report")
check(all(isinstance(line, str) for line in job["script"]), "gitlab.yml: a line of the script is no text")
check_names(" ".join(job["script"] + job["artifacts"]["paths"]), "gitlab.yml")

help_text = subprocess.run([sys.argv[1], "gate", "--help"], capture_output=True, text=True, check=True).stdout
commands = re.sub(r"^ *(#|git|trap).*$|\$\(git [^)]*\)", "", script, flags=re.M)
for flag in set(re.findall(r"(?<=[ (])--[a-z-]+", commands)):
    check(re.search(flag + r"\b", help_text), f"gate.sh: {flag} is no flag of joulefront gate")

print("\n".join(faults) or "the workflow files hold together")
sys.exit(1 if faults else 0)
