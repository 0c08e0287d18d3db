"""A copy of a machine on which packages are installed and their services run, without anything left of it."""

import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ("swarm-sd", "accountservice")
PATIENCE = 30


def output_of(*command, **how):
    return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True, **how).stdout


def run(*command):
    subprocess.run(list(map(str, command)), check=True)


def build_packages(build, into, **variables):
    """Program → its package."""
    subprocess.run(["cpack", "--config", build / "CPackConfig.cmake", "-B", into], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | variables)
    return {program: next(pathlib.Path(into).glob(f"{program}_*.deb")) for program in PROGRAMS}


def unit_of(program):
    """Section → name → values, in the order of the file."""
    sections = {}
    for line in (SOURCE / f"deploy/packages/{program}/{program}.service").read_text().splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            section.setdefault(name, []).append(value)
    return sections


class Machine:
    """This machine's files, with changes kept in memory."""

    def __init__(self):
        base = self.base = pathlib.Path(tempfile.mkdtemp())
        run("mount", "-t", "tmpfs", "-o", "mode=755", "changes", base)
        for name in ("changed", "work", "root"):
            (base / name).mkdir()
        self.changed, self.root = base / "changed", base / "root"
        run("mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir=/,upperdir={self.changed},workdir={base}/work", self.root)
        run("mount", "-t", "proc", "proc", self.root / "proc")
        run("mount", "--rbind", "/dev", self.root / "dev")
        for name in ("run", "tmp"):
            run("mount", "-t", "tmpfs", "-o", "mode=1777" if name == "tmp" else "mode=755", name, self.root / name)

    def remove(self):
        run("umount", "--recursive", "--lazy", self.base)
        self.base.rmdir()

    def __truediv__(self, path):
        return self.root / path.lstrip("/")

    def run(self, *command):
        return output_of("chroot", self.root, *command, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                         env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"})

    def files(self):
        """Those that are there and were changed or made here, but for the records of dpkg and other caches."""
        kept = ("var/lib/dpkg/", "var/log/", "var/cache/")
        found = set()
        for path in self.changed.rglob("*"):
            name = str(path.relative_to(self.changed))
            if (self.root / name).is_file() and not name.startswith(kept):
                found.add(name)
        return found


class Systemd:
    """The socket that a service tells how it is."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        os.chmod(path, 0o666)
        self.socket.settimeout(PATIENCE)

    def until(self, line):
        """Waits for a message with this line. @return the lines that came before it, and it"""
        lines = []
        while line not in lines:
            lines += [said for said in self.socket.recv(4096).decode().splitlines() if said != "WATCHDOG=1"]
        return lines


class Service:
    """A unit, run as systemd would, but for what only the kernel's cgroups and namespaces give."""

    def __init__(self, machine, program):
        self.machine, self.program = machine, program
        self.systemd = Systemd(machine / f"tmp/{program}.notify")
        self.calls = machine / f"tmp/{program}.strace"
        self.calls.touch()
        self.calls.chmod(0o666)
        unit = unit_of(program)["Service"]
        variables = {"PATH": "/usr/bin:/bin", "NOTIFY_SOCKET": f"/tmp/{program}.notify",
                     "WATCHDOG_USEC": str(int(unit["WatchdogSec"][0].rstrip("s")) * 1_000_000)}
        for line in (machine / unit["EnvironmentFile"][0]).read_text().splitlines():
            if line and not line.startswith("#"):
                name, value = line.split("=", 1)
                variables[name] = shlex.split(value)[0]
        state = machine / f"var/lib/{unit['StateDirectory'][0]}"
        state.mkdir(mode=int(unit["StateDirectoryMode"][0], 8))
        self.user, self.group, groups = self.whom()
        os.chown(state, self.user, self.group)
        command = [word for words in unit["ExecStart"][0].split()
                   for word in (variables["ARGS"].split() if words == "$ARGS" else [words])]
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "/usr/sbin/chroot", str(machine.root), "setpriv",
             f"--reuid={self.user}", f"--regid={self.group}", f"--groups={groups}",
             "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all",
             "strace", "-D", "-f", "-qq", "-o", f"/tmp/{program}.strace", *command],
            env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def whom(self):
        """Numbers of its user and group, and the groups that it is a member of. systemd would take a user that nobody else
        has where the unit wants a dynamic one."""
        name = unit_of(self.program)["Service"].get("User", [None])[0]
        if name is None:
            return 61184, 61184, "61184"
        return (int(self.machine.run("id", "--user", name)), int(self.machine.run("id", "--group", name)),
                self.machine.run("id", "--groups", name).strip().replace(" ", ","))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        text, _ = self.process.communicate(timeout=PATIENCE)
        self.systemd.until("STOPPING=1")
        self.systemd.socket.close()
        return self.process.returncode, text.decode()

    def system_calls(self):
        return set(re.findall(r"(?m)^\d+ +([a-z0-9_]+)\(", self.calls.read_text()))


def start_engine(build, machine):
    """A simulated swarm behind the usual socket, which belongs to the group docker. @return its process"""
    path = machine / "run/docker.sock"
    engine = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", build / "bench/swarm_sim", "--socket", path,
                               "--seconds-per-change", "0"])
    limit = time.monotonic() + PATIENCE
    while not path.exists() and time.monotonic() < limit:
        time.sleep(0.01)
    os.chown(path, 0, int(machine.run("getent", "group", "docker").split(":")[2]))
    os.chmod(path, 0o660)
    return engine


def enter_namespaces():
    """Mounts and ports of its own for this program, which end with it. It starts itself anew for that."""
    if "--inside" in sys.argv:
        sys.argv.remove("--inside")
        run("ip", "link", "set", "lo", "up")
    else:
        os.execvp("unshare", ["unshare", "--mount", "--net", "--propagation", "private",
                              sys.executable, "-B", *sys.argv, "--inside"])
