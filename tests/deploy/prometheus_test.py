#!/usr/bin/python3
"""The configuration and the rules of deploy/prometheus, as promtool sees them."""

import collections
import pathlib
import re
import subprocess
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "deploy/prometheus"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
TESTS = sorted((PROMETHEUS / "tests").glob("*_test.yml"))
SEVERITIES = {"page", "ticket", "info"}


def promtool(*arguments):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)


def rules(kind):
    """Name → rule, of all files; kind: alert or record."""
    found = {}
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            for rule in group["rules"]:
                if kind in rule:
                    found[rule[kind]] = rule
    return found


def minutes(duration):
    return int(duration.removesuffix("m"))


class Configuration(unittest.TestCase):
    def test_is_valid_and_finds_every_rule_file(self):
        configurations = sorted(PROMETHEUS.glob("*.yml"))
        self.assertEqual([path.name for path in configurations], ["prometheus-http-sd.yml", "prometheus.yml"])
        for path in configurations:
            result = promtool("check", "config", path)
            self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
            self.assertIn(f"SUCCESS: {len(RULES)} rule files found", result.stdout)

    def test_differs_only_in_how_targets_are_found(self):
        by_file, by_http = (
            yaml.safe_load((PROMETHEUS / name).read_text()) for name in ("prometheus.yml", "prometheus-http-sd.yml")
        )
        self.assertIn("file_sd_configs", by_file["scrape_configs"][0])
        self.assertIn("http_sd_configs", by_http["scrape_configs"][0])
        for configuration in (by_file, by_http):
            del configuration["scrape_configs"][0]
        self.assertEqual(by_file, by_http)


class Rules(unittest.TestCase):
    def test_are_valid(self):
        result = promtool("check", "rules", "--lint=all", "--lint-fatal", *RULES)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_do_what_their_tests_say(self):
        result = promtool("test", "rules", *TESTS)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_tell_whoever_is_woken_what_it_is_about(self):
        for name, rule in rules("alert").items():
            with self.subTest(name):
                self.assertIn(rule["labels"]["severity"], SEVERITIES)
                self.assertEqual(set(rule["annotations"]), {"summary", "description"})

    def test_of_alerts_are_all_explained(self):
        page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
        self.assertEqual(set(re.findall(r"`((?:SwarmSd|Swarm|Service)[A-Z]\w+)`", page)), set(rules("alert")))

    def test_of_alerts_are_all_seen_quiet_firing_and_over(self):
        seen = collections.defaultdict(set)
        for path in TESTS:
            for test in yaml.safe_load(path.read_text())["tests"]:
                for name in {check["alertname"] for check in test.get("alert_rule_test", [])}:
                    checks = sorted(
                        (minutes(check["eval_time"]), bool(check["exp_alerts"]))
                        for check in test["alert_rule_test"]
                        if check["alertname"] == name
                    )
                    fires = [at for at, (_, is_firing) in enumerate(checks) if is_firing]
                    if fires:
                        seen[name] |= {"firing"}
                        seen[name] |= {"quiet"} if fires[0] > 0 else set()
                        seen[name] |= {"over"} if fires[-1] + 1 < len(checks) else set()
        for name in rules("alert"):
            with self.subTest(name):
                self.assertEqual(seen[name], {"quiet", "firing", "over"})

    def test_that_record_are_all_evaluated(self):
        evaluated = {
            check["expr"]
            for path in TESTS
            for test in yaml.safe_load(path.read_text())["tests"]
            for check in test.get("promql_expr_test", [])
        }
        self.assertEqual(set(rules("record")), evaluated)


if __name__ == "__main__":
    unittest.main()
