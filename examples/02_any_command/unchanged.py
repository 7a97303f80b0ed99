"""Tells odd digits from even ones. Written before joulefront was known: it takes flags and prints."""

import argparse
import csv
import math
import os
import random

DIGITS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data", "digits", "train.csv")

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--epochs", type=int, default=5)
parser.add_argument("--rows", type=int, default=500)
arguments = parser.parse_args()

with open(DIGITS, newline="") as file:
    rows = [[int(field) for field in row] for row in list(csv.reader(file))[1:]]
random.seed(0)
random.shuffle(rows)
examples = [([pixel / 16 for pixel in row[:-1]] + [1.0], row[-1] % 2) for row in rows]
validation, train = examples[:200], examples[200 : 200 + arguments.rows]
weights = [0.0] * len(train[0][0])


def predict(features):
    score = sum(w * x for w, x in zip(weights, features))
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, score))))


for epoch in range(1, arguments.epochs + 1):
    loss = 0.0
    for features, odd in train:
        probability = predict(features)
        loss -= math.log(max(1e-12, probability if odd else 1 - probability)) / len(train)
        weights = [w - arguments.lr * (probability - odd) * x for w, x in zip(weights, features)]
    wrong = sum((predict(features) > 0.5) != odd for features, odd in validation)
    print(f"epoch {epoch} loss={loss:.4f} val_error={wrong / len(validation):.4f}", flush=True)
