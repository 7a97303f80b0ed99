#!/usr/bin/python3
"""The trainers beside the same loops in Python, and the accuracies that they are expected to reach.

    tests/bench/trainers.py --data ../shared/data/trainsets [--train build/release/bin/joulefront-train]

Speed: samples a second of whole epochs (training and the look at the validation examples, without start-up), one thread,
the median of several runs that take turns, against PyTorch's modules in Python (Debian's python3-torch: the same
LibTorch). Accuracy: on the test part, mean of 3 seeds, trained on all of the training part, as the data's READMEs say
(Adam at a constant rate), and with a schedule.
"""
import argparse
import gzip
import json
import os
import statistics
import struct
import subprocess
import time

EPOCHS = 6


def train(arguments, flags, seed=0):
    """The result and the time of each epoch after the first, as the trainer's own messages tell."""
    environment = dict(os.environ, OMP_NUM_THREADS="1", JOULEFRONT_CONFIGURATION="{}")
    process = subprocess.Popen([arguments.train, *flags, "--seed", str(seed)], stdout=subprocess.PIPE, text=True, env=environment)
    times, result = [], None
    for line in process.stdout:
        message = json.loads(line)
        if message["joulefront"] == "progress":
            times.append(time.perf_counter())
        elif message["joulefront"] == "result":
            result = message["values"]
    if process.wait() != 0:
        raise SystemExit(f"{flags} failed")
    return result, statistics.median(b - a for a, b in zip(times, times[1:])) if len(times) > 1 else None


def files(data, name):
    if name == "mnist10k":
        part = lambda p, k: os.path.join(data, name, f"{p}-{k}-ubyte.gz")
        return ["--data", part("train", "images-idx3"), "--labels", part("train", "labels-idx1"),
                "--validation", part("test", "images-idx3"), "--validation-labels", part("test", "labels-idx1")]
    if name == "shakespeare":
        return ["--data", os.path.join(data, name, "train.txt"), "--validation", os.path.join(data, name, "valid.txt")]
    return ["--data", os.path.join(data, name, "train.csv"), "--validation", os.path.join(data, name, "test.csv")]


MLP = ["--set", "layers=2", "--set", "width=128", "--set", "learning_rate=1e-3", "--set", "batch_size=64"]
CNN = ["--set", "stages=2", "--set", "width=8", "--set", "norm=none", "--set", "head=flatten", "--set", "head_width=64",
       "--set", "learning_rate=1e-3", "--set", "batch_size=64"]
TEXT = ["--set", "depth=2", "--set", "width=64", "--set", "heads=4", "--set", "context=64", "--set", "learning_rate=2e-3",
        "--set", "batch_size=32"]
EXPECTED = [  # data, family, flags, epochs, what to compare, the README's figure
    ("digits8x8", "mlp", MLP, 5, "accuracy", 0.972), ("digits8x8", "mlp", MLP, 20, "accuracy", 0.983),
    ("letter", "mlp", MLP, 5, "accuracy", 0.893), ("letter", "mlp", MLP, 20, "accuracy", 0.956),
    ("satellite", "mlp", MLP, 5, "accuracy", 0.862), ("satellite", "mlp", MLP, 20, "accuracy", 0.892),
    ("mnist10k", "cnn", CNN, 5, "accuracy", 0.965), ("mnist10k", "cnn", CNN, 10, "accuracy", 0.979),
    ("shakespeare", "transformer", TEXT, 1, "loss", 2.20),
]


def accuracies(arguments):
    ways = {"as there": [], "one-cycle, 5e-3": ["--set", "schedule=one-cycle", "--set", "learning_rate=5e-3"]}
    print("| data | family | epochs | expected | " + " | ".join(ways) + " |\n| --- | --- | --- | --- |" + " --- |" * len(ways))
    for name, family, flags, epochs, what, expected in EXPECTED:
        cells = []
        for more in ways.values():
            got = [train(arguments, [family, *files(arguments.data, name), *flags, *more, "--set", f"epochs={epochs}"],
                         seed)[0][what] for seed in range(3)]
            cells.append(f"{statistics.mean(got):.4f} ({min(got):.4f} to {max(got):.4f})")
        print(f"| {name} | {family} | {epochs} | {what} {expected} | " + " | ".join(cells) + " |", flush=True)


def in_python(torch, network, x, y, validation, epochs=EPOCHS):
    """The median time of an epoch of the usual loop."""
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    loss_of = torch.nn.CrossEntropyLoss()
    times = []
    for _ in range(epochs):
        begin = time.perf_counter()
        network.train()
        order = torch.randperm(len(x))
        for at in range(0, len(x), 64):
            rows = order[at:at + 64]
            optimizer.zero_grad()
            loss = loss_of(network(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            if not loss.isfinite().item():
                raise SystemExit("diverged")
        network.eval()
        with torch.no_grad():
            logits = network(validation[0])
            (logits.argmax(1) != validation[1]).float().mean().item()
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])


def read_csv(torch, path):
    import csv
    rows = list(csv.reader(open(path)))[1:]
    classes = sorted({row[-1] for row in rows})
    x = torch.tensor([[float(v) for v in row[:-1]] for row in rows])
    return x, torch.tensor([classes.index(row[-1]) for row in rows])


def read_idx(torch, path):
    raw = gzip.open(path).read()
    sizes = struct.unpack(f">{raw[3]}I", raw[4:4 + 4 * raw[3]])
    return torch.frombuffer(bytearray(raw[4 + 4 * raw[3]:]), dtype=torch.uint8).view(*sizes)


def speeds(arguments):
    import torch
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    nn = torch.nn

    def letter():
        x, y = read_csv(torch, os.path.join(arguments.data, "letter", "train.csv"))
        v = read_csv(torch, os.path.join(arguments.data, "letter", "test.csv"))
        mean, deviation = x.mean(0), x.std(0)
        network = nn.Sequential(nn.Linear(16, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 26))
        return network, (x - mean) / deviation, y, ((v[0] - mean) / deviation, v[1])

    def mnist():
        part = lambda p, k: read_idx(torch, os.path.join(arguments.data, "mnist10k", f"{p}-{k}-ubyte.gz"))
        image = lambda p: part(p, "images-idx3").float().div(255).unsqueeze(1)
        network = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1),
                                nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
        return network, image("train"), part("train", "labels-idx1").long(), (image("test"), part("test", "labels-idx1").long())

    print("| data | Python, samples/s | joulefront, samples/s | ratio |\n| --- | --- | --- | --- |")
    for name, family, flags, make in (("letter", "mlp", MLP, letter), ("mnist10k", "cnn", CNN, mnist)):
        ours, theirs = [], []
        for _ in range(arguments.repeats):
            network, x, y, validation = make()
            theirs.append(len(x) / in_python(torch, network, x, y, validation))
            ours.append(len(x) / train(arguments, [family, *files(arguments.data, name), *flags, "--set", f"epochs={EPOCHS}"])[1])
        print(f"| {name} | {statistics.median(theirs):.0f} | {statistics.median(ours):.0f} | "
              f"{statistics.median(ours) / statistics.median(theirs):.2f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="../shared/data/trainsets")
    parser.add_argument("--train", default="build/release/bin/joulefront-train")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", choices=["speed", "accuracy"])
    arguments = parser.parse_args()
    if arguments.only != "accuracy":
        speeds(arguments)
    if arguments.only != "speed":
        accuracies(arguments)


main()
