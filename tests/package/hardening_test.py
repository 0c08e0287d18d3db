#!/usr/bin/python3
"""The programs are compiled and linked so that a mistake in them is hard to use: what their ELF files say, and the commands
that compiled them.

    hardening_test.py BUILD COMPILER

That indirect jumps lead to marked places only (-fcf-protection) shows in the commands alone: an ELF file is marked so where the C
library's start-up code is, and Debian 12's is not.
"""

import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import unittest

PROGRAMS = {"swarm-sd": "agent/swarm-sd", "accountservice": "instrumented_service/accountservice"}
SHIPPED = ("agent/", "instrumented_service/accounts/", "instrumented_service/http_metrics/", "instrumented_service/main.cpp",
           "proto_http/", "runtime/", "sd_writer/")
FLAGS = {"-fstack-protector-strong", "-fstack-clash-protection", "-fcf-protection=full", "-D_FORTIFY_SOURCE=3", "-fPIE"}


def output_of(*command):
    return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True).stdout


def weaknesses(binary):
    """What an ELF file lacks."""
    header = output_of("readelf", "--wide", "--file-header", binary)
    segments = re.findall(r"(?m)^  (\S+) +0x\S+ 0x\S+ 0x\S+ 0x\S+ 0x\S+ ([RWE ]{3}) 0x",
                          output_of("readelf", "--wide", "--program-headers", binary))
    dynamic = output_of("readelf", "--wide", "--dynamic", binary)
    imported = set(re.findall(r" UND (\S+?)(?:@| |$)", output_of("readelf", "--wide", "--dyn-syms", binary), re.MULTILINE))
    found = set()
    if not re.search(r"Type: +DYN ", header) or not re.search(r"\(FLAGS_1\).* PIE\b", dynamic):
        found.add("is at a fixed address")
    if "GNU_RELRO" not in dict(segments):
        found.add("relocations stay writable")
    if not re.search(r"\bBIND_NOW\b|\(FLAGS_1\).* NOW\b", dynamic):
        found.add("binds lazily")
    if "E" in dict(segments).get("GNU_STACK", "RWE"):
        found.add("has an executable stack")
    if any("W" in access and "E" in access for _, access in segments):
        found.add("has memory both writable and executable")
    if "__stack_chk_fail" not in imported:
        found.add("has no canaries")
    if not any(re.fullmatch(r"__\w+_chk", name) for name in imported - {"__stack_chk_fail"}):
        found.add("is not fortified")
    if re.search(r"\((RPATH|RUNPATH)\)", dynamic):
        found.add("looks for libraries in places of its own")
    if "(TEXTREL)" in dynamic:
        found.add("has relocations in its code")
    return found


class Programs(unittest.TestCase):
    def test_lack_nothing(self):
        for name, target in PROGRAMS.items():
            self.assertEqual(weaknesses(BUILD / target), set(), name)

    def test_would_be_found_out(self):
        """The same questions, of a program for which nothing was done."""
        with tempfile.TemporaryDirectory() as directory:
            source = pathlib.Path(directory, "weak.c")
            source.write_text("int main(void) { return 0; }\n")
            weak = pathlib.Path(directory, "weak")
            output_of(COMPILER, "-x", "c", source, "-o", weak, "-no-pie", "-fno-stack-protector",
                      "-U_FORTIFY_SOURCE", "-Wl,-z,norelro,-z,lazy,-z,execstack,-rpath,/tmp")
            self.assertEqual(weaknesses(weak), {
                "is at a fixed address", "relocations stay writable", "binds lazily", "has an executable stack",
                "has memory both writable and executable", "has no canaries", "is not fortified",
                "looks for libraries in places of its own",
            })

    def test_are_compiled_with_all_that_helps(self):
        source = re.search(r"(?m)^CMAKE_HOME_DIRECTORY:INTERNAL=(.*)$", (BUILD / "CMakeCache.txt").read_text())[1]
        seen = 0
        for command in json.loads((BUILD / "compile_commands.json").read_text()):
            file = str(pathlib.Path(command["file"]).relative_to(source)) if command["file"].startswith(source) else ""
            if file.startswith(SHIPPED):
                flags = set(shlex.split(command["command"]))
                # What goes into an archive is position independent for whoever links it.
                missing = {flag for flag in FLAGS - flags if not (flag == "-fPIE" and "-fPIC" in flags)}
                self.assertEqual(missing, set(), file)
                seen += 1
        self.assertGreater(seen, 100)


if __name__ == "__main__":
    BUILD, COMPILER = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2]
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
