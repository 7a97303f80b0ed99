#!/usr/bin/env python3
"""What a trainer relies on that uses modules/joulefront.py or modules/joulefront.sh, alone and under a worker."""
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import unittest

MODULES = pathlib.Path(__file__).resolve().parent.parent.parent / "modules"

STUDY = """
[study]
name = "module"
[objectives]
error = {{ direction = "minimize" }}
energy = {{ direction = "minimize", phase = "train" }}
[space]
lr = {{ type = "float", low = 0.01, high = 1.0, log = true }}
"model.depth" = {{ type = "int", low = 1, high = 4 }}
word = {{ type = "categorical", choices = ['a "b" \\\\c', "\\u00e9\\u0001"] }}
momentum = {{ type = "float", low = 0.0, high = 0.9, when = {{ "model.depth" = 4 }} }}
[trainer]
command = [{command}]
[budget]
trials = 4
"""


class Case(unittest.TestCase):
    """Trainers in a folder of their own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="joulefront-modules-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def run_trainer(self, text, configuration=None, **environment):
        """The process of the trainer with this text, and the lines that it printed."""
        (self.folder / self.file).write_text(self.head + text)
        surroundings = {k: v for k, v in os.environ.items() if not k.startswith("JOULEFRONT_")}
        surroundings.update(environment)
        if configuration is not None:
            surroundings["JOULEFRONT_CONFIGURATION"] = json.dumps(
                configuration, separators=(",", ":"), ensure_ascii=False)
        return subprocess.run([*self.interpreter, self.file], cwd=self.folder, env=surroundings, text=True,
                              capture_output=True, check=False)

    def messages(self, text, *arguments, **environment):
        done = self.run_trainer(text, *arguments, **environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def run_study(self, text):
        """Trains under a worker; the trials, and the log of the first."""
        (self.folder / self.file).write_text(self.head + text)
        command = ", ".join(json.dumps(word) for word in [*self.interpreter, self.file])
        (self.folder / "study.toml").write_text(STUDY.format(command=command))
        subprocess.run([os.environ["JOULEFRONT"], "run", "study.toml", "-q"], cwd=self.folder, check=True,
                       capture_output=True)
        export = subprocess.run([os.environ["JOULEFRONT"], "export", "module.db", "--format", "json"],
                                cwd=self.folder, check=True, capture_output=True, text=True)
        log = (self.folder / "module.work/module/0.1/trainer.log").read_text()
        return json.loads(export.stdout)["trials"], log

    def check_study(self, trials):
        self.assertEqual([trial["state"] for trial in trials], ["complete"] * 4)
        for trial in trials:
            configuration = trial["configuration"]
            self.assertAlmostEqual(trial["values"]["error"], configuration["lr"] * configuration["model.depth"])
            self.assertEqual(trial["values"]["letters"], len(configuration["word"]))
            self.assertEqual(trial["values"]["momentum"], configuration.get("momentum", -1))
            self.assertEqual(set(trial["energy"]) & {"setup", "data", "train", "total"},
                             {"setup", "data", "train", "total"})


class Python(Case):
    file = "train.py"
    interpreter = [sys.executable]
    head = f"import sys; sys.path.insert(0, {str(MODULES)!r})\nimport joulefront as j\n"

    def test_messages_are_those_of_the_protocol(self):
        self.assertEqual(self.messages("""
j.phase("data")
with j.phase("train"):
    j.report(1, error=0.25, size=7)
    j.progress(2, {'top "1" \\\\ error': 1e-30}, ok=True)
j.anew("damaged")
j.result(error=0.5)
"""), [{"joulefront": "phase", "name": "data"}, {"joulefront": "phase", "name": "train"},
       {"joulefront": "progress", "step": 1, "values": {"error": 0.25, "size": 7}},
       {"joulefront": "progress", "step": 2, "values": {'top "1" \\ error': 1e-30, "ok": 1}},
       {"joulefront": "phase", "name": "data"}, {"joulefront": "anew", "reason": "damaged"},
       {"joulefront": "result", "values": {"error": 0.5}}])

    def test_a_message_comes_behind_what_was_printed_before(self):
        done = self.run_trainer("print('log')\nj.phase('train')\nprint('more')\n")
        self.assertEqual(done.stdout, 'log\n{"joulefront": "phase", "name": "train"}\nmore\n')

    def test_numbers_of_other_libraries_are_numbers_and_texts_are_none(self):
        values = self.messages("""
