# Imports what a Python script imports, then forks a process for each attempt, which runs the script.
# Started by workers/fork_server.cc, with its own text as stdin, and JOULEFRONT_PRELOAD=SOCKET:SCRIPT in its
# environment. Python 3.7 or later.
#
# Modules of the user's own (those beside the script, or installed from elsewhere than site-packages)
# are read, and not run: they may look at the attempt's environment or arguments. What they import is
# imported. An import that fails here is left to the script.
import ast
import ctypes
import gc
import importlib.machinery
import importlib.util
import os
import socket
import struct
import sys
import sysconfig
import time
import types
import warnings


def imports_in(body):
    """The import statements that run when a module is imported, but under `if __name__ == ...`."""
    for node in body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
            continue
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            for part in ("body", "handlers", "orelse", "finalbody"):
                for inner in getattr(node, part, []):
                    yield from imports_in(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])


def is_installed(spec):
    """Whether a module comes with Python or from a package registry."""
    paths = [spec.origin] if spec.has_location else list(spec.submodule_search_locations or [])
    own = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
    return all("/site-packages/" in path + "/" or "/dist-packages/" in path + "/" or
               any(path.startswith(folder + os.sep) for folder in own) for path in paths)


def files_of(folders, parts):
    """The files that importing a dotted name reads."""
    for folder in folders:
        at = folder
        for part in parts:
            for name in (os.path.join(at, part + ".py"), os.path.join(at, part, "__init__.py")):
                if os.path.isfile(name):
                    yield name
            at = os.path.join(at, part)


class Scan:
    def __init__(self):
        self.statements, self.seen = [], set()

    def file(self, path):
        if path in self.seen or len(self.seen) > 1000:
            return
        self.seen.add(path)
        try:
            with open(path, "rb") as file:
                tree = ast.parse(file.read(), path)
        except (OSError, SyntaxError, ValueError):
            return
        for node in imports_in(tree.body):
            self.statement(node, os.path.dirname(path))

    def statement(self, node, folder):
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.name(ast.Import(names=[alias]), alias.name, [])
        elif node.level > 0:
            for _ in range(node.level - 1):
                folder = os.path.dirname(folder)
            self.files([folder], node.module or "", [alias.name for alias in node.names])
        elif node.module != "__future__":
            self.name(node, node.module, [alias.name for alias in node.names])

    def name(self, node, dotted, names):
        try:
            spec = importlib.util.find_spec(dotted.split(".")[0])
        except (ImportError, ValueError, AttributeError):
            return
        if spec is None:
            return
        if is_installed(spec):
            self.statements.append(node)
        elif spec.submodule_search_locations:
            folders = [os.path.dirname(path) for path in spec.submodule_search_locations]
            self.files(folders, dotted, names)
        elif spec.origin:
            self.file(spec.origin)

    def files(self, folders, dotted, names):
        parts = dotted.split(".") if dotted else []
        for more in [[]] + [[name] for name in names]:
            for path in files_of(folders, parts + more):
                self.file(path)


def import_all(script):
    """Runs the imports of the script, each by itself."""
    folder = os.path.dirname(os.path.realpath(script))
    scan = Scan()
    sys.path.insert(0, folder)
    scan.file(script)
    sys.path.remove(folder)
    for node in scan.statements:
        try:
            module = ast.fix_missing_locations(ast.Module(body=[node], type_ignores=[]))
            exec(compile(module, "<preload>", "exec"), {"__name__": "preload"})
        except BaseException:
            pass


def become_attempt(request, files, control, worker, between):
    """In the process of an attempt: everything that the worker's own children have of it."""
    folder, group, death_signal, count, *rest = request
    arguments, environment = rest[:int(count)], rest[int(count):]
    os.setpgid(0, 0)
    while os.getppid() == between:
        time.sleep(1e-4)  # until the worker has adopted this process
    prctl(1, int(death_signal))  # PR_SET_PDEATHSIG
    if os.getppid() != worker:
        os._exit(127)
    if group:
        try:
            with open(group, "wb") as file:
                file.write(b"0")
        except OSError:
            pass  # the worker sees that it did not join
    os.chdir(folder)
    os.environb.clear()
    os.environb.update(entry.split(b"=", 1) for entry in environment)
    for file, place in zip(files, (1, 2)):
        os.dup2(file, place)
        os.close(file)
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # as random's own, which sees to that itself
    control.sendall(b"%d\n" % os.getpid())
    control.close()
    return [os.fsdecode(argument) for argument in arguments]


def serve(control, worker):
    """Forks an attempt for every request. Gives the arguments, in the attempt's process."""
    while True:
        head, ancillary, _, _ = control.recvmsg(4, socket.CMSG_SPACE(8))
        if len(head) < 4:
            os._exit(0)  # the worker is gone
        files = [file for _, _, data in ancillary for file in struct.unpack("2i", data)]
        text = b""
        while len(text) < struct.unpack("=I", head)[0]:
            text += control.recv(struct.unpack("=I", head)[0] - len(text)) or os._exit(0)
        request = text.split(b"\0")[:-1]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of threads that libraries have started
            try:
                between = os.fork()
                if between == 0:
                    between = os.getpid()
                    if os.fork() > 0:
                        os._exit(0)
                    try:
                        return become_attempt(request, files, control, worker, between)
                    except BaseException as fault:
                        control.sendall(b"!%s\n" % str(fault).encode())
                        os._exit(127)
                os.waitpid(between, 0)
            except OSError as fault:
                control.sendall(b"!cannot fork: %s\n" % str(fault).encode())
                if os.getpid() != server:
                    os._exit(127)
        for file in files:
            os.close(file)


def run(arguments):
    """Runs the script as `python3 SCRIPT ARGUMENTS` does."""
    script = arguments[0]
    sys.argv[:] = arguments
    if hasattr(sys, "orig_argv"):
        sys.orig_argv[:] = [sys.executable] + arguments
    sys.path.insert(0, os.path.dirname(os.path.realpath(script)))
    main = types.ModuleType("__main__")
    main.__file__ = script
    main.__builtins__ = __builtins__
    main.__loader__ = importlib.machinery.SourceFileLoader("__main__", script)
    sys.modules["__main__"] = main
    try:
        with open(script, "rb") as file:
            code = compile(file.read(), script, "exec", dont_inherit=True)
        exec(code, main.__dict__)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as fault:
        inside = fault.__traceback__
        while inside and inside.tb_frame.f_code.co_filename == "<string>":
            inside = inside.tb_next
        fault.__traceback__ = inside
        sys.excepthook(type(fault), fault, inside)
        sys.exit(1)


server, worker = os.getpid(), os.getppid()
prctl = ctypes.CDLL(None, use_errno=True).prctl
if sys.path and sys.path[0] in ("", os.getcwd()):
    del sys.path[0]
# sys.stdout was made for a pipe, as an attempt has one; what imports print is for nobody.
nothing = os.open(os.devnull, os.O_RDWR)
for place in (0, 1, 2):
    os.dup2(nothing, place)
os.close(nothing)
place, script = os.environ.pop("JOULEFRONT_PRELOAD").split(":", 1)
control = socket.socket(fileno=int(place))
control.set_inheritable(False)
sys.argv[:] = [script]
import_all(script)
gc.collect()
gc.freeze()
sys.stdout.flush()
sys.stderr.flush()
control.sendall(b"%f\n" % time.process_time())
run(serve(control, worker))
