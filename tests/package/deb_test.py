#!/usr/bin/python3
"""The Debian packages: what is in them; installed, run as their services run them, and removed, on a copy of this machine
that is written to memory and vanishes with the test.

    deb_test.py BUILD
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ("swarm-sd", "accountservice")
PATIENCE = 30

# systemd is not what runs here, so what it would do is done by hand: the unit is checked by systemd-analyze, its command
# is run as its user with its environment, told to a socket of this test, and held against its filter of system calls.


def output_of(*command, **how):
    return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True, **how).stdout


def build_packages(into, **variables):
    subprocess.run(["cpack", "--config", BUILD / "CPackConfig.cmake", "-B", into], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | variables)
    return {program: next(pathlib.Path(into).glob(f"{program}_*.deb")) for program in PROGRAMS}


def unit_of(program):
    """Section → name → values, in the order of the file."""
    sections = {}
    for line in (SOURCE / f"packaging/{program}/{program}.service").read_text().splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), {})
        elif "=" in line and not line.startswith("#"):
            name, value = line.split("=", 1)
            section.setdefault(name, []).append(value)
    return sections


def owners_of(path):
    """Packages that a file is from. What is in /lib for some is in /usr/lib for others."""
    real = os.path.realpath(path)
    found = subprocess.run(["dpkg", "--search", real, real.removeprefix("/usr")],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return {owner.split(":")[0] for line in found.splitlines() for owner in line.split(": ")[0].split(", ")}


class Package(unittest.TestCase):
    def field(self, program, name):
        return output_of("dpkg-deb", "--field", PACKAGES[program], name).strip()

    def test_holds_what_it_should(self):
        for program, package in PACKAGES.items():
            listed = [line.split(maxsplit=5) for line in output_of("dpkg-deb", "--contents", package).splitlines()]
            files = {path for mode, _, _, _, _, path in listed if not mode.startswith("d")}
            self.assertEqual(files, {f"./{path}" for path in (
                f"usr/bin/{program}", f"etc/default/{program}", f"usr/lib/systemd/system/{program}.service",
                f"usr/share/man/man1/{program}.1.gz", f"usr/share/bash-completion/completions/{program}",
                f"usr/share/zsh/vendor-completions/_{program}", f"usr/share/fish/vendor_completions.d/{program}.fish",
                f"usr/share/doc/{program}/copyright", f"usr/share/doc/{program}/changelog.gz",
            )})
            for mode, owner, _, _, _, path in listed:
                self.assertEqual(owner, "root/root")
                self.assertEqual(mode, "-rwxr-xr-x" if path == f"./usr/bin/{program}" else
                                 "drwxr-xr-x" if mode.startswith("d") else "-rw-r--r--", path)

    def test_says_what_it_is(self):
        for program in PROGRAMS:
            version = re.search(r"version (\S+)", output_of(binary_of(program), "--version"))[1]
            self.assertEqual(self.field(program, "Package"), program)
            self.assertEqual(self.field(program, "Version"), version)
            self.assertIn(f"{program} ({version}) ", (SOURCE / f"packaging/{program}/changelog").read_text())

    def test_depends_on_what_its_program_loads(self):
        for program in PROGRAMS:
            wanted = {dependency.split()[0] for dependency in self.field(program, "Depends").split(", ")}
            loaded = re.findall(r"=> (\S+)", output_of("ldd", binary_of(program)))
            needed = re.findall(r"NEEDED.*\[(.*)\]", output_of("readelf", "-d", binary_of(program)))
            paths = [path for path in loaded if pathlib.Path(path).name in needed]
            self.assertGreater(len(paths), 5)
            owners = {owner for path in paths for owner in owners_of(path)}
            # One of the libraries says itself by which name others depend on it.
            self.assertEqual({"libspdlog1.10-fmt9" if name == "libspdlog1.10" else name for name in owners} - wanted, set())

    def test_is_the_same_each_time(self):
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            one, other = (build_packages(where, SOURCE_DATE_EPOCH="1704067200") for where in (first, second))
            for program in PROGRAMS:
                self.assertEqual(one[program].read_bytes(), other[program].read_bytes(), program)

    @unittest.skipUnless(shutil.which("lintian"), "no lintian")
    def test_is_as_debian_wants_packages(self):
        found = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", *PACKAGES.values()],
                               capture_output=True, text=True)
        self.assertEqual(found.returncode, 0, found.stdout + found.stderr)


class Unit(unittest.TestCase):
    def test_leaves_little_to_be_misused(self):
        for program in PROGRAMS:
            shown = output_of("systemd-analyze", "security", "--offline=true", "--no-pager",
                              SOURCE / f"packaging/{program}/{program}.service")
            exposure = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", shown)[1])
            self.assertLess(exposure, 1.5, shown)

    def test_waits_longer_than_its_program_needs_to_stop(self):
        [seconds] = re.findall(r"most_seconds_to_stop = (\d+);", (SOURCE / "agent/shell/run.cpp").read_text())
        self.assertGreater(int(unit_of("swarm-sd")["Service"]["TimeoutStopSec"][0].rstrip("s")), int(seconds))


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

    def __init__(self, machine, program, user, task):
        self.machine, self.program, self.task = machine, program, task
        self.systemd = Systemd(machine / "tmp/notify.sock")
        self.calls = machine / f"tmp/{program}.strace"
        self.calls.touch()
        self.calls.chmod(0o666)
        unit = unit_of(program)["Service"]
        variables = {"PATH": "/usr/bin:/bin", "NOTIFY_SOCKET": "/tmp/notify.sock",
                     "WATCHDOG_USEC": str(int(unit["WatchdogSec"][0].rstrip("s")) * 1_000_000)}
        for line in (machine / unit["EnvironmentFile"][0]).read_text().splitlines():
            if line and not line.startswith("#"):
                name, value = line.split("=", 1)
                variables[name] = shlex.split(value)[0]
        state = machine / f"var/lib/{unit['StateDirectory'][0]}"
        state.mkdir(mode=int(unit["StateDirectoryMode"][0], 8))
        os.chown(state, *user["owner"])
        command = [word for words in unit["ExecStart"][0].split()
                   for word in (variables["ARGS"].split() if words == "$ARGS" else [words])]
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "/usr/sbin/chroot", str(machine.root), "setpriv", *user["become"],
             "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all",
             "strace", "-D", "-f", "-qq", "-o", f"/tmp/{program}.strace", *command],
            env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        text, _ = self.process.communicate(timeout=PATIENCE)
        self.systemd.until("STOPPING=1")
        self.systemd.socket.close()
        return self.process.returncode, text.decode()

    def system_calls(self):
        return set(re.findall(r"(?m)^\d+ +([a-z0-9_]+)\(", self.calls.read_text()))


def allowed_calls(unit):
    """Names that the unit's SystemCallFilter lets through."""
    def expanded(names):
        found = set()
        for name in names:
            if name.startswith("@"):
                inner = output_of("systemd-analyze", "syscall-filter", "--no-pager", name).splitlines()
                found |= expanded({line.strip() for line in inner[1:] if line.strip() and not line.strip().startswith("#")})
            else:
                found.add(name)
        return found

    allowed = set()
    for line in unit["Service"]["SystemCallFilter"]:
        if line.startswith("~"):
            allowed -= expanded(line[1:].split())
        else:
            allowed |= expanded(line.split())
    return allowed


