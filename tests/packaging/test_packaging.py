#!/usr/bin/env python3
"""What somebody relies on who installs joulefront: test_packaging.py BUILD_FOLDER [CLASS]."""
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
JOULEFRONT = BUILD / "bin/joulefront"
SKIPPED = 77  # to ctest
COMPLETIONS = SOURCE / "packaging/completions"

TABLE_STUDY = """
[study]
name = "answers"
[objectives]
error = { direction = "minimize" }
energy = { direction = "minimize", phase = "total" }
[space]
width = { type = "ordinal", choices = [1, 2, 4] }
[trainer]
command = ["joulefront-train", "table", "--file", "answers.csv", "--value", "error=error"]
[budget]
trials = 3
"""


def output(*command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True,
                          **options).stdout


def verbs():
    return [line.split("\t")[0] for line in output(JOULEFRONT, "--complete", "").splitlines()]


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="joulefront-packaging-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def need(self, program):
        if shutil.which(program) is None:
            self.skip(f"{program} is not installed")

    def skip(self, why):
        print(f"SKIPPED: {why}, so that {self.id()} checks nothing", flush=True)
        self.skipTest(why)


class Completion(Case):
    def bash(self, *words):
        """What bash offers for the last word, in a folder that holds a.db and b.toml."""
        for name in ("a.db", "b.toml"):
            (self.folder / name).touch()
        return output("bash", SOURCE / "tests/packaging/complete.bash", COMPLETIONS / "joulefront.bash", JOULEFRONT,
                      *words, cwd=self.folder).split()

    def test_bash_offers_verbs_flags_choices_and_files(self):
        self.assertEqual(self.bash(""), sorted(verbs()))
        self.assertEqual(self.bash("fr"), ["front"])
        self.assertEqual(self.bash("front", "--fo"), ["--format"])
        self.assertEqual(self.bash("front", "--format", ""), ["csv", "json", "table"])
        self.assertEqual(self.bash("front", "--format", "=", "j"), ["json"])  # as bash cuts --format=j
        self.assertEqual(self.bash("front", "--format", "="), ["csv", "json", "table"])
        self.assertEqual(self.bash("meters", "--format", "c"), ["csv"])
        self.assertEqual(self.bash("export", "--format", "s"), ["sqlite", "svg"])
        self.assertEqual(self.bash("run", "--launch", "s"), ["slurm"])
        self.assertEqual(self.bash("front", ""), ["a.db", "b.toml"])
        self.assertEqual(self.bash("front", "a"), ["a.db"])
        self.assertEqual(self.bash("export", "--output", "b"), ["b.toml"])
        self.assertEqual(self.bash("nonsense", "x"), [])

    def test_bash_completes_a_command_after_dashes_as_if_it_stood_alone(self):
        self.assertIn("cat", self.bash("measure", "--gpu", "0", "--", "ca"))
        self.assertEqual(self.bash("init", "--", "cat", "a"), ["a.db"])

    def test_every_flag_of_every_verb_is_offered(self):
        for verb in verbs():
            known = re.findall(r"^  (?:-. \[ )?(--[a-z-]+)", output(JOULEFRONT, verb, "--help"), re.M)
            self.assertEqual(self.bash(verb, "--"), sorted(known), verb)
            self.assertIn("--help", known)

    def test_zsh_reads_its_script(self):
        self.need("zsh")
        output("zsh", "-n", COMPLETIONS / "_joulefront")

    def test_fish_offers_the_same(self):
        self.need("fish")
        environment = dict(os.environ, PATH=f"{BUILD / 'bin'}:{os.environ['PATH']}", HOME=str(self.folder))
        def fish(line):
            script = f"source {COMPLETIONS / 'joulefront.fish'}; complete -C '{line}'"
            found = output("fish", "--no-config", "-c", script, env=environment, cwd=self.folder)
            return [one.split("\t")[0] for one in found.splitlines()]
        (self.folder / "a.db").touch()
        self.assertEqual(fish("joulefront fr"), ["front"])
        self.assertEqual(fish("joulefront front --format "), ["csv", "json", "table"])
        self.assertEqual(fish("joulefront front a"), ["a.db"])


