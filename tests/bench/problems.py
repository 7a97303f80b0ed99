"""The problems of the search benchmark, as search_problems.h has them in C++: ZDT and DTLZ2
(continuous), M1 (mixed) and M2 (conditional), two objectives to minimise. Needs nothing installed.

  python3 problems.py      checks the formulas against known values and prints the problems
"""

import dataclasses
import math
import random
from typing import Any, Callable

NOISE = 0.02  # standard deviation, both objectives of m1-noisy


@dataclasses.dataclass(frozen=True)
class Parameter:
    """`kind` is float, int or categorical. `when` is what a study file says: a parameter's name ->
    the value it must hold or {"min": lowest}."""
    name: str
    kind: str
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    choices: tuple = ()
    when: dict[str, Any] = dataclasses.field(default_factory=dict)

    def active(self, chosen: dict[str, Any]) -> bool:
        """Whether it is, given the parameters before it."""
        for name, needed in self.when.items():
            if name not in chosen:
                return False
            value = chosen[name]
            holds = value >= needed["min"] if isinstance(needed, dict) else value == needed
            if not holds:
                return False
        return True

    def value(self, key: float) -> Any:
        """The value at a key in [0, 1]; the values of an int or a categorical get equal shares (of
        the logarithm, with `log`)."""
        if self.kind == "categorical":
            return self.choices[min(int(key * len(self.choices)), len(self.choices) - 1)]
        half = 0.5 if self.kind == "int" else 0.0
        low, high = self.low - half, self.high + half
        if self.log:
            value = math.exp(math.log(low) + key * math.log(high / low))
        else:
            value = low + key * (high - low)
        if self.kind == "int":
            value = round(value)
        return min(max(value, self.low), self.high)

    def key(self, value: Any) -> float:
        """The key in the middle of those that give the value."""
        if self.kind == "categorical":
            return (self.choices.index(value) + 0.5) / len(self.choices)
        half = 0.5 if self.kind == "int" else 0.0
        low, high = self.low - half, self.high + half
        if self.log:
            return math.log(value / low) / math.log(high / low)
        return (value - low) / (high - low)


@dataclasses.dataclass(frozen=True)
class Problem:
    """`evaluate` has no noise. The hypervolume of the true front is to the strict `reference`;
    `loose` is a point that every configuration should beat."""
    name: str
    space: tuple[Parameter, ...]
    evaluate: Callable[[dict[str, Any]], tuple[float, float]]
    reference: tuple[float, float]
    loose: tuple[float, float]
    true_hypervolume: float
    noise: float = 0.0

    def conditional(self) -> bool:
        return any(p.when for p in self.space)

    def decode(self, keys) -> dict[str, Any]:
        """Keys in [0, 1], one a parameter; those of inactive parameters are ignored."""
        chosen: dict[str, Any] = {}
        for parameter, key in zip(self.space, keys):
            if parameter.active(chosen):
                chosen[parameter.name] = parameter.value(key)
        return chosen

    def share(self, points) -> float:
        """The hypervolume of the points over that of the true front."""
        return hypervolume(points, self.reference) / self.true_hypervolume


def hypervolume(points, reference) -> float:
    """The area that points (f1, f2) dominate, up to the reference."""
    volume, lowest = 0.0, reference[1]
    for a, b in sorted(points):
        if a < reference[0] and b < lowest:
            volume += (reference[0] - a) * (lowest - b)
            lowest = b
    return volume


def _box(count):
    return tuple(Parameter(f"x{i}", "float") for i in range(count))


def _zdt(shape):
    def evaluate(c):
        x = list(c.values())
        g = 1.0 + 9.0 * sum(x[1:]) / (len(x) - 1)
        return x[0], g * shape(x[0], g)
    return evaluate


def _dtlz2(c):
    x = list(c.values())
    radius = 1.0 + sum((v - 0.5) ** 2 for v in x[1:])
    return radius * math.cos(x[0] * math.pi / 2), radius * math.sin(x[0] * math.pi / 2)


def _bump(z):
    return 1.0 - math.exp(-0.5 * z * z)