def get(port, path):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
        return answer.read().decode()


@unittest.skipIf(os.getuid() != 0 and "CI" not in os.environ, "needs root")
class Installed(unittest.TestCase):
    def setUp(self):
        self.machine = Machine()
        self.addCleanup(self.machine.remove)
        (self.machine / "tmp/packages").mkdir()
        for package in PACKAGES.values():
            shutil.copy(package, self.machine / "tmp/packages")
        self.before = self.machine.files()
        self.installed = self.machine.run("dpkg", "--install", *self.packages())

    def packages(self):
        return [f"/tmp/packages/{path.name}" for path in (self.machine / "tmp/packages").iterdir()]

    def run_engine(self):
        """A simulated swarm behind the usual socket, which belongs to the group docker."""
        path = self.machine / "run/docker.sock"
        engine = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", BUILD / "bench/swarm_sim", "--socket", path,
                                   "--seconds-per-change", "0"])
        self.addCleanup(engine.wait)
        self.addCleanup(engine.terminate)
        limit = time.monotonic() + PATIENCE
        while not path.exists() and time.monotonic() < limit:
            time.sleep(0.01)
        os.chown(path, 0, int(self.machine.run("getent", "group", "docker").split(":")[2]))
        os.chmod(path, 0o660)

    def check_service(self, service, words):
        self.addCleanup(service.process.kill)
        try:
            self.assertEqual(service.systemd.until(f"STATUS={words}")[0], "READY=1")
        except TimeoutError:
            service.process.kill()
            self.fail(service.process.communicate()[0].decode())

    def check_stopped(self, service):
        code, text = service.stop()
        self.assertEqual(code, 0, text)
        calls = service.system_calls()
        self.assertIn("sendto", calls)
        self.assertEqual(calls - allowed_calls(unit_of(service.program)), set())

    def test_units_are_understood(self):
        for program in PROGRAMS:
            self.assertEqual(self.machine.run("systemd-analyze", "verify", f"{program}.service"), "")
            self.assertTrue((self.machine / f"etc/systemd/system/multi-user.target.wants/{program}.service").is_symlink())

    def test_agent_serves(self):
        if not shutil.which("strace") or not (BUILD / "bench/swarm_sim").exists():
            self.skipTest("needs strace and bench/swarm_sim")
        self.run_engine()
        entry = self.machine.run("getent", "passwd", "swarm-sd").split(":")
        self.assertEqual((entry[5], entry[6].strip()), ("/nonexistent", "/usr/sbin/nologin"))
        owner = (int(entry[2]), int(entry[3]))
        service = Service(self.machine, "swarm-sd", {
            "owner": owner, "become": ["--reuid", "swarm-sd", "--regid", "swarm-sd", "--init-groups"]}, self)
        self.check_service(service, "ready")
        file = self.machine / "var/lib/swarm-sd/swarm-endpoints.json"
        self.assertEqual(sum(len(group["targets"]) for group in json.loads(file.read_text())), 6)
        self.assertEqual((file.stat().st_uid, file.stat().st_mode & 0o777), (owner[0], 0o644))
        self.assertIn("swarm_sd_ready 1\n", get(9819, "/metrics"))
        self.machine.run("swarm-sd", "health")
        self.machine.run("setpriv", "--reuid", "nobody", "--clear-groups", "swarm-sd", "check",
                         "/var/lib/swarm-sd/swarm-endpoints.json")
        service.process.send_signal(signal.SIGHUP)
        lines = service.systemd.until("READY=1")
        self.assertEqual(lines[0], "RELOADING=1")
        service.systemd.until("STATUS=ready")
        self.check_stopped(service)

    def test_accountservice_serves(self):
        if not shutil.which("strace"):
            self.skipTest("needs strace")
        # systemd would take a user that nobody else has.
        service = Service(self.machine, "accountservice", {
            "owner": (61184, 61184), "become": ["--reuid", "61184", "--regid", "61184", "--clear-groups"]}, self)
        self.check_service(service, "serving")
        self.assertEqual(json.loads(get(6767, "/accounts/10000"))["id"], "10000")
        self.machine.run("accountservice", "health")
        self.check_stopped(service)
        self.assertTrue((self.machine / "var/lib/accountservice/accounts.db").exists())

    def test_an_update_keeps_settings(self):
        settings = self.machine / "etc/default/swarm-sd"
        settings.write_text("ARGS=--log.level=debug\n")
        self.machine.run("dpkg", "--install", *self.packages())
        self.assertEqual(settings.read_text(), "ARGS=--log.level=debug\n")
        self.assertEqual(self.machine.run("dpkg", "--verify", *PROGRAMS).split(), ["??5??????", "c", "/etc/default/swarm-sd"])

    def test_says_what_is_missing_where_there_is_no_group_docker(self):
        self.assertNotIn("adduser", self.installed)
        self.machine.run("groupdel", "docker")
        self.assertIn("adduser swarm-sd docker", self.machine.run("dpkg", "--install", *self.packages()))

    def test_leaves_nothing_when_purged(self):
        self.assertIn("usr/bin/swarm-sd", self.machine.files())
        for state in ("swarm-sd/swarm-endpoints.json", "private/accountservice/accounts.db"):
            path = self.machine / f"var/lib/{state}"
            path.parent.mkdir(parents=True)
            path.touch()
        self.machine.run("dpkg", "--remove", *PROGRAMS)
        self.assertFalse((self.machine / "usr/bin/swarm-sd").exists())
        self.assertTrue((self.machine / "etc/default/swarm-sd").exists())
        self.assertTrue((self.machine / "var/lib/swarm-sd/swarm-endpoints.json").exists())
        self.machine.run("dpkg", "--purge", *PROGRAMS)
        left = self.machine.files() - self.before
        # The user stays, as is usual in Debian: its number must not become somebody else's.
        self.assertEqual({name for name in left if not re.fullmatch(r"etc/(\.pwd\.lock|(passwd|group|shadow|gshadow|sub[ug]id)-?)", name)},
                         set())
        left = [str(path.relative_to(self.machine.root)) for place in ("etc", "usr/lib/systemd", "var/lib")
                for path in (self.machine / place).rglob("*") if re.search("swarm-sd|accountservice", path.name)]
        self.assertEqual(left, [])


def binary_of(program):
    return BUILD / {"swarm-sd": "agent", "accountservice": "instrumented_service"}[program] / program


def run(*command):
    subprocess.run(list(map(str, command)), check=True)


if __name__ == "__main__":
    BUILD = pathlib.Path(sys.argv[1]).resolve()
    # Mounts and ports of its own, which end with it.
    if os.getuid() == 0 and "--inside" not in sys.argv:
        os.execvp("unshare", ["unshare", "--mount", "--net", "--propagation", "private",
                              sys.executable, "-B", __file__, str(BUILD), "--inside", *sys.argv[2:]])
    if os.getuid() == 0:
        run("ip", "link", "set", "lo", "up")
    with tempfile.TemporaryDirectory() as built:
        PACKAGES = build_packages(built)
        unittest.main(argv=[sys.argv[0], *(word for word in sys.argv[2:] if word != "--inside")])