class Manuals(Case):
    def pages(self):
        """Their text by name, joulefront-train's among them."""
        return {path.name[:-len(".1.gz")]: gzip.open(path, "rt").read()
                for path in (BUILD / "manuals").glob("*/man1/*.1.gz")}

    def test_there_is_a_page_for_every_verb_with_every_flag(self):
        pages = self.pages()
        self.assertEqual(set(pages), {"joulefront", "joulefront-train"} | {f"joulefront-{verb}" for verb in verbs()})
        self.assertIn("\n.SH \"FAMILY TABLE\"\n", pages["joulefront-train"])
        for verb in verbs():
            page = pages[f"joulefront-{verb}"].replace("\\-", "-")
            for line in output(JOULEFRONT, "--complete", verb, "--").splitlines():
                flag, text = line.split("\t")
                self.assertIn(f"\\fB{flag}\\fR", page)
                self.assertIn(text, page.replace("\\e", "\\"))
            self.assertIn(f"joulefront {verb}", page)
            self.assertIn(f".BR joulefront-{verb} (1)", pages["joulefront"].replace("\\-", "-"))

    def test_man_has_nothing_to_remark(self):
        self.need("man")
        for name, page in self.pages().items():
            (self.folder / "page.1").write_text(page)
            shown = subprocess.run(["man", "-l", "--warnings", "page.1"], cwd=self.folder, check=True, text=True,
                                   capture_output=True, env=dict(os.environ, MANWIDTH="80", LC_ALL="C.UTF-8"))
            self.assertEqual(shown.stderr, "", name)

    def test_mandoc_has_nothing_to_remark(self):
        self.need("mandoc")
        for name, page in self.pages().items():
            (self.folder / "page.1").write_text(page)
            lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", "page.1"], cwd=self.folder, text=True,
                                  capture_output=True, check=False)
            self.assertEqual((lint.returncode, lint.stdout), (0, ""), name)


class Install(Case):
    def test_a_study_runs_from_the_folder_that_it_was_installed_in(self):
        prefix = self.folder / "somewhere else"
        for component in ("joulefront", "joulefront-train"):
            output("cmake", "--install", BUILD, "--prefix", prefix, "--component", component)
        study = self.folder / "study"
        study.mkdir()
        (study / "answers.toml").write_text(TABLE_STUDY)
        (study / "answers.csv").write_text("width,error\n1,0.5\n2,0.25\n4,0.125\n")
        environment = {"PATH": f"{prefix}/bin:/usr/bin:/bin"}
        output("joulefront", "run", "answers.toml", "-q", cwd=study, env=environment)
        trials = json.loads(output("joulefront", "export", "answers.db", "--format", "json", cwd=study,
                                   env=environment))["trials"]
        self.assertEqual([trial["state"] for trial in trials], ["complete"] * 3)
        self.assertEqual({trial["values"]["error"] for trial in trials}, {0.5, 0.25, 0.125})
        (study / "train.py").write_text("import joulefront\njoulefront.result(error=1)\n")
        done = output(sys.executable, "train.py", cwd=study,
                      env=dict(environment, PYTHONPATH=f"{prefix}/share/joulefront"))
        self.assertEqual(json.loads(done)["values"], {"error": 1})
        for name in ("share/man/man1/joulefront-run.1.gz", "share/bash-completion/completions/joulefront",
                     "share/zsh/site-functions/_joulefront", "share/fish/vendor_completions.d/joulefront.fish",
                     "share/joulefront/joulefront.sh", "share/doc/joulefront/docs/study_file.md"):
            self.assertTrue((prefix / name).is_file(), name)

    def test_a_staged_installation_writes_nowhere_else(self):
        stage = self.folder / "stage"
        for component in ("joulefront", "joulefront-train"):
            output("cmake", "--install", BUILD, "--prefix", "/opt/joulefront", "--component", component,
                   env=dict(os.environ, DESTDIR=str(stage)))
        link = stage / "opt/joulefront/bin/joulefront-train"
        self.assertFalse(os.readlink(link).startswith("/"))
        self.assertTrue(link.resolve().is_file())
        self.assertEqual([path.name for path in stage.iterdir()], ["opt"])

    def test_a_trainer_that_is_a_link_is_preloaded_from_where_it_leads(self):
        library = BUILD / "bin/joulefront-train.so"
        if not library.exists():
            self.skip(f"{library.name} was not built")
        prefix = self.folder / "prefix"
        for component in ("joulefront", "joulefront-train"):
            output("cmake", "--install", BUILD, "--prefix", prefix, "--component", component)
        (self.folder / "answers.toml").write_text(TABLE_STUDY.replace("[budget]", "preload = true\n[budget]"))
        (self.folder / "answers.csv").write_text("width,error\n1,0.5\n2,0.25\n4,0.125\n")
        output(prefix / "bin/joulefront", "run", "answers.toml", "-q", cwd=self.folder)
        trials = json.loads(output(prefix / "bin/joulefront", "export", "answers.db", "--format", "json",
                                   cwd=self.folder))["trials"]
        self.assertEqual([trial["state"] for trial in trials], ["complete"] * 3)


class Debian(Case):
    def test_lintian_finds_no_error_in_the_packages(self):
        for program in ("dpkg-deb", "dpkg-shlibdeps", "lintian"):
            self.need(program)
        output("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", self.folder, cwd=self.folder)
        packages = sorted(self.folder.glob("*.deb"))
        self.assertIn("joulefront_", packages[-1].name + packages[0].name)
        for package in packages:
            self.assertIn("libc6", output("dpkg-deb", "--field", package, "Depends"))
        # As root, whose files they are anyway; tags of severity error fail.
        lint = subprocess.run(["lintian", "--allow-root", "--fail-on", "error", *map(str, packages)], text=True,
                              capture_output=True, check=False)
        self.assertEqual(lint.returncode, 0, lint.stdout + lint.stderr)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    sys.exit(1 if not result.wasSuccessful() else SKIPPED if result.skipped else 0)
