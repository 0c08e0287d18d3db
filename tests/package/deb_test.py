#!/usr/bin/python3
"""The Debian packages: what is in them; installed, run as their services run them, and removed, on a copy of this machine
that is written to memory and vanishes with the test.

    deb_test.py BUILD
"""

import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import urllib.request

from machine import (
    PATIENCE, PROGRAMS, SOURCE, Machine, Service, build_packages, enter_namespaces, output_of, run, start_engine, unit_of,
)

DATE = "1704067200"

# systemd_test.py has systemd run the services. Here the unit's command is run as its user with its environment, so that what it
# tells, and each of its system calls, can be seen.


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
                f"usr/share/doc/{program}/sbom.spdx.json", f"usr/share/doc/{program}/copyright", f"usr/share/doc/{program}/changelog.gz",
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
            self.assertIn(f"{program} ({version}) ", (SOURCE / f"deploy/packages/{program}/changelog").read_text())

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

    def test_says_what_its_program_is_made_of(self):
        for program in PROGRAMS:
            with tempfile.TemporaryDirectory() as where:
                run("dpkg-deb", "--extract", PACKAGES[program], where)
                bill = json.loads(pathlib.Path(where, f"usr/share/doc/{program}/sbom.spdx.json").read_text())
                [listed] = [entry for entry in bill["files"] if entry["fileName"] == f"./{program}"]
                contents = pathlib.Path(where, f"usr/bin/{program}").read_bytes()
                self.assertIn({"algorithm": "SHA256", "checksumValue": hashlib.sha256(contents).hexdigest()},
                              listed["checksums"])

    def test_is_the_same_each_time(self):
        with tempfile.TemporaryDirectory() as where:
            again = build_packages(BUILD, where, SOURCE_DATE_EPOCH=DATE)
            for program in PROGRAMS:
                self.assertEqual(again[program].read_bytes(), PACKAGES[program].read_bytes(), program)

    @unittest.skipUnless(shutil.which("lintian"), "no lintian")
    def test_is_as_debian_wants_packages(self):
        found = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", *PACKAGES.values()],
                               capture_output=True, text=True)
        self.assertEqual(found.returncode, 0, found.stdout + found.stderr)


class Unit(unittest.TestCase):
    def test_leaves_little_to_be_misused(self):
        for program in PROGRAMS:
            shown = output_of("systemd-analyze", "security", "--offline=true", "--no-pager",
                              SOURCE / f"deploy/packages/{program}/{program}.service")
            exposure = float(re.search(r"Overall exposure level for \S+: ([0-9.]+)", shown)[1])
            self.assertLess(exposure, 1.5, shown)

    def test_waits_longer_than_its_program_needs_to_stop(self):
        [seconds] = re.findall(r"most_seconds_to_stop = (\d+);", (SOURCE / "agent/shell/run.cpp").read_text())
        self.assertGreater(int(unit_of("swarm-sd")["Service"]["TimeoutStopSec"][0].rstrip("s")), int(seconds))


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
        engine = start_engine(BUILD, self.machine)
        self.addCleanup(engine.wait)
        self.addCleanup(engine.terminate)
        entry = self.machine.run("getent", "passwd", "swarm-sd").split(":")
        self.assertEqual((entry[5], entry[6].strip()), ("/nonexistent", "/usr/sbin/nologin"))
        service = Service(self.machine, "swarm-sd")
        self.check_service(service, "ready")
        file = self.machine / "var/lib/swarm-sd/swarm-endpoints.json"
        self.assertEqual(sum(len(group["targets"]) for group in json.loads(file.read_text())), 6)
        self.assertEqual((file.stat().st_uid, file.stat().st_mode & 0o777), (service.user, 0o644))
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
        service = Service(self.machine, "accountservice")
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


if __name__ == "__main__":
    if os.getuid() == 0:
        enter_namespaces()
    BUILD = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as built:
        PACKAGES = build_packages(BUILD, built, SOURCE_DATE_EPOCH=DATE)
        unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
