#!/usr/bin/env python3
"""A private Slurm for tests and examples: several nodes on this machine, on loopback, stopped by their process ids. FOLDER says where.

  slurm_server.py start FOLDER [--nodes 2] [--cpus 1]     prints the line to evaluate: export SLURM_CONF=...
  slurm_server.py kill FOLDER NODE                        kill -9 of a node's daemon and of all that runs there, as a power cut would
  slurm_server.py revive FOLDER NODE
  slurm_server.py stop FOLDER
"""
import argparse
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

CONF = """ClusterName=joulefront
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPort={port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SchedulerParameters=sched_interval=1,batch_sched_delay=0
ReturnToService=2
SlurmdTimeout=10
KillWait=5
MinJobAge=10
JobRequeue=1
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def need(program):
    found = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not found:
        sys.exit(f"slurm_server.py: no {program}: apt-get install slurmctld slurmd slurm-client munge")
    return found


def run(command, **keywords):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **keywords)
    if done.returncode != 0:
        sys.exit(f"slurm_server.py: {' '.join(map(str, command))}: {done.stdout}")
    return done.stdout


def environment(home):
    return {**os.environ, "SLURM_CONF": str(home / "slurm.conf")}


def home_of(folder):
    return pathlib.Path((folder / "home").read_text())


def start_node(home, node):
    run([need("slurmd"), "-N", node, "-f", home / "slurm.conf"], env=environment(home))


def start(folder, nodes, cpus):
    stop(folder)
    folder.mkdir(parents=True)
    home = pathlib.Path(tempfile.mkdtemp(prefix="joulefront-slurm-"))
    (folder / "home").write_text(str(home))
    (home / "state").mkdir()
    key = home / "munge.key"
    key.write_bytes(secrets.token_bytes(128))
    key.chmod(0o600)
    # --force: it may run as anybody, root among them.
    run([need("munged"), "--force", f"--key-file={key}", f"--socket={home}/munge.socket", f"--pid-file={home}/munged.pid",
         f"--log-file={home}/munged.log", f"--seed-file={home}/munged.seed"])
    controller, *ports = free_ports(nodes + 1)
    host = socket.gethostname()
    conf = CONF.format(host=host, user=pwd.getpwuid(os.geteuid()).pw_name, folder=home, port=controller)
    names = [f"node{k + 1}" for k in range(nodes)]
    for name, port in zip(names, ports):
        conf += f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} State=UNKNOWN\n"
    conf += f"PartitionName=main Nodes={','.join(names)} Default=YES MaxTime=INFINITE State=UP\n"
    (home / "slurm.conf").write_text(conf)
    run([need("slurmctld"), "-f", home / "slurm.conf"], env=environment(home))
    for name in names:
        (home / f"spool.{name}").mkdir()
        start_node(home, name)
    for _ in range(100):
        seen = subprocess.run(["sinfo", "-h", "-N", "-o", "%T"], env=environment(home), stdout=subprocess.PIPE, text=True).stdout.split()
        if seen.count("idle") == nodes:
            break
        time.sleep(0.2)
    else:
        sys.exit(f"slurm_server.py: the nodes do not come up: {seen}; see {home}/*.log")
    print(f"export SLURM_CONF={home}/slurm.conf")


def pid_in(path):
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def descendants(pid):
    found = [pid]
    for child in subprocess.run(["pgrep", "-P", str(pid)], stdout=subprocess.PIPE, text=True).stdout.split():
        found += descendants(int(child))
    return found


def processes_of(home, node):
    """The daemon, the steps that it started, which leave it, and what they run."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace")
            variables = (entry / "environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        daemon = "slurmd" in command and str(home) in command and node in command
        if daemon or f"SLURMD_NODENAME={node}" in variables and f"SLURM_CONF={home}/slurm.conf" in variables:
            found += descendants(int(entry.name))
    return found


def kill(folder, node):
    for pid in processes_of(home_of(folder), node):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def stop(folder):
    if not (folder / "home").exists():
        return
    home = home_of(folder)
    nodes = [path.name.split(".", 1)[1] for path in home.glob("spool.*")]
    for node in nodes:
        kill(folder, node)
    for name in ["slurmctld", "munged"]:
        pid = pid_in(home / f"{name}.pid")
        if pid is None:
            continue
        try:
            os.kill(pid, signal.SIGTERM)
            for _ in range(200):
                os.kill(pid, 0)
                time.sleep(0.05)
        except ProcessLookupError:
            pass
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["start", "kill", "revive", "stop"])
    parser.add_argument("folder", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("node", nargs="?")
    parser.add_argument("--nodes", type=int, default=2)
    parser.add_argument("--cpus", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.what == "start":
        start(arguments.folder, arguments.nodes, arguments.cpus)
    elif arguments.what == "kill":
        kill(arguments.folder, arguments.node)
    elif arguments.what == "revive":
        start_node(home_of(arguments.folder), arguments.node)
    else:
        stop(arguments.folder)


if __name__ == "__main__":
    main()
