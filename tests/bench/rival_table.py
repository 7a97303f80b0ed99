"""The results of rivals.py as Markdown: quartiles, statistics, losses, and everything that was cut
off, failed or left out. A run is a dictionary as rivals.py writes it to its JSON file."""

import itertools
import statistics

from problems import PROBLEMS
from rival_methods import METHODS

BUDGETS = (50, 100, 200)
OURS = "joulefront"
LEVEL = 0.05


def shares(run):
    """Budget -> share of the true hypervolume, for the budgets that the run reached."""
    problem = PROBLEMS[run["problem"]]
    return {b: problem.share(run["values"][:b]) for b in BUDGETS if len(run["values"]) >= b}


def quartiles(values):
    if len(values) == 1:
        return f"{values[0]:.3f}"
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.3f} [{low:.3f}, {high:.3f}]"


def effect(ours, theirs):
    """Vargha and Delaney's A: how often one of ours is above one of theirs, ties counted half."""
    wins = sum((a > b) + 0.5 * (a == b) for a, b in itertools.product(ours, theirs))
    return wins / (len(ours) * len(theirs))


def mann_whitney(ours, theirs):
    """Two-sided p; None without SciPy."""
    try:
        from scipy.stats import mannwhitneyu
    except ImportError:
        return None
    if len(set(ours) | set(theirs)) == 1:
        return 1.0
    return float(mannwhitneyu(ours, theirs, alternative="two-sided").pvalue)


def holm(p_values):
    """Holm's step-down correction: name -> p."""
    corrected, highest = {}, 0.0
    for rank, (name, p) in enumerate(sorted(p_values.items(), key=lambda item: item[1])):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p))
        corrected[name] = highest
    return corrected


class Results:
    """The runs, by problem and method."""

    def __init__(self, runs):
        self.runs = sorted(runs, key=lambda r: r["seed"])
        self.methods = [m for m in METHODS if any(r["method"] == m for r in runs)]
        self.problems = [p for p in PROBLEMS if any(r["problem"] == p for r in runs)]
        self._shares = {(r["problem"], r["method"], r["seed"]): shares(r) for r in runs}

    def of(self, problem, method):
        return [r for r in self.runs if r["problem"] == problem and r["method"] == method]

    def label(self, method, problems=None):
        """With its version; with several where the runs (of these problems) differ in it."""
        return " and ".join(sorted({r["description"] for r in self.runs if r["method"] == method
                                    and r["problem"] in (problems or self.problems)}))

    def at(self, problem, method, budget):
        reached = [self._shares[problem, method, r["seed"]] for r in self.of(problem, method)]
        return [s[budget] for s in reached if budget in s]


def write_rows(results):
    budgets = " | ".join(f"@{b}" for b in BUDGETS)
    lines = [f"| problem | method | runs | {budgets} | CPU s per proposal {' / '.join(f'@{b}' for b in BUDGETS)} |",
             "| --- " * (4 + len(BUDGETS)) + "|"]
    for problem, method in itertools.product(results.problems, results.methods):
        runs = results.of(problem, method)
        if not runs:
            continue
        cells, cpu = [], []
        for b in BUDGETS:
            wanted = sum(r["evals"] >= b for r in runs)
            found = results.at(problem, method, b)
            cell = quartiles(found) if found else "-"
            if len(found) < wanted:
                cell += f" ({len(found)} of {wanted} runs got there)"
            elif found and len(found) < len(runs):
                cell += f" (n = {len(found)})"
            cells.append(cell)
            seconds = [r["cpu"][b - 1] / b for r in runs if len(r["cpu"]) >= b]
            cpu.append(show_seconds(statistics.median(seconds)) if seconds else "-")
        label = results.label(method, [problem])
        lines.append(f"| {problem} | {label} | {len(runs)} | {' | '.join(cells)} | {' / '.join(cpu)} |")
    return lines


