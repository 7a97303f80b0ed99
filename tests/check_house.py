#!/usr/bin/env python3
"""The house rules that a program can check: who may include whom (docs/design.md, section 1), that
foreign formats stay out of public headers, that every citation is resolved, that file names are
unique, that functions and files keep their size."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ["base", "search", "study_store", "workers", "workers/meters", "objectives", "objectives/torch", "cli"]
MAY_INCLUDE = {
    "base": {"base"},
    "search": {"search", "base"},
    "study_store": {"study_store", "search", "base"},
    "workers/meters": {"workers/meters", "base"},
    "workers": {"workers", "workers/meters", "study_store", "search", "base"},
    "cli": {"cli", "workers", "workers/meters", "study_store", "search", "base"},
    "objectives": {"objectives"},
    "objectives/torch": {"objectives/torch", "objectives"},
}
# Private headers that only .cc files of their own folder, and one another, include.
PRIVATE_HEADERS = {"study_store/toml_reader.h", "study_store/study_sections.h", "study_store/scalar_readers.h",
                   "workers/meters/calibration_json.h", "cli/report_view.h"}
FOREIGN = re.compile(r'#include [<"](sqlite3\.h|nlohmann/json\.hpp|toml\+\+|pcre2\.h|yaml\.h|nvml\.h)')
PRINTS = re.compile(r'^(?!\s*//).*\b(std::cout|std::cerr|(fmt::print|printf|puts|exit|abort)\()', re.M)
MAY_PRINT = {"base/check.h"}
LONGEST_FILE, LONGEST_FUNCTION = 500, 65

faults = []


def folder_of(path):
    parent = path.parent.relative_to(ROOT).as_posix()
    return parent if parent in FOLDERS else None


def sources():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).iterdir()):
            if path.suffix in (".cc", ".h"):
                yield folder, path


def check_includes(folder, path, text):
    name = path.relative_to(ROOT).as_posix()
    for included in re.findall(r'#include "([^"]+)"', text):
        target = folder_of(ROOT / included)
        if target not in MAY_INCLUDE[folder]:
            faults.append(f"{name} includes {included}: {folder} may not look there")
        private = path.suffix == ".cc" or name in PRIVATE_HEADERS
        if included in PRIVATE_HEADERS and (not private or target != folder):
            if not folder.startswith("objectives"):
                faults.append(f"{name} includes {included}, which is private to .cc files of {target}")
    if path.suffix == ".h" and name not in PRIVATE_HEADERS and FOREIGN.search(text):
        if not folder.startswith("objectives"):
            faults.append(f"{name}: SQL, JSON, TOML and the like belong in .cc files")


def check_functions(path, text):
    """A function begins at a line of its own indentation (none, or two blanks within a class) that
    opens a parenthesis and is no statement, and ends at the brace below it."""
    for indent in ("", "  "):
        start = None
        for number, line in enumerate(text.splitlines(), 1):
            signature = re.match(indent + r"[A-Za-z_~][^=;]*\(", line)
            statement = re.match(r"\s*(return|if|for|while|switch|JF_\w+|constexpr|case)\b", line)
            if start is None and signature and not statement and not line.endswith(";"):
                start = number
            elif start is not None and line == indent + "}":
                if number - start > LONGEST_FUNCTION:
                    faults.append(f"{path.relative_to(ROOT)}:{start}: {number - start} lines")
                start = None
            elif start is not None and line.endswith(";") and line.startswith(indent + "    ") and \
                    number - start <= 3 and "{" not in "".join(text.splitlines()[start - 1:number]):
                start = None  # a declaration


def check_types(path, text, types):
    """A type of a header has a name of its own: two of one name in one program are undefined behaviour."""
    for name in re.findall(r"^(?:struct|class|enum class) (\w+)(?: final)?(?: : [^{;]*)? \{", text, re.M):
        if name in types:
            faults.append(f"{path.relative_to(ROOT)} and {types[name]} both have a type {name}")
        types[name] = path.relative_to(ROOT)


def check_references():
    known = set(re.findall(r"\*\*\[(\w+)\]\*\*", (ROOT / "docs/references.md").read_text()))
    for folder, path in sources():
        for key in re.findall(r"\[([A-Z][A-Za-z]+(?:19|20)\d\d[a-z]?)\b", path.read_text()):
            if key not in known:
                faults.append(f"{path.relative_to(ROOT)}: [{key}] is not in docs/references.md")


def main():
    names, types, trainer_types = {}, {}, {}
    for folder, path in sources():
        text = path.read_text()
        check_includes(folder, path, text)
        if folder not in ("cli", "objectives") and path.relative_to(ROOT).as_posix() not in MAY_PRINT \
                and PRINTS.search(text):
            faults.append(f"{path.relative_to(ROOT)}: only cli/ prints or exits")
        if len(text.splitlines()) > LONGEST_FILE:
            faults.append(f"{path.relative_to(ROOT)}: {len(text.splitlines())} lines")
        if path.suffix == ".h":  # trainers are another program
            check_types(path, text, trainer_types if folder.startswith("objectives") else types)
        check_functions(path, re.sub(r'R"(\w*)\(.*?\)\1"', '""', text, flags=re.S))  # SQL is no function
        if path.name in names and path.name != "main.cc":
            faults.append(f"{path.relative_to(ROOT)} and {names[path.name]} share a name")
        names[path.name] = path.relative_to(ROOT)
    check_references()
    for fault in faults:
        print(fault)
    print(f"{len(names)} files checked, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
