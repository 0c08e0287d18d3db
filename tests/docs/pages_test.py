#!/usr/bin/python3
"""Pages lead where they say, tell of what there is, and their commands are ones that can be given.

    pages_test.py SWARM_SD ACCOUNTSERVICE
"""

import json
import pathlib
import re
import subprocess
import sys
import unittest

import yaml

import pages
from pages import ROOT

TROUBLESHOOTING = ROOT / "docs/troubleshooting.md"


def section(page, heading):
    """Text below a heading, up to the next of its rank."""
    rank = heading.split()[0]
    text = page.read_text(encoding="utf-8")
    start = text.index(f"\n{heading}\n")
    end = re.compile(rf"^#{{1,{len(rank)}}} ", re.MULTILINE).search(text, start + len(heading) + 2)
    return text[start:end.start() if end else len(text)]


def first_cells(text):
    """Names in the first column of a section's tables."""
    return [name for row in re.findall(r"(?m)^\| (`[^|]*) \|", text) for name in re.findall(r"`([^`]+)`", row)]


def words_of(path, pattern):
    """The string literals in the part of a source file that a pattern finds."""
    [part] = re.findall(pattern, (ROOT / path).read_text(), re.DOTALL)
    return re.findall(r'"([a-z_]+)"', part)


class Links(unittest.TestCase):
    def test_lead_to_files_and_headings_that_there_are(self):
        broken, seen = [], 0
        for page in pages.pages():
            for link in pages.links(page):
                if re.match(r"[a-z]+:", link):
                    continue
                seen += 1
                name, _, anchor = link.partition("#")
                target = (page.parent / name).resolve() if name else page
                if not target.exists():
                    broken.append(f"{page.relative_to(ROOT)}: {link}: no such file")
                elif anchor and target.suffix == ".md" and anchor not in pages.anchors(target):
                    broken.append(f"{page.relative_to(ROOT)}: {link}: no such heading")
        self.assertEqual(broken, [])
        self.assertGreater(seen, 50)

    def test_every_page_is_led_to_from_the_readme(self):
        reached, new = set(), {ROOT / "README.md"}
        while new:
            page = new.pop()
            reached.add(page)
            for link in pages.links(page):
                target = (page.parent / link.partition("#")[0]).resolve()
                if target.suffix == ".md" and target.exists() and target not in reached:
                    new.add(target)
        documentation = {page for page in pages.pages() if page.parent in (ROOT, ROOT / "docs")}
        self.assertEqual({str(page.relative_to(ROOT)) for page in documentation - reached}, set())


class Commands(unittest.TestCase):
    def each(self):
        for page in pages.pages():
            yield from pages.commands(page)

    def test_are_classified(self):
        unknown = [str(block) for block in self.each() if block.kind not in pages.KINDS]
        self.assertEqual(unknown, [], "what is to happen with these commands? See pages.py")

    def test_are_run_by_the_test_that_is_named(self):
        for block in self.each():
            if block.kind != "swarm":
                continue
            test = ROOT / block.mark.split()[1]
            self.assertTrue(test.exists(), f"{block}: {test}")
            if test.name == "stack_test.py":
                # It runs all of that page.
                page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
                self.assertIn(block.text, page, str(block))
            else:
                self.assertIn(block.text.split()[0], test.read_text(), str(block))

    def test_are_understood_by_the_shell(self):
        for block in self.each():
            checked = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True, check=False)
            self.assertEqual(checked.stderr, "", str(block))

    def test_have_flags_that_there_are(self):
        for name, program in PROGRAMS.items():
            text = subprocess.run([program, "--help"], stdout=subprocess.PIPE, text=True, check=True).stdout
            known = {flag for flags in re.findall(r"(?m)^  (-\S+)", text) for flag in flags.split(",")}
            for block in self.each():
                joined = block.text.replace("\\\n", " ")
                for arguments in re.findall(rf"(?m)(?<![\w/-]){name} ([^|&;#\n]*)", joined):
                    used = set(re.findall(r"(?<!\S)(--[\w.-]+)", arguments))
                    if "docker " in joined or re.search(r"\b(systemctl|apt-get|journalctl|deploy/image|deploy/packages/sbom|cmake)\b", joined):
                        used &= {flag for flag in used if "." in flag}
                    self.assertEqual(used - known, set(), str(block))

    def test_name_files_and_presets_that_there_are(self):
        presets = {preset["name"] for preset in json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]}
        for block in self.each():
            for path in re.findall(r"(?<![\w/.-])((?:deploy|scripts|tests)/[\w./-]+)", block.text):
                self.assertTrue((ROOT / path).exists(), f"{block}: {path}")
            for preset in re.findall(r"--preset[ =](\w+)", block.text):
                self.assertIn(preset, presets, str(block))


class Troubleshooting(unittest.TestCase):
    def test_has_every_alert(self):
        alerts = [rule["alert"] for path in sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
                  for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"] if "alert" in rule]
        self.assertGreater(len(alerts), 20)
        self.assertEqual(sorted(first_cells(section(TROUBLESHOOTING, "## Alerts, one by one"))), sorted(alerts))

    def test_has_every_reason_to_skip_a_task(self):
        words = words_of("agent/core/skip_counts.hpp", r"to_string\(skip_reason reason\)(.*?)return")
        told = re.findall(r"(?m)^\| `(\w+)` \|", section(TROUBLESHOOTING, "### 2. Look the reason up"))
        self.assertEqual(sorted(told), sorted(words))

    def test_names_the_rule_of_each(self):
        rules = set(re.findall(r"(?m)^\| `\w+` \| `([\w-]+)` \|", section(TROUBLESHOOTING, "### 2. Look the reason up")))
        header = (ROOT / "agent/core/rule_trace.hpp").read_text()
        [declared] = re.findall(r"std::string rule; +///< (.*?)std::string saw", header, re.DOTALL)
        self.assertEqual(rules - set(re.findall(r"`([\w-]+)`", declared)), {"service"})

    def test_has_every_label_without_effect(self):
        words = words_of("agent/core/skip_counts.hpp", r"to_string\(bad_label reason\)(.*?)return")
        text = section(TROUBLESHOOTING, "### 3. It is a target, but its labels have no effect")
        self.assertEqual(sorted(first_cells(text)), sorted(words))

    def test_has_every_reason_of_a_failed_read(self):
        text = section(TROUBLESHOOTING, "## The agent is not ready")
        listed = re.search(r"Reasons of `read_failure_reasons_total`:(.*?)\n\n", (ROOT / "docs/metrics.md").read_text(), re.DOTALL)
        reasons = re.findall(r"`([a-z_]+)`", listed[1])
        self.assertGreater(len(reasons), 10)
        self.assertEqual(sorted(re.findall(r"(?m)^\| `([a-z_]+)` \|", text)), sorted(reasons))

    def test_has_every_reason_not_to_be_ready(self):
        text = section(TROUBLESHOOTING, "## The agent is not ready")
        reasons = re.findall(r'return "([^"]+)";', (ROOT / "agent/core/readiness.hpp").read_text())
        self.assertEqual(len(reasons), 3)
        for reason in reasons:
            self.assertIn(f"| `{reason}` |", text)


if __name__ == "__main__":
    PROGRAMS = {pathlib.Path(path).name: path for path in sys.argv[1:3]}
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