import decimal, fractions
j.result(a=decimal.Decimal("0.5"), b=fractions.Fraction(1, 4), c=float("nan"), d=-float("inf"))
""")[0]["values"]
        self.assertEqual((values["a"], values["b"], values["d"]), (0.5, 0.25, -math.inf))
        self.assertTrue(math.isnan(values["c"]))
        for bad in ("'x'", "None", "[1]"):
            done = self.run_trainer(f"j.result(error={bad})")
            self.assertIn("which is no number", done.stderr)
            self.assertEqual((done.returncode, done.stdout), (1, ""))

    def test_a_configuration_is_the_study_s_over_the_defaults(self):
        text = "c = j.configuration(lr=0.1, epochs=5)\nj.result(lr=c.lr, epochs=c['epochs'], running=j.running())"
        self.assertEqual(self.messages(text)[0]["values"], {"lr": 0.1, "epochs": 5, "running": 0})
        self.assertEqual(self.messages(text, {"lr": 0.5, "model.depth": 3})[0]["values"],
                         {"lr": 0.5, "epochs": 5, "running": 1})
        named_as_methods = "c = j.configuration(items=3)\nj.result(a=c.values, b=c.items, c=c['copy'])"
        self.assertEqual(self.messages(named_as_methods, {"values": 4, "copy": 2})[0]["values"],
                         {"a": 4, "b": 3, "c": 2})
        done = self.run_trainer("j.configuration(lr=1).width", {"depth": 2})
        self.assertIn("has no parameter 'width'; it has lr, depth", done.stderr)

    def test_what_the_worker_gives_has_values_without_one(self):
        text = "import json; print(json.dumps([j.seed(), j.trial(), j.work_dir(), j.resume_dir()]))"
        self.assertEqual(json.loads(self.run_trainer(text).stdout), [0, None, str(self.folder), None])
        given = self.run_trainer(text, JOULEFRONT_SEED=str(2**52 + 5), JOULEFRONT_TRIAL="3",
                                 JOULEFRONT_WORK_DIR="/w", JOULEFRONT_RESUME_DIR="/r")
        self.assertEqual(json.loads(given.stdout), [5, 3, "/w", "/r"])

    def test_a_phase_waits_until_the_pipe_was_read(self):
        (self.folder / self.file).write_text(
            self.head + "import time; j.phase('train')\nprint(time.monotonic(), flush=True)\n")
        trainer = subprocess.Popen([sys.executable, self.file], cwd=self.folder, stdout=subprocess.PIPE)
        time.sleep(0.02)
        read = {}
        reader = threading.Thread(target=lambda: read.update(line=trainer.stdout.readline(), at=time.monotonic()))
        os.set_blocking(trainer.stdout.fileno(), True)
        reader.start()
        reader.join()
        went_on = float(trainer.stdout.readline())
        trainer.wait()
        trainer.stdout.close()
        self.assertEqual(json.loads(read["line"]), {"joulefront": "phase", "name": "train"})
        self.assertLess(went_on - read["at"], 0.5)

    def test_a_phase_that_nobody_reads_holds_a_trainer_up_for_a_moment_only(self):
        (self.folder / self.file).write_text(
            self.head + "import time; t = time.monotonic(); j.phase('train')\nprint(time.monotonic() - t)\n")
        trainer = subprocess.Popen([sys.executable, self.file], cwd=self.folder, stdout=subprocess.PIPE)
        trainer.wait(timeout=60)
        waited = float(trainer.stdout.read().splitlines()[1])
        trainer.stdout.close()
        self.assertGreater(waited, 0.09)  # 500 looks, 0.2 ms apart

    def test_it_trains_under_a_worker(self):
        trials, log = self.run_study("""
