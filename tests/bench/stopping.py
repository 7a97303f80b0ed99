#!/usr/bin/env python3
"""What [stopping] saves: the same trials with and without it.

usage: stopping.py BIN_DIR --data DIR [--only digits|letter|lcbench] [--seeds 10] [--rule 'rule = "dominated"']

DIR holds tables/lcbench_surrogate and trainsets/. Trials are drawn at random, so that both runs of a seed hold the same
configurations. Figures: the share of the joules saved (of the phase train, and of everything: start-up too), and the share of the hypervolume lost by trials that were stopped,
both fronts taken from the values of the run without stopping, so that metering noise cancels. The reference point is
1.1 times the worst of the front in each objective ("near the front"), and of all trials ("wide").
"""
import argparse, json, pathlib, statistics, subprocess, sys, tempfile

MLP_SPACE = """
[space]
width = { type = "int", low = 8, high = 256, log = true }
layers = { type = "int", low = 1, high = 3 }
learning_rate = { type = "float", low = 1e-4, high = 0.3, log = true }
batch_size = { type = "int", low = 16, high = 512, log = true }
dropout = { type = "float", low = 0.0, high = 0.5 }
"""
LCBENCH_SPACE = """
[space]
batch_size = { type = "int", low = 16, high = 512, log = true }
learning_rate = { type = "float", low = 1e-4, high = 0.1, log = true }
momentum = { type = "float", low = 0.1, high = 0.99 }
weight_decay = { type = "float", low = 1e-5, high = 0.1 }
num_layers = { type = "int", low = 1, high = 5 }
max_units = { type = "int", low = 64, high = 1024, log = true }
max_dropout = { type = "float", low = 0.0, high = 1.0 }
[metering]
sources = ["trainer"]
"""


def problems(data):
    """name -> (trainer command, space, trials)"""
    data = pathlib.Path(data).resolve()
    train = data / "trainsets"
    found = {}
    for name, epochs, trials in (("digits", 20, 60), ("letter", 20, 40)):
        file = train / {"digits": "digits8x8", "letter": "letter"}[name] / "train.csv"
        found[name] = (["joulefront-train", "mlp", "--data", str(file), "--set", f"epochs={epochs}"], MLP_SPACE, trials)
    for file in sorted((data / "tables/lcbench_surrogate").glob("*.csv.gz")):
        found["lcbench-" + file.name.split(".")[0]] = (
            ["joulefront-train", "table", "--file", str(file), "--nearest", "--value", "error=error", "--joules", "time_s",
             "--curve", "error=err_e", "--joules-curve", "time_s_e", "--watts", "65"], LCBENCH_SPACE, 100)
    return found


def run(bin_dir, command, space, trials, seed, stopping):
    text = f"""[study]
name = "s"
seed = {seed}
[objectives]
error = {{ direction = "minimize" }}
energy = {{ direction = "minimize", phase = "train" }}
{space}
[trainer]
command = {json.dumps(command)}
[search]
sampler = "random"
[budget]
trials = {trials}
"""
    if stopping:
        text += "[stopping]\n" + stopping + "\n"
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "s.toml").write_text(text)
        call = lambda *arguments: subprocess.run([f"{bin_dir}/joulefront", *arguments], cwd=folder, check=True,
                                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout
        call("run", "s.toml")
        listed = json.loads(call("export", "s.db", "--format", "json"))["trials"]
    joules = [sum(t["energy"].get(phase, {}).get("joules") or 0.0 for t in listed) for phase in ("train", "total")]
    points = {t["number"]: (t["values"]["error"], t["values"]["energy"]) for t in listed if t["state"] == "complete"}
    return joules, points


def front(points):
    best, kept = float("inf"), []
    for error, joules in sorted(points, key=lambda p: (p[1], p[0])):
        if error < best:
            kept.append((error, joules))
            best = error
    return kept


def hypervolume(points, reference):
    volume, last = 0.0, reference[0]
    for error, joules in front(p for p in points if p[0] < reference[0] and p[1] < reference[1]):
        volume += (last - error) * (reference[1] - joules)
        last = error
    return volume


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin_dir")
    parser.add_argument("--data", required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--rule", default='rule = "dominated"')
    given = parser.parse_args()
    given.bin_dir = pathlib.Path(given.bin_dir).resolve()
    print(f"{'problem':22}  saved   least   of all   lost near the front   most   lost wide   stopped")
    for name, (command, space, trials) in problems(given.data).items():
        if given.only not in name:
            continue
        saved, of_all, near, wide, stopped = [], [], [], [], []
        for seed in range(1, given.seeds + 1):
            joules, points = run(given.bin_dir, command, space, trials, seed, "")
            joules_stopped, left = run(given.bin_dir, command, space, trials, seed, given.rule)
            kept = [points[n] for n in left if n in points]
            for reference_of, lost in ((front(points.values()), near), (list(points.values()), wide)):
                reference = [1.1 * max(p[k] for p in reference_of) for k in (0, 1)]
                lost.append(1.0 - hypervolume(kept, reference) / hypervolume(points.values(), reference))
            saved.append(1.0 - joules_stopped[0] / joules[0])
            of_all.append(1.0 - joules_stopped[1] / joules[1])
            stopped.append(1.0 - len(left) / len(points))
        mean = statistics.mean
        print(f"{name:22} {mean(saved):6.1%} {min(saved):7.1%} {mean(of_all):8.1%} {mean(near):21.2%} {max(near):6.1%} {mean(wide):11.2%} "
              f"{mean(stopped):9.0%}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