def compare(results, rival):
    """(problem, budget) -> A, p after Holm over the problems at that budget (None without SciPy),
    our median, theirs, the numbers of runs."""
    compared = {}
    for b in BUDGETS:
        pairs = {p: (results.at(p, OURS, b), results.at(p, rival, b)) for p in results.problems}
        pairs = {p: pair for p, pair in pairs.items() if pair[0] and pair[1]}
        raw = {p: mann_whitney(*pair) for p, pair in pairs.items()}
        corrected = raw if None in raw.values() else holm(raw)
        for p, (ours, theirs) in pairs.items():
            compared[p, b] = (effect(ours, theirs), corrected[p], statistics.median(ours),
                              statistics.median(theirs), (len(ours), len(theirs)))
    return compared


def show_seconds(seconds):
    return f"{seconds:.4f}" if seconds >= 1e-4 else "< 0.0001"


def show_p(p):
    return "p unknown" if p is None else "p < 0.001" if p < 0.001 else f"p {p:.3f}"


def write_statistics(results):
    """The table against each rival, then the losses."""
    lines = ["", "## joulefront against each rival", "",
             "A: the chance that a run of joulefront has the higher hypervolume (Vargha-Delaney, ties half; 0.5 is no "
             "difference). p: Mann-Whitney, two-sided, after Holm's correction over the problems for each rival and "
             "budget. n: runs of joulefront and of the rival; with few runs p cannot be small.", "",
             "| rival | problem | " + " | ".join(f"@{b}" for b in BUDGETS) + " |", "| --- " * (2 + len(BUDGETS)) + "|"]
    losses = []
    for rival in results.methods:
        compared = {} if rival == OURS else compare(results, rival)
        for problem in results.problems:
            cells = []
            for b in BUDGETS:
                if (problem, b) not in compared:
                    cells.append("-")
                    continue
                a, p, ours, theirs, n = compared[problem, b]
                cells.append(f"A {a:.2f}, {show_p(p)} (n {n[0]}, {n[1]})")
                if a < 0.5 or ours < theirs:
                    sure = "significant" if p is not None and p < LEVEL else "not significant"
                    losses.append(f"- {problem} @{b}, {results.label(rival)}: {ours:.3f} against {theirs:.3f}, "
                                  f"A {a:.2f}, {show_p(p)}, {sure}")
            if any(cell != "-" for cell in cells):
                lines.append(f"| {results.label(rival)} | {problem} | {' | '.join(cells)} |")
    lines += ["", "## Losses of joulefront", "",
              "Every median below a rival's, and every A below 0.5, significant or not.", ""]
    return lines + (losses or ["None." if "| A" in "".join(lines) else "Nothing was compared."])


def write_shortfalls(results, left_out):
    lines = [f"- {method}: not run now: {why}" for method, why in left_out.items()]
    for r in results.runs:
        name = f"{r['problem']}, {r['description']}, seed {r['seed']}"
        if r["end"] == "cut":
            lines.append(f"- {name}: cut off after {len(r['values'])} of {r['evals']} evaluations, at "
                         f"{r['cpu'][-1]:.1f} CPU seconds (--budget-seconds {r['budget_seconds']:g})")
        if r["end"] == "failed":
            lines.append(f"- {name}: FAILED after {len(r['values'])} of {r['evals']} evaluations: {r['message']}")
    return ["", "## Cut off, failed, not run", ""] + (lines or ["Nothing."])


PREFACE = """\
Share of the true front's hypervolume (strict reference points) that all evaluated points reach after so many evaluations:
median [quartiles] over seeds 0, 1, 2, ...; noise-free values, also where noise (m1-noisy: standard deviation {noise} on both
objectives) is told. Every method is asked for one configuration at a time, on one thread; the model-based rivals begin
with {start} points of their own, joulefront with its default start. CPU s per proposal: CPU time of asking and
telling over the number of proposals so far, median over the runs; imports are not counted, joulefront's whole child process is.
pymoo and BoTorch search one key in [0, 1] for each parameter, decoded as joulefront's are.
"""


def write(runs, left_out):
    """The whole report."""
    from rival_methods import START
    results = Results(runs)
    lines = ["# joulefront beside its rivals", "",
             PREFACE.format(noise=PROBLEMS["m1-noisy"].noise, start=START),
             "Measured on: " + "; ".join(sorted({r["machine"] for r in runs})) + ".", ""]
    lines += write_rows(results)
    if OURS in results.methods and len(results.methods) > 1:
        lines += write_statistics(results)
    lines += write_shortfalls(results, left_out)
    return "\n".join(lines)
