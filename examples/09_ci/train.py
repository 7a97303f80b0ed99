#!/usr/bin/env python3
"""A tiny training in plain Python: logistic regression on points of a plane, some of which carry the wrong label.
   train.py [--epochs N]
It says when its phase "train" begins, so that making the data is not charged, and prints its error as text."""
import argparse
import math
import os
import random

arguments = argparse.ArgumentParser()
arguments.add_argument("--epochs", type=int, default=100)
epochs = arguments.parse_args().epochs

random.seed(1)  # the data are the same in every run
points = [(random.gauss(0, 1), random.gauss(0, 1)) for _ in range(3000)]
labels = [int(x - 2 * y + random.gauss(0, 1.5) > 0) for x, y in points]
training, validation = slice(0, 2000), slice(2000, None)

print('{"joulefront": "phase", "name": "train"}', flush=True)
random.seed(os.environ.get("JOULEFRONT_SEED", "0"))  # another one for each repeat
a = b = c = 0.0
examples = list(zip(points[training], labels[training]))
for epoch in range(epochs):
    random.shuffle(examples)
    for (x, y), label in examples:
        slope = label - 1 / (1 + math.exp(-(a * x + b * y + c)))
        a, b, c = a + 0.02 * slope * x, b + 0.02 * slope * y, c + 0.02 * slope

wrong = sum(int(a * x + b * y + c > 0) != label for (x, y), label in zip(points[validation], labels[validation]))
print(f"val_error={wrong / len(points[validation]):.4f}")
