#!/usr/bin/env python3
"""What Optuna makes of a file: prints the study in it as JSON. With --continue it first lets the
study go on by as many trials. Runs in a virtual environment that has Optuna; imports nothing of
ours."""
import argparse
import json
import sys
import warnings

import optuna


def distribution(held):
    return {"type": type(held).__name__, **{name: list(value) if name == "choices" else value
                                            for name, value in vars(held).items()}}


def show(trial):
    return {"number": trial.number, "state": trial.state.name, "values": trial.values, "params": trial.params,
            "distributions": {name: distribution(held) for name, held in trial.distributions.items()},
            "intermediate_values": trial.intermediate_values, "user_attrs": trial.user_attrs,
            "constraints": trial.system_attrs.get("constraints"),
            "datetime_start": trial.datetime_start and trial.datetime_start.isoformat(),
            "datetime_complete": trial.datetime_complete and trial.datetime_complete.isoformat()}


def suggest(trial, space):
    """The objective of somebody who goes on: the same space, and its condition."""
    chosen = {}
    for name, parameter in space.items():
        if any(chosen.get(parent) != value for parent, value in parameter.get("when", {}).items()):
            continue
        if "choices" in parameter:
            chosen[name] = trial.suggest_categorical(name, parameter["choices"])
            continue
        ask = trial.suggest_int if parameter["type"] == "int" else trial.suggest_float
        spread = {key: parameter[key] for key in ("log", "step") if key in parameter}
        chosen[name] = ask(name, parameter["low"], parameter["high"], **spread)
    return chosen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("study")
    parser.add_argument("--continue", dest="more", type=int, default=0)
    parser.add_argument("--space", type=json.loads, default={})
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("error")  # a study of Optuna's own is loaded without one
    study = optuna.load_study(study_name=arguments.study, storage="sqlite:///" + arguments.file)
    if arguments.more > 0:
        warnings.simplefilter("default")
        values = [1.0] * len(study.directions)
        study.optimize(lambda trial: suggest(trial, arguments.space) and values, n_trials=arguments.more)
    data = {"version": optuna.__version__, "name": study.study_name, "metric_names": study.metric_names,
            "directions": [direction.name for direction in study.directions], "user_attrs": study.user_attrs,
            "trials": [show(trial) for trial in study.trials]}
    if all(trial.state.name != "COMPLETE" for trial in study.trials):
        data["best"] = []
    else:
        data["best"] = [trial.number for trial in study.best_trials]
    json.dump(data, sys.stdout)


if __name__ == "__main__":
    main()
