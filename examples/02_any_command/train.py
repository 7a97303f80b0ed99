"""Softmax regression on handwritten digits: a trainer for joulefront in plain Python.

All that makes it one: it reads its configuration from the environment, and prints messages, a JSON
object a line. Whatever else it prints is kept as its log. No package is needed, not even ours.
"""

import csv
import json
import math
import os
import random

DIGITS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "digits", "train.csv")
CLASSES = 10


def message(kind, **fields):
    print(json.dumps({"joulefront": kind, **fields}), flush=True)


def pooled(pixels, size):
    """The 8x8 image with each size x size block averaged, scaled to 0..1, and a constant 1."""
    blocks = range(0, 8, size)
    return [
        sum(pixels[(y + j) * 8 + x + i] for j in range(size) for i in range(size)) / (16 * size * size)
        for y in blocks
        for x in blocks
    ] + [1.0]


def read_rows(pool, train_rows):
    """Rows (features, label): the first 150 for validation, then those to train on."""
    with open(DIGITS, newline="") as file:
        rows = [[int(field) for field in row] for row in list(csv.reader(file))[1:]]
    random.Random(0).shuffle(rows)  # the same validation rows in every trial
    rows = [(pooled(row[:-1], pool), row[-1]) for row in rows[: 150 + train_rows]]
    return rows[150:], rows[:150]


def scores(weights, features):
    return [sum(w * x for w, x in zip(row, features)) for row in weights]


def train_epoch(weights, rows, learning_rate, l2):
    random.shuffle(rows)
    for features, label in rows:
        logits = scores(weights, features)
        highest = max(logits)
        powers = [math.exp(logit - highest) for logit in logits]
        total = sum(powers)
        for k in range(CLASSES):
            step = learning_rate * (powers[k] / total - (k == label))
            shrink = 1 - learning_rate * l2
            weights[k] = [shrink * w - step * x for w, x in zip(weights[k], features)]


def error(weights, rows):
    wrong = 0
    for features, label in rows:
        logits = scores(weights, features)
        wrong += logits.index(max(logits)) != label
    return wrong / len(rows)


def main():
    configuration = json.loads(os.environ.get("JOULEFRONT_CONFIGURATION", "{}"))
    epochs = configuration.get("epochs", 5)
    learning_rate = configuration.get("learning_rate", 0.1)
    random.seed(int(os.environ.get("JOULEFRONT_SEED", "0")))

    message("phase", name="data")
    train, validation = read_rows(configuration.get("pool", 1), configuration.get("rows", 300))
    weights = [[0.0] * len(train[0][0]) for _ in range(CLASSES)]

    message("phase", name="train")
    for epoch in range(1, epochs + 1):
        train_epoch(weights, train, learning_rate, configuration.get("l2", 0.0))
        message("progress", step=epoch, values={"error": error(weights, validation)})

    message("phase", name="evaluate")
    message("result", values={"error": error(weights, validation), "weights": 10 * len(weights[0])})


main()
