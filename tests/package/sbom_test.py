#!/usr/bin/python3
"""What deploy/packages/sbom says a program is made of, held against the program: its loader, its debugging information, the
commands that linked it, and dpkg's own records.

    sbom_test.py BUILD
"""

import functools
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest
import urllib.parse

SBOM = pathlib.Path(__file__).resolve().parents[2] / "deploy/packages/sbom"
TARGETS = {"swarm-sd": "agent/swarm-sd", "accountservice": "instrumented_service/accountservice"}
HEADER_ONLY = {
    "swarm-sd": {"libboost1.81-dev", "libprotozero-dev", "libcli11-dev"},
    "accountservice": {"libboost1.81-dev", "libprotozero-dev", "libcli11-dev"},
}
LICENCE = r"(NONE|NOASSERTION|[A-Za-z0-9.+-]+( (AND|OR) [A-Za-z0-9.+-]+)*)"


def output_of(*command, **how):
    return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True, **how).stdout


@functools.cache
def bill_of(program):
    return json.loads(output_of(SBOM, BUILD, program, BUILD / TARGETS[program]))


def related(program, kind):
    """Names of the packages that the program has this relationship to."""
    names = {package["SPDXID"]: package["name"] for package in bill_of(program)["packages"]}
    return {names[relation["relatedSpdxElement"]] for relation in bill_of(program)["relationships"]
            if relation["relationshipType"] == kind}


def is_of(package, path):
    """Whether dpkg lists a file, in /usr/lib or in /lib, as the package's."""
    return {path, path.removeprefix("/usr")} & files_of(package)


@functools.cache
def files_of(package):
    return set(output_of("dpkg-query", "--listfiles", package).splitlines())


def of_each_program(check):
    @functools.wraps(check)
    def run(self):
        for program in TARGETS:
            with self.subTest(program):
                check(self, program, bill_of(program))

    return run


