"""The trainer's side of joulefront's protocol, in one file that needs nothing but Python 3.7.

    import joulefront

    c = joulefront.configuration(lr=0.1, epochs=5)     # defaults, for runs without joulefront
    with joulefront.phase("train"):
        for epoch in range(c.epochs):
            ...
            joulefront.report(epoch + 1, error=error)
    joulefront.result(error=error)

Put it beside your script or into PYTHONPATH. The protocol itself is in examples/02_any_command.
"""

import json
import os
import stat
import sys
import time

__all__ = ["Configuration", "configuration", "phase", "report", "progress", "result", "anew", "seed", "work_dir",
           "resume_dir", "trial", "running"]

_phase = "setup"  # the one that a process begins in


class Configuration(dict):
    """The parameters by name, as items and as attributes: c["lr"], c.lr. One whose name is no word, such as
    "model.depth", is an item only."""

    def __getattribute__(self, name):
        # A parameter called "values" or "items" is that parameter, and not the dictionary's method.
        if not name.startswith("__") and name in self:
            return self[name]
        return super().__getattribute__(name)

    def __getattr__(self, name):
        raise AttributeError(
                "the configuration has no parameter {!r}; it has {}. Give it a default: configuration({}=...)".format(
                    name, ", ".join(self) or "none", name)) from None

    def __setattr__(self, name, value):
        self[name] = value


def running():
    """Whether joulefront has started this process."""
    return "JOULEFRONT_CONFIGURATION" in os.environ


def configuration(**defaults):
    """What to train with: `defaults`, and over them what the study proposes. A parameter that is inactive there (its
    `when` fails) keeps its default."""
    if os.environ.get("JOULEFRONT_INIT"):
        _tell_defaults(defaults)
    chosen = Configuration(defaults)
    chosen.update(json.loads(os.environ.get("JOULEFRONT_CONFIGURATION", "{}")))
    return chosen


def _tell_defaults(defaults):
    """`joulefront init` asks what may vary; other values than numbers and texts cannot be searched."""
    plain = {name: value for name, value in defaults.items()
             if isinstance(value, (bool, int, str)) or isinstance(value, float) and abs(value) < float("inf")}
    sys.stderr.write(json.dumps({"joulefront_defaults": plain}) + "\n")
    sys.stderr.flush()


def phase(name):
    """From here on the process is in this phase: setup, data, train, evaluate, inference, or a name of your own. Returns
    when the worker has read it, so that joules are divided where the work is. As `with phase("train"):` the phase
    before goes on at the end of the block."""
    global _phase
    before, _phase = _phase, name
    _send({"joulefront": "phase", "name": name})
    _await_reader()
    return _PhaseBlock(before)


class _PhaseBlock:
    def __init__(self, before):
        self._before = before

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        phase(self._before)


def report(step, values=None, **named):
    """The values after `step` steps, such as epochs: report(3, error=0.12), or report(3, {"top-1 error": 0.12}) for
    names that are no words."""
    _send({"joulefront": "progress", "step": int(step), "values": _numbers(values, named)})


progress = report


def result(values=None, **named):
    """The outcome, once: result(error=0.08, parameters=20312). NaN is a failure of the trial, and told as one."""
    _send({"joulefront": "result", "values": _numbers(values, named)})


def anew(reason):
    """Says that the training does not go on from resume_dir(), though it was to: earlier joules are not added."""
    _send({"joulefront": "anew", "reason": str(reason)})


def seed(default=0):
    """A seed that is the trial's own, from 0 to 2**31 - 1, which NumPy takes too."""
    return int(os.environ.get("JOULEFRONT_SEED", default)) % 2**31


def trial():
    """The number of the trial; None without joulefront."""
    number = os.environ.get("JOULEFRONT_TRIAL")
    return None if number is None else int(number)


def work_dir():
    """A folder for files of this attempt, which is also the one that it is started in; without joulefront the present
    folder."""
    return os.environ.get("JOULEFRONT_WORK_DIR") or os.getcwd()


def resume_dir():
    """The folder of the shorter or interrupted training to go on from; None: begin at the beginning."""
    return os.environ.get("JOULEFRONT_RESUME_DIR") or None


def _numbers(values, named):
    numbers = {}
    for name, value in list((values or {}).items()) + list(named.items()):
        try:
            # Tensors and NumPy's scalars are numbers too; whole ones stay whole.
            numbers[str(name)] = int(value) if isinstance(value, int) else float(value)
        except (TypeError, ValueError):
            raise TypeError("{!r} is {!r}, which is no number".format(name, value)) from None
    return numbers


def _send(message):
    sys.stdout.flush()
    line = (json.dumps(message) + "\n").encode()
    while line:  # one write, as a rule: a signal between two would leave half a message
        line = line[os.write(1, line):]


def _await_reader():
    """Waits, a tenth of a second at most, until the pipe that stdout is has been read."""
    try:
        import fcntl
        import termios
        if not stat.S_ISFIFO(os.fstat(1).st_mode):
            return
        for _ in range(500):
            unread = fcntl.ioctl(1, termios.FIONREAD, b"\0\0\0\0")
            if int.from_bytes(unread, sys.byteorder) == 0:
                return
            time.sleep(0.0002)
    except (ImportError, OSError):
        pass  # no such call here: the phase begins when its line is read
