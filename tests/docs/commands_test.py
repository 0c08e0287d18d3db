#!/usr/bin/python3
"""The commands of the pages do what the pages say: those that are marked `run` and `serve` (see pages.py), on a copy of this
machine on which both packages are installed, their services run, and a simulated swarm answers.

    commands_test.py BUILD [PAGE...]
"""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "package"))

import pages
from machine import PATIENCE, PROGRAMS, Machine, Service, build_packages, enter_namespaces, start_engine

# What a page takes for granted.
GRANTED = {"docs/migrate.md": "mkdir -p /etc/swarm-endpoints"}
HERE = "/root/page"


def as_pattern(shown):
    """Lines of an output; one of `…` stands for any others."""
    parts = [re.escape(part) for part in re.split(r"(?m)^…\n", shown)]
    return "(?:.*\n)*".join(parts)


class Place:
    """A machine, and what runs on it."""

    def __init__(self, build, packages, stack):
        self.stack = stack
        self.machine = Machine()
        stack.callback(self.machine.remove)
        (self.machine / "tmp/packages").mkdir()
        for package in packages.values():
            (self.machine / f"tmp/packages/{package.name}").write_bytes(package.read_bytes())
        self.machine.run("dpkg", "--install", *(f"/tmp/packages/{package.name}" for package in packages.values()))
        engine = start_engine(build, self.machine)
        stack.callback(engine.wait)
        stack.callback(engine.terminate)
        self.machine.run("mkdir", "-p", HERE)
        self.serving = {}
        for program in PROGRAMS:
            service = Service(self.machine, program)
            stack.callback(service.process.kill)
            service.systemd.until({"swarm-sd": "STATUS=ready", "accountservice": "STATUS=serving"}[program])
            self.serving[program] = lambda service=service: self.check(service.stop()[0] == 0, f"{service.program} failed")

    @staticmethod
    def check(holds, what):
        if not holds:
            raise AssertionError(what)

    def start(self, text):
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "/usr/sbin/chroot", self.machine.root, "env", f"--chdir={HERE}",
             "bash", "-euo", "pipefail", "-c", text],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)

    def run(self, text):
        with self.start(text) as process:
            output, errors = process.communicate(timeout=PATIENCE)
        self.check(process.returncode == 0, f"exit code {process.returncode}: {output}{errors}")
        return output

    def serve(self, text):
        """The last command of the block takes the place of the service that is named like its program."""
        program = text.replace("\\\n", " ").strip().splitlines()[-1].split()[0]
        self.stop(program)
        process = self.start(text)
        self.stack.callback(process.wait)
        self.stack.callback(self.kill, process)
        limit = time.monotonic() + PATIENCE
        while process.poll() is None and time.monotonic() < limit:
            if self.is_up(program):
                self.serving[program] = lambda: self.end(process)
                return
            time.sleep(0.05)
        self.kill(process)
        raise AssertionError("".join(process.communicate()))

    def is_up(self, program):
        """The agent counts as up when it has written, too, so that what follows finds its file."""
        port, page = {"swarm-sd": (9819, "/-/ready"), "accountservice": (6767, "/health")}[program]
        asked = ["curl", "--silent", "--fail", f"http://127.0.0.1:{port}{page}"]
        return subprocess.run(asked, stdout=subprocess.DEVNULL, check=False).returncode == 0

    def stop(self, program):
        self.serving.pop(program)()

    @staticmethod
    def kill(process):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def end(self, process):
        os.killpg(process.pid, signal.SIGTERM)
        output, errors = process.communicate(timeout=PATIENCE)
        # The shell around it may have been quicker.
        self.check(process.returncode in (0, -signal.SIGTERM, 128 + signal.SIGTERM), output + errors)


class Pages(unittest.TestCase):
    def test_do_what_they_say(self):
        tried = 0
        for page in pages.pages():
            name = str(page.relative_to(pages.ROOT))
            blocks = [block for block in pages.commands(page) if block.kind in ("run", "serve")]
            if not blocks or (PAGES and name not in PAGES):
                continue
            with self.subTest(name), contextlib.ExitStack() as stack:
                place = Place(BUILD, PACKAGES, stack)
                place.run(GRANTED.get(name, ":"))
                for block in blocks:
                    self.follow(place, block)
                    tried += 1
                for program in PROGRAMS:
                    place.stop(program)
        self.assertGreater(tried, 0 if PAGES else 10)

    def follow(self, place, block):
        try:
            output = place.serve(block.text) if block.kind == "serve" else place.run(block.text)
        except AssertionError as error:
            self.fail(f"{block}: {error}")
        if block.output is not None and not re.fullmatch(as_pattern(block.output), output):
            self.fail(f"{block}: it says\n{output}")


if __name__ == "__main__":
    if os.getuid() != 0:
        print("needs root")
        sys.exit(1 if "CI" in os.environ else 77)
    enter_namespaces()
    BUILD, PAGES = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    with tempfile.TemporaryDirectory() as built:
        PACKAGES = build_packages(BUILD, built)
        unittest.main(argv=sys.argv[:1])