_M1_SPACE = (
    Parameter("lr", "float", 1e-5, 1.0, log=True),
    Parameter("wd", "float", 1e-6, 1e-1, log=True),
    Parameter("drop", "float", 0.0, 0.6),
    Parameter("layers", "int", 1, 5),
    Parameter("width", "int", 16, 1024, log=True),
    Parameter("bpow", "int", 4, 9),
    Parameter("act", "categorical", choices=("relu", "tanh", "gelu", "silu")),
    Parameter("opt", "categorical", choices=("sgd", "adam", "rmsprop")),
)
# What an activation and an optimizer add to the error, and what they multiply joules by.
_ACTIVATIONS = {"relu": (0.02, 1.0), "tanh": (0.03, 1.1), "gelu": (0.0, 1.25), "silu": (0.005, 1.15)}
_OPTIMIZERS = {"sgd": (0.01, 1.0), "adam": (0.0, 1.2), "rmsprop": (0.005, 1.1)}
_BEST_RATES = {"sgd": -1.0, "adam": -3.0, "rmsprop": -3.3}  # log10


def _m1(c):
    weights = 74.0 * c["width"] + (c["layers"] - 1.0) * c["width"] ** 2
    size = math.log10(weights)
    act_error, act_joules = _ACTIVATIONS[c["act"]]
    opt_error, opt_joules = _OPTIMIZERS[c["opt"]]
    rate = _BEST_RATES[c["opt"]] + 0.5 * (c["bpow"] - 6) * math.log10(2) - 0.2 * (math.log10(c["width"]) - 2)
    error = (0.03 + 0.35 * math.exp(-1.1 * (size - 3)) + 0.01 * (c["layers"] - 3) ** 2 + 0.004 * (c["bpow"] - 4)
             + act_error + opt_error
             + 0.4 * _bump(math.log10(c["lr"]) - rate)
             + 0.05 * _bump(math.log10(c["wd"]) - (-4 + 0.5 * (size - 5)))
             + 0.3 * (c["drop"] - min(max(0.1 * (size - 3.5), 0.0), 0.6)) ** 2)
    batch = 2.0 ** c["bpow"]
    joules = 600.0 / batch * opt_joules + 3.6e-3 * weights * act_joules * (1 + 32 / batch)
    return error, math.log10(joules)


def _m2_space():
    linear, forest, mlp, conv = ({"arch": arch} for arch in ("linear", "forest", "mlp", "conv"))
    layers = tuple(Parameter(f"w{i}", "int", 8, 512, log=True, when={**mlp, "layers": {"min": i}})
                   for i in range(1, 5))
    return (
        Parameter("arch", "categorical", choices=("linear", "forest", "mlp", "conv")),
        Parameter("sub", "float", 0.1, 1.0),
        Parameter("reg", "float", 1e-6, 1e2, log=True, when=linear),
        Parameter("trees", "int", 8, 2048, log=True, when=forest),
        Parameter("depth", "int", 2, 16, when=forest),
        Parameter("feat", "float", 0.1, 1.0, when=forest),
        Parameter("layers", "int", 1, 4, when=mlp),
        *layers,
        Parameter("mlp_lr", "float", 1e-5, 1e-1, log=True, when=mlp),
        Parameter("mlp_drop", "float", 0.0, 0.5, when=mlp),
        Parameter("blocks", "int", 1, 4, when=conv),
        Parameter("ch", "int", 4, 128, log=True, when=conv),
        Parameter("kern", "categorical", choices=(3, 5, 7), when=conv),
        Parameter("pool", "categorical", choices=("max", "avg"), when=conv),
        Parameter("conv_lr", "float", 1e-5, 1e-1, log=True, when=conv),
    )


def _m2_mlp(c):
    widths = [c[f"w{i}"] for i in range(1, c["layers"] + 1)]
    steps = list(zip(widths, widths[1:]))
    weights = 64 * widths[0] + sum(a * b for a, b in steps) + 10 * widths[-1]
    size = math.log10(weights)
    error = (0.07 + 0.3 * math.exp(-(size - 2.7)) + 0.008 * (len(widths) - 3) ** 2
             + 0.006 * sum((math.log2(a / b) - 1) ** 2 for a, b in steps)
             + 0.25 * _bump(math.log10(c["mlp_lr"]) + 2.5 + 0.3 * (size - 4))
             + 0.2 * (c["mlp_drop"] - 0.08 * len(widths)) ** 2)
    return error, 3 + 2e-4 * weights


