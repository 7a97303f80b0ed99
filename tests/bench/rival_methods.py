"""The searches that rivals.py compares, each as a class with ask() -> configuration and
tell(values), which a run calls in turn.

`describe()` gives the name with the version; it raises Missing where the method cannot run here.
`cpu_seconds()` is the CPU time of the search so far where that is not spent in this process.
Those that need one vector for all configurations (pymoo, BoTorch, optuna-gp-flat) get a key for
every parameter, and inactive ones are ignored.
"""

import hashlib
import importlib
import importlib.metadata
import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import time
import warnings

START = 10  # initial points of the model-based rivals
POPULATION = 20
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                                     "NUMEXPR_NUM_THREADS")}


class Missing(Exception):
    """Why a method cannot run here."""


def _version(package):
    try:
        importlib.import_module(package)
    except Exception as error:  # whatever the import of a foreign package raises
        raise Missing(f"{package} cannot be imported: {error}") from error
    return f"{package} {importlib.metadata.version(package)}"


class Random:
    def __init__(self, problem, seed, _options):
        self._problem, self._draw = problem, random.Random(seed)

    @staticmethod
    def describe(_options):
        return "random search"

    def ask(self):
        return self._problem.decode([self._draw.random() for _ in self._problem.space])

    def tell(self, values):
        pass


class Pymoo:
    """NSGA-II on keys, with the operators that pymoo takes by default."""

    def __init__(self, problem, seed, options):
        import numpy
        from pymoo.algorithms.moo.nsga2 import NSGA2
        from pymoo.core.problem import Problem
        from pymoo.problems.static import StaticProblem
        self._numpy, self._static, self._problem = numpy, StaticProblem, problem
        self._algorithm = NSGA2(pop_size=POPULATION)
        self._algorithm.setup(Problem(n_var=len(problem.space), n_obj=2, xl=0.0, xu=1.0), seed=seed,
                              termination=("n_eval", 10 * options.evals), verbose=False)
        self._waiting, self._offspring, self._values = [], None, []

    @staticmethod
    def describe(_options):
        return f"{_version('pymoo')} NSGA-II, population {POPULATION}"

    def ask(self):
        if not self._waiting:
            self._offspring, self._values = self._algorithm.ask(), []
            self._waiting = list(self._offspring.get("X"))
        return self._problem.decode(self._waiting.pop(0))

    def tell(self, values):
        self._values.append(values)
        if not self._waiting:
            static = self._static(self._algorithm.problem, F=self._numpy.array(self._values))
            self._algorithm.evaluator.eval(static, self._offspring)
            self._algorithm.tell(infills=self._offspring)


class Optuna:
    """`flat`: every parameter is asked for in every trial, as a space without conditions."""
    flat = False

    def __init__(self, problem, seed, _options):
        import optuna
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._problem = problem
        self._study = optuna.create_study(directions=["minimize", "minimize"],
                                          sampler=self.sampler(optuna.samplers, seed))
        self._trial = None

    def ask(self):
        self._trial, chosen = self._study.ask(), {}
        for p in self._problem.space:
            active = p.active(chosen)
            if not active and not self.flat:
                continue
            if p.kind == "categorical":
                value = self._trial.suggest_categorical(p.name, p.choices)
            elif p.kind == "int":
                value = self._trial.suggest_int(p.name, p.low, p.high, log=p.log)
            else:
                value = self._trial.suggest_float(p.name, p.low, p.high, log=p.log)
            if active:
                chosen[p.name] = value
        return chosen

    def tell(self, values):
        self._study.tell(self._trial, list(values))


class OptunaNsga2(Optuna):
    @staticmethod
    def describe(_options):
        return f"{_version('optuna')} NSGA-II, population {POPULATION}"

    @staticmethod
    def sampler(samplers, seed):
        return samplers.NSGAIISampler(population_size=POPULATION, seed=seed)


class OptunaTpe(Optuna):
    @staticmethod
    def describe(_options):
        return f"{_version('optuna')} TPE"

    @staticmethod
    def sampler(samplers, seed):
        return samplers.TPESampler(n_startup_trials=START, seed=seed)


class OptunaGp(Optuna):
    @staticmethod
    def describe(_options):
        _version("torch")
        _version("scipy")
        return f"{_version('optuna')} GPSampler"

    def __init__(self, problem, seed, options):
        import torch
        torch.set_num_threads(1)
        super().__init__(problem, seed, options)

    @staticmethod
    def sampler(samplers, seed):
        return samplers.GPSampler(n_startup_trials=START, seed=seed)


class OptunaGpFlat(OptunaGp):
    flat = True

    @staticmethod
    def describe(options):
        return OptunaGp.describe(options) + ", flat space"