c = j.configuration(momentum=-1)
j.phase("data")
print("seed", j.seed())
with j.phase("train"):
    sum(i * i for i in range(300000))
    j.report(1, error=c.lr)
j.result(error=c.lr * c["model.depth"], letters=len(c.word), momentum=c.momentum)
""")
        self.check_study(trials)
        self.assertIn("seed ", log)

    def test_python_3_7_would_read_it(self):
        import ast
        ast.parse((MODULES / "joulefront.py").read_text(), feature_version=(3, 7))


class Shell(Case):
    file = "train.sh"
    interpreter = ["sh"]
    head = f". {MODULES}/joulefront.sh\n"

    def test_messages_are_those_of_the_protocol(self):
        self.assertEqual(self.messages("""
jf_phase train
jf_report 3 error=0.12 'to"p\\1=.5' w=5. z=007 v=-0.50e-3 q=0 p=+1E5 s=3.e2
jf_result error=-12
"""), [{"joulefront": "phase", "name": "train"},
       {"joulefront": "progress", "step": 3, "values": {"error": 0.12, 'to"p\\1': 0.5, "w": 5, "z": 7, "v": -0.5e-3,
                                                         "q": 0, "p": 1e5, "s": 300}},
       {"joulefront": "result", "values": {"error": -12}}])

    def test_numbers_that_are_none_are_told_and_texts_are_refused(self):
        values = self.messages("jf_result a=nan b=-inf c=Infinity d=NaN\n")[0]["values"]
        self.assertTrue(math.isnan(values["a"]) and math.isnan(values["d"]))
        self.assertEqual((values["b"], values["c"]), (-math.inf, math.inf))
        for bad in ("error=x", "error=", "error", "=3", "error=1,5", "error=0x10", "error=--1"):
            done = self.run_trainer(f"jf_result fine=1 '{bad}'\n")
            self.assertEqual((done.returncode, done.stdout), (2, ""), bad)
            self.assertIn(bad if "=" not in bad or bad[0] == "=" else "no number", done.stderr)
        for bad in ("jf_report x a=1", "jf_report '' a=1", "jf_report -1 a=1", "jf_phase 'a\"b'", "jf_phase ''"):
            self.assertEqual(self.run_trainer(bad).returncode, 2, bad)

    def test_values_are_read_by_name(self):
        configuration = {"lr": 0.031, "text": 'a "lr":7, \\ }', "flag": True, "model.depth": 3, "u": "\u00e9\u0007",
                         "small": 1e-05}
        for name, shown in [("lr", "0.031"), ("text", 'a "lr":7, \\ }'), ("flag", "true"), ("model.depth", "3"),
                            ("u", "\u00e9\u0007"), ("small", "1e-05")]:
            self.assertEqual(self.run_trainer(f"jf_value {name}", configuration).stdout, shown + "\n")
        self.assertEqual(self.run_trainer("jf_value lr 0.5", configuration).stdout, "0.031\n")
        self.assertEqual(self.run_trainer("jf_value none 7", configuration).stdout, "7\n")
        self.assertEqual(self.run_trainer("jf_value lr 0.5").stdout, "0.5\n")
        missing = self.run_trainer("jf_value depth", configuration)
        self.assertEqual((missing.returncode, missing.stderr),
                         (1, 'jf_value: there is no parameter "depth"\n'))

    def test_it_trains_under_a_worker(self):
        trials, log = self.run_study("""
set -e
jf_phase data
word=$(jf_value word)
jf_phase train
i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done
jf_report 1 error=0.5
printf 'word %s\\n' "$word"
letters=$(python3 -c 'import sys; print(len(sys.argv[1]))' "$word")
error=$(python3 -c 'import sys; print(float(sys.argv[1]) * int(sys.argv[2]))' "$(jf_value lr)" "$(jf_value model.depth)")
jf_result error="$error" letters="$letters" momentum="$(jf_value momentum -1)"
""")
        self.check_study(trials)
        self.assertIn("word ", log)


if __name__ == "__main__":
    unittest.main()