def _m2_conv(c):
    weights = c["kern"] ** 2 * (3 * c["ch"] + (c["blocks"] - 1) * c["ch"] ** 2)
    size = math.log10(weights)
    error = (0.02 + 0.28 * math.exp(-0.9 * (size - 2)) + 0.012 * (c["blocks"] - 3) ** 2
             + {3: 0.004, 5: 0.0, 7: 0.008}[c["kern"]] + (0.006 if c["pool"] == "avg" else 0.0)
             + 0.3 * _bump(math.log10(c["conv_lr"]) + 3 + 0.25 * (size - 4)))
    return error, 10 + 1.5e-3 * weights


def _m2(c):
    if c["arch"] == "linear":
        error, joules = 0.25 + 0.08 * _bump((math.log10(c["reg"]) + 1) / 1.5), 2.0
    elif c["arch"] == "forest":
        error = (0.13 + 0.2 * math.exp(-(c["depth"] - 2) / 3) + 0.08 / math.sqrt(c["trees"] / 8)
                 + 0.15 * (c["feat"] - 0.4) ** 2)
        joules = 1 + 0.004 * c["trees"] * c["depth"] * (0.3 + c["feat"])
    else:
        error, joules = _m2_mlp(c) if c["arch"] == "mlp" else _m2_conv(c)
    return error + 0.1 * (1 - c["sub"]) ** 2, math.log10(c["sub"] * joules)


_STRICT, _FAR = (1.1, 1.1), (11.0, 11.0)
_ALL = (
    Problem("zdt1", _box(10), _zdt(lambda a, g: 1 - math.sqrt(a / g)), _STRICT, _FAR, 0.876667),
    Problem("zdt2", _box(10), _zdt(lambda a, g: 1 - (a / g) ** 2), _STRICT, _FAR, 0.543333),
    Problem("zdt3", _box(10), _zdt(lambda a, g: 1 - math.sqrt(a / g) - a / g * math.sin(10 * math.pi * a)),
            _STRICT, _FAR, 1.331761),
    Problem("dtlz2", _box(8), _dtlz2, _STRICT, (3.0, 3.0), 1.21 - math.pi / 4),
    Problem("m1", _M1_SPACE, _m1, (0.3, 4.0), (0.8, 4.5), 0.543877),
    Problem("m1-noisy", _M1_SPACE, _m1, (0.3, 4.0), (0.8, 4.5), 0.543877, noise=NOISE),
    Problem("m2", _m2_space(), _m2, (0.3, 3.0), (0.6, 4.0), 0.710709),
)
PROBLEMS = {problem.name: problem for problem in _ALL}


def main():
    assert abs(hypervolume([(0, 1), (1, 0), (0.5, 0.5), (0.6, 0.6)], (2, 2)) - 3.25) < 1e-12
    known = {"zdt1": (0.5, 3.841687605), "zdt2": (0.5, 5.454545455), "zdt3": (0.5, 3.841687605),
             "dtlz2": (math.sqrt(0.5), math.sqrt(0.5))}
    for problem in _ALL:
        middle = problem.evaluate(problem.decode([0.5] * len(problem.space)))
        assert all(abs(a - b) < 1e-8 for a, b in zip(middle, known.get(problem.name, middle))), problem.name
        draw = random.Random(0)
        chosen = problem.decode([draw.random() for _ in problem.space])
        for p in problem.space:
            if p.kind != "float" and p.name in chosen:
                assert p.value(p.key(chosen[p.name])) == chosen[p.name], p.name
        points = [problem.evaluate(problem.decode([draw.random() for _ in problem.space])) for _ in range(10000)]
        assert problem.share(points) < 1.0
        print(f"{problem.name:<9} {len(problem.space):>2} parameters, reference {problem.reference}, hypervolume of the "
              f"true front {problem.true_hypervolume:.6f}, random search of 10000 reaches {problem.share(points):.3f} of it")


if __name__ == "__main__":
    main()