class Botorch:
    """qLogNEHVI as its tutorials do it: a Gaussian process per objective, Sobol start, 10 restarts
    from 512 points; for mixed spaces the mixed kernel and alternating optimisation. The reference
    point is inferred from what is known, in BoTorch's own way."""
    RESTARTS, CANDIDATES = 10, 512

    def __init__(self, problem, seed, _options):
        import torch
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        warnings.filterwarnings("ignore")
        self._torch, self._problem = torch, problem
        self._start = torch.quasirandom.SobolEngine(len(problem.space), scramble=True, seed=seed)
        self._points, self._values = [], []
        self._categorical = {i: [p.key(choice) for choice in p.choices]
                             for i, p in enumerate(problem.space) if p.kind == "categorical"}
        # Ints with more levels are searched as if continuous, and snapped afterwards.
        self._levels = {i: [p.key(value) for value in range(p.low, p.high + 1)]
                        for i, p in enumerate(problem.space) if p.kind == "int" and p.high - p.low < 20}

    @staticmethod
    def describe(_options):
        return f"{_version('botorch')} qLogNEHVI, inferred reference"

    def ask(self):
        if len(self._points) < START:
            keys = self._start.draw(1, dtype=self._torch.double)[0].tolist()
        else:
            keys = self._propose()
        chosen = self._problem.decode(keys)
        self._points.append([p.key(chosen[p.name]) if p.name in chosen else key
                             for p, key in zip(self._problem.space, keys)])
        return chosen

    def tell(self, values):
        self._values.append([-value for value in values])  # BoTorch maximises

    def _reference(self, values):
        from botorch.utils.multi_objective.hypervolume import infer_reference_point
        from botorch.utils.multi_objective.pareto import is_non_dominated
        return infer_reference_point(values[is_non_dominated(values)])

    def _propose(self):
        from botorch.acquisition.multi_objective.logei import qLogNoisyExpectedHypervolumeImprovement
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import MixedSingleTaskGP, SingleTaskGP
        from botorch.optim import optimize_acqf, optimize_acqf_mixed_alternating
        from gpytorch.mlls import ExactMarginalLogLikelihood
        double = {"dtype": self._torch.double}
        points, values = self._torch.tensor(self._points, **double), self._torch.tensor(self._values, **double)
        if self._categorical:
            model = MixedSingleTaskGP(points, values, cat_dims=list(self._categorical))
        else:
            model = SingleTaskGP(points, values)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        acquisition = qLogNoisyExpectedHypervolumeImprovement(
            model, self._reference(values), points, prune_baseline=True)
        effort = {"q": 1, "num_restarts": self.RESTARTS, "raw_samples": self.CANDIDATES}
        steps = {**self._levels, **self._categorical}
        ranges = [(steps[i][0], steps[i][-1]) if i in steps else (0.0, 1.0) for i in range(len(self._problem.space))]
        bounds = self._torch.tensor(ranges, **double).T
        if steps:
            found, _ = optimize_acqf_mixed_alternating(acquisition, bounds, discrete_dims=self._levels,
                                                       cat_dims=self._categorical, **effort)
        else:
            found, _ = optimize_acqf(acquisition, bounds, **effort)
        return found[0].tolist()


class BotorchGiven(Botorch):
    """The reference point is the problem's loose one, which is more than a user knows."""

    @staticmethod
    def describe(options):
        return Botorch.describe(options).replace("inferred reference", "GIVEN a reference")

    def _reference(self, values):
        return self._torch.tensor([-r for r in self._problem.loose], dtype=values.dtype)


class Joulefront:
    """The program itself, over its ask-tell session, with its own start."""

    def __init__(self, problem, seed, options):
        self._folder = tempfile.TemporaryDirectory()
        study = pathlib.Path(self._folder.name) / "study.toml"
        study.write_text(self._study(problem, seed, options.sampler))
        self._child = subprocess.Popen([options.joulefront, "ask-tell", study], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                       env={**os.environ, **ONE_THREAD})
        self._number = None

    @staticmethod
    def describe(options):
        program = shutil.which(options.joulefront)
        if program is None:
            raise Missing(f"there is no program {options.joulefront}; name one with --joulefront")
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        build = hashlib.sha256(pathlib.Path(program).read_bytes()).hexdigest()[:8]
        return f"{version} ({build}), sampler {options.sampler}"

    @staticmethod
    def _study(problem, seed, sampler):
        def toml(value):
            if isinstance(value, dict):
                return "{ " + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + " }"
            return json.dumps(value)

        lines = ["[study]", f'name = "{problem.name}"', f"seed = {seed}", "[objectives]",
                 'f1 = { direction = "minimize" }', 'f2 = { direction = "minimize" }',
                 "[search]", f'sampler = "{sampler}"', "[space]"]
        for p in problem.space:
            keys = {"type": p.kind}
            if p.kind == "categorical":
                keys["choices"] = list(p.choices)
            else:
                keys.update(low=p.low, high=p.high)
                if p.log:
                    keys["log"] = True
            if p.when:
                keys["when"] = p.when
            lines.append(f"{p.name} = {toml(keys)}")
        return "\n".join(lines) + "\n"

    def _say(self, request):
        try:
            self._child.stdin.write(json.dumps(request) + "\n")
            self._child.stdin.flush()
            line = self._child.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise RuntimeError("joulefront ended: " + self._child.stderr.read().strip())
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def ask(self):
        trial = self._say({"ask": 1})["trials"][0]
        self._number = trial["number"]
        return trial["configuration"]

    def tell(self, values):
        self._say({"tell": self._number, "values": {"f1": values[0], "f2": values[1]}})

    def cpu_seconds(self):
        """Of the child since its start: its process CPU clock, whose number Linux makes of the
        process's (clock_getcpuclockid)."""
        return time.clock_gettime((~self._child.pid << 3) | 2)

    def close(self):
        """The CPU seconds of the child's whole life."""
        self._child.stdin.close()
        _, _, usage = os.wait4(self._child.pid, 0)
        self._child.returncode = 0
        for pipe in (self._child.stdout, self._child.stderr):
            pipe.close()
        self._folder.cleanup()
        return usage.ru_utime + usage.ru_stime


# The cheapest first: in this order they are run.
METHODS = {
    "random": Random,
    "pymoo-nsga2": Pymoo,
    "optuna-nsga2": OptunaNsga2,
    "optuna-tpe": OptunaTpe,
    "joulefront": Joulefront,
    "optuna-gp": OptunaGp,
    "optuna-gp-flat": OptunaGpFlat,
    "botorch": Botorch,
    "botorch-given": BotorchGiven,
}
# A problem without conditions is flat as it is.
ONLY_CONDITIONAL = {"optuna-gp-flat"}
