#!/usr/bin/env python3
"""A private PostgreSQL for tests and examples: on loopback, stopped by its process id. FOLDER says where it is; its data is in a temporary
folder, where the user that it runs as can get.

  postgres_server.py start FOLDER [--durable] [--port N]    prints its URL, and keeps it in FOLDER/url
  postgres_server.py restart FOLDER [--crash]               --crash: kill -9 of the whole server first
  postgres_server.py stop FOLDER                            and removes the folder

PostgreSQL does not run as root: started by root, it runs as the user postgres of Debian's package. Without --durable it does not sync
its files, since tests do not outlive a power cut.
"""
import argparse
import glob
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time


def binaries():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: float(p.split("/")[4]))
    if not found:
        sys.exit("postgres_server.py: no PostgreSQL server is installed: apt-get install postgresql")
    return pathlib.Path(found[-1])


def as_server(command):
    """The command, by somebody who is not root."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]


def run(command):
    done = subprocess.run(as_server([str(word) for word in command]), cwd="/", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.exit(f"postgres_server.py: {' '.join(map(str, command))}: {done.stdout}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def launch(data):
    run([binaries() / "pg_ctl", "-D", data, "-l", data / "server.log", "-w", "-t", "60", "start"])


def start(folder, durable, port):
    stop(folder)
    folder.mkdir(parents=True)
    data = pathlib.Path(tempfile.mkdtemp(prefix="joulefront-postgres-"))
    (folder / "data").write_text(str(data))
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(data, owner.pw_uid, owner.pw_gid)
    run([binaries() / "initdb", "-D", data, "-U", "joulefront", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"])
    port = port or free_port()
    settings = [f"port = {port}", "listen_addresses = '127.0.0.1'", "unix_socket_directories = ''", "max_connections = 300",
                "shared_buffers = '64MB'", "logging_collector = off"]
    if not durable:
        settings += ["fsync = off", "full_page_writes = off"]
    with open(data / "postgresql.conf", "a") as conf:
        conf.write("\n".join(settings) + "\n")
    launch(data)
    url = f"postgresql://joulefront@127.0.0.1:{port}/postgres"
    (folder / "url").write_text(url)
    print(url)


def server_pid(data):
    try:
        return int((data / "postmaster.pid").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def data_of(folder):
    return pathlib.Path((folder / "data").read_text())


def restart(folder, crash):
    data = data_of(folder)
    if crash:
        pid = server_pid(data)
        children = subprocess.run(["pgrep", "-P", str(pid)], stdout=subprocess.PIPE, text=True).stdout.split()
        for process in [pid, *map(int, children)]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
        time.sleep(0.2)
        (data / "postmaster.pid").unlink(missing_ok=True)
    else:
        run([binaries() / "pg_ctl", "-D", data, "-m", "fast", "-w", "stop"])
    launch(data)


def stop(folder):
    if not (folder / "data").exists():
        return
    data = data_of(folder)
    pid = server_pid(data)
    if pid is not None:
        try:
            os.kill(pid, signal.SIGINT)
            for _ in range(200):
                os.kill(pid, 0)
                time.sleep(0.05)
        except ProcessLookupError:
            pass
    shutil.rmtree(data, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["start", "restart", "stop"])
    parser.add_argument("folder", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--durable", action="store_true")
    parser.add_argument("--crash", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.what == "start":
        start(arguments.folder, arguments.durable, arguments.port)
    elif arguments.what == "restart":
        restart(arguments.folder, arguments.crash)
    else:
        stop(arguments.folder)


if __name__ == "__main__":
    main()