class Bill(unittest.TestCase):
    @of_each_program
    def test_is_spdx(self, program, bill):
        self.assertEqual((bill["spdxVersion"], bill["dataLicense"], bill["SPDXID"]),
                         ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"))
        self.assertRegex(bill["documentNamespace"], r"^https://[^#]+$")
        self.assertRegex(bill["creationInfo"]["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        elements = [element["SPDXID"] for element in [bill, *bill["packages"], *bill["files"]]]
        self.assertEqual(len(elements), len(set(elements)), "an identifier is there twice")
        for element in elements:
            self.assertRegex(element, r"^SPDXRef-[A-Za-z0-9.-]+$")
        for relation in bill["relationships"]:
            self.assertIn(relation["spdxElementId"], elements)
            self.assertIn(relation["relatedSpdxElement"], elements)
        described = [relation for relation in bill["relationships"] if relation["relationshipType"] == "DESCRIBES"]
        self.assertEqual([relation["relatedSpdxElement"] for relation in described], [f"SPDXRef-Package-{program}"])
        for package in bill["packages"]:
            self.assertTrue(package["name"] and package["versionInfo"] and package["downloadLocation"])
        for entry in bill["files"]:
            self.assertRegex(entry["fileName"], r"^(\./|/)")
            self.assertIn("SHA1", [sum_["algorithm"] for sum_ in entry["checksums"]])

    @of_each_program
    def test_names_licences_that_there_are(self, _program, bill):
        extracted = {licence["licenseId"]: licence["extractedText"] for licence in bill["hasExtractedLicensingInfos"]}
        used = set()
        for package in bill["packages"]:
            self.assertRegex(package["licenseDeclared"], f"^{LICENCE}$")
            used |= set(re.findall(r"LicenseRef-\S+", package["licenseDeclared"]))
        self.assertEqual(used, set(extracted))
        for name, text in extracted.items():
            self.assertGreater(len(text), 50, f"the text of {name}")
        declared = {package["name"]: package["licenseDeclared"] for package in bill["packages"]}
        self.assertEqual(declared["libboost1.81-dev"], "BSL-1.0")
        self.assertEqual(declared["libssl3"], "Apache-2.0")
        self.assertEqual(declared["libspdlog1.10"], "MIT")

    @of_each_program
    def test_has_what_the_loader_finds(self, program, bill):
        lines = output_of("ldd", BUILD / TARGETS[program]).splitlines()
        loaded = {word for line in lines for word in line.split() if word.startswith("/")}
        self.assertGreater(len(loaded), 5)
        files = {entry["fileName"]: entry for entry in bill["files"]}
        self.assertEqual(set(files) - {f"./{program}"}, loaded)
        for path in loaded | {f"./{program}"}:
            real = BUILD / TARGETS[program] if path.startswith(".") else pathlib.Path(path)
            digest = hashlib.sha256(real.read_bytes()).hexdigest()
            self.assertIn({"algorithm": "SHA256", "checksumValue": digest}, files[path]["checksums"])
        for path in loaded:
            owners = [name for name in related(program, "DYNAMIC_LINK") if is_of(name, os.path.realpath(path))]
            self.assertEqual(len(owners), 1, path)
        for package in related(program, "DYNAMIC_LINK"):
            self.assertTrue(any(is_of(package, os.path.realpath(path)) for path in loaded), package)

    @of_each_program
    def test_has_what_was_compiled_in(self, program, _bill):
        compiled = related(program, "STATIC_LINK")
        self.assertEqual(HEADER_ONLY[program] - compiled, set())
        # The debugging information names the files that code comes from, and their directories by number.
        directories, files = [], set()
        with subprocess.Popen(["readelf", "--debug-dump=rawline", BUILD / TARGETS[program]],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as readelf:
            for line in readelf.stdout:
                if line.startswith(" The Directory Table"):
                    directories = []
                elif match := re.fullmatch(r"  \d+\t(?:(\d+)\t)?\(.*?\): (\S+)\n", line):
                    if match[1]:
                        files.add(os.path.normpath(f"{directories[int(match[1])]}/{match[2]}"))
                    else:
                        directories.append(match[2])
        headers = {os.path.realpath(path) for path in files if path.startswith("/usr/") and os.path.isfile(path)}
        self.assertGreater(len(headers), 100)
        listed = set().union(*(files_of(package) for package in compiled))
        self.assertEqual(headers - listed, set())

    @of_each_program
    def test_leaves_out_no_static_library(self, program, _bill):
        link = output_of("ninja", "-C", BUILD, "-t", "commands", "-s", TARGETS[program])
        archives = {path for path in re.findall(r"\S+\.a\b", link) if path.startswith("/")}
        compiled = related(program, "STATIC_LINK")
        self.assertEqual([path for path in archives if not any(is_of(package, path) for package in compiled)], [])
        self.assertIn(TARGETS[program], link)

    @of_each_program
    def test_has_the_versions_that_are_installed(self, program, bill):
        for package in bill["packages"]:
            if package["name"] == program:
                version = output_of(BUILD / TARGETS[program], "--version").split()[2]
                self.assertEqual(package["versionInfo"], version)
            else:
                shown = output_of("dpkg-query", "-W", "-f", "${Version}", package["name"])
                self.assertEqual(package["versionInfo"], shown)
                [locator] = [reference["referenceLocator"] for reference in package["externalRefs"]]
                self.assertTrue(locator.startswith(f"pkg:deb/debian/{urllib.parse.quote(package['name'])}@"), locator)

    def test_is_the_same_each_time(self):
        variables = os.environ | {"SOURCE_DATE_EPOCH": "1704067200"}
        one, other = (output_of(SBOM, BUILD, "accountservice", BUILD / TARGETS["accountservice"], env=variables)
                      for _ in range(2))
        self.assertEqual(one, other)


if __name__ == "__main__":
    BUILD = pathlib.Path(sys.argv[1]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
