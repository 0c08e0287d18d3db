#!/usr/bin/python3
"""The services as systemd runs them: a systemd of the test's own, as process 1 of namespaces of its own, on a copy of this
machine with the packages installed and a simulated swarm.

    systemd_test.py BUILD
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

from machine import PATIENCE, PROGRAMS, Machine, build_packages, enter_namespaces, start_engine

SYSTEMD = "/lib/systemd/systemd"
# It knows these units and no others: nothing of this machine is started a second time.
TARGETS = ("sysinit", "basic", "shutdown", "network", "network-online", "multi-user", "time-set")
UNITS = "/run/units"
# Of the kernel's settings it can read all and change none.
START = """
set -eu
mount -t proc proc "$1/proc"
mount --bind "$1/proc/sys" "$1/proc/sys"
mount -o remount,bind,ro "$1/proc/sys"
mount -t sysfs -o ro sysfs "$1/sys"
mount -t cgroup2 cgroup2 "$1/sys/fs/cgroup"
mkdir "$1/run/before"
cd "$1"
pivot_root . run/before
umount --lazy /run/before
exec env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin container=test SYSTEMD_UNIT_PATH="$2" \
  "$3" --system --unit=multi-user.target --log-target=console --log-location=no --show-status=no --default-standard-output=null
"""


class Manager:
    """systemd, and what it is asked."""

    def __init__(self, machine, log):
        self.machine = machine
        units = machine / UNITS
        units.mkdir()
        for name in TARGETS:
            (units / f"{name}.target").write_text(f"[Unit]\nDescription={name}\n")
        for program in PROGRAMS:
            shutil.copy(machine / f"lib/systemd/system/{program}.service", units)
            wanted = units / "multi-user.target.wants"
            wanted.mkdir(exist_ok=True)
            (wanted / f"{program}.service").symlink_to(f"../{program}.service")
            more = units / f"{program}.service.d"
            more.mkdir()
            (more / "test.conf").write_text(
                f"[Service]\nStandardOutput=append:/tmp/{program}.log\nStandardError=inherit\nWatchdogSec=10s\nRestartSec=0\n")
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--mount", "--cgroup", "--ipc", "--uts", "--fork", "--kill-child",
             "sh", "-c", START, "sh", machine.root, UNITS, SYSTEMD], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def end(self):
        self.process.kill()
        self.process.wait()

    def inside(self, *command):
        """What a command prints there, or nothing when it fails."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        if not children:
            return ""
        shown = subprocess.run(["nsenter", f"--target={children[0]}", "--all", *command],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        return shown.stdout if shown.returncode == 0 else ""

    def systemctl(self, *arguments):
        return self.inside("systemctl", *arguments)

    def state(self, program):
        return dict(line.split("=", 1) for line in self.systemctl("show", f"{program}.service").splitlines() if "=" in line)

    def until(self, program, **wanted):
        """Waits for these properties. @return all of them"""
        limit = time.monotonic() + PATIENCE
        while True:
            state = self.state(program)
            if all(state.get(name) == value for name, value in wanted.items()):
                return state
            if time.monotonic() > limit:
                log = self.machine / f"tmp/{program}.log"
                seen = {name: state.get(name) for name in (*wanted, "ActiveState", "Result", "ExecMainStatus")}
                raise AssertionError(f"{program}: {seen}\n{log.read_text() if log.exists() else 'no log'}")
            time.sleep(0.05)


def get(port, path):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
        return answer.read().decode()


class Services(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with contextlib.ExitStack() as stack:
            cls.machine = Machine()
            stack.callback(cls.machine.remove)
            (cls.machine / "tmp/packages").mkdir()
            with tempfile.TemporaryDirectory() as built:
                for package in build_packages(BUILD, built).values():
                    shutil.copy(package, cls.machine / "tmp/packages")
            cls.machine.run("sh", "-c", "dpkg --install /tmp/packages/*.deb")
            engine = start_engine(BUILD, cls.machine)
            stack.callback(engine.wait)
            stack.callback(engine.terminate)
            log = stack.enter_context((cls.machine / "tmp/systemd.log").open("w"))
            cls.manager = Manager(cls.machine, log)
            stack.callback(cls.manager.end)
            cls.addClassCleanup(stack.pop_all().close)

    def test_1_run(self):
        agent = self.manager.until("swarm-sd", ActiveState="active", StatusText="ready")
        self.manager.until("accountservice", ActiveState="active", StatusText="serving")
        self.assertEqual(agent["NRestarts"], "0")
        self.assertIn("swarm_sd_ready 1\n", get(9819, "/metrics"))
        self.assertEqual(json.loads(get(6767, "/accounts/10000"))["id"], "10000")
        targets = json.loads((self.machine / "var/lib/swarm-sd/swarm-endpoints.json").read_text())
        self.assertEqual(sum(len(group["targets"]) for group in targets), 6)
        self.assertTrue((self.machine / "var/lib/private/accountservice/accounts.db").exists())

    def test_2_may_do_nothing_else(self):
        for program in PROGRAMS:
            number = self.manager.state(program)["MainPID"]
            status = dict(re.findall(r"(?m)^(\w+):\t(.*)$", self.manager.inside("cat", f"/proc/{number}/status")))
            self.assertEqual({name: status[name] for name in ("CapEff", "CapPrm", "CapBnd")},
                             dict.fromkeys(("CapEff", "CapPrm", "CapBnd"), "0" * 16), program)
            self.assertEqual((status["NoNewPrivs"], status["Seccomp"]), ("1", "2"), program)
            self.assertNotEqual(status["Uid"].split()[0], "0", program)
            mounts = self.manager.inside("cat", f"/proc/{number}/mounts")
            [root] = [line.split()[3] for line in mounts.splitlines() if line.split()[1] == "/"]
            self.assertIn("ro", root.split(","), program)

    def test_3_reload(self):
        before = self.manager.state("swarm-sd")
        self.assertEqual(self.manager.systemctl("reload", "swarm-sd"), "")
        after = self.manager.until("swarm-sd", ActiveState="active", StatusText="ready")
        self.assertEqual(after["MainPID"], before["MainPID"])
        log = (self.machine / "tmp/swarm-sd.log").read_text()
        self.assertEqual(log.count("msg=started"), 2, log)

    def test_4_are_started_anew_when_they_hang(self):
        for program, words in (("swarm-sd", "ready"), ("accountservice", "serving")):
            before = self.manager.state(program)
            self.manager.inside("kill", "-STOP", before["MainPID"])
            after = self.manager.until(program, NRestarts="1", ActiveState="active", StatusText=words)
            self.assertNotEqual(after["MainPID"], before["MainPID"])

    def test_5_are_not_started_anew_with_settings_that_cannot_be_used(self):
        settings = self.machine / "etc/default/swarm-sd"
        good = settings.read_text()
        settings.write_text("ARGS=--select=some\n")
        self.manager.systemctl("restart", "swarm-sd")
        state = self.manager.until("swarm-sd", ActiveState="failed", Result="exit-code", ExecMainStatus="2")
        self.assertEqual(state["SubState"], "failed")
        settings.write_text(good)
        self.manager.systemctl("restart", "swarm-sd")
        self.manager.until("swarm-sd", ActiveState="active", StatusText="ready")

    def test_6_stop(self):
        for program in PROGRAMS:
            self.manager.systemctl("stop", program)
            self.manager.until(program, ActiveState="inactive", Result="success", ExecMainStatus="0")
        self.assertTrue((self.machine / "var/lib/swarm-sd/swarm-endpoints.json").exists())


if __name__ == "__main__":
    if os.getuid() != 0 or not pathlib.Path(SYSTEMD).exists():
        print("needs root and systemd")
        sys.exit(1 if "CI" in os.environ else 77)
    enter_namespaces()
    BUILD = pathlib.Path(sys.argv[1]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
