#!/usr/bin/python3
"""The form of what Grafana is provisioned with. Whether its panels show anything: dashboards_test.py."""

import functools
import itertools
import json
import pathlib
import re
import unittest

import jsonschema
import yaml

import dashboards

GRAFANA = dashboards.ROOT / "deploy/grafana"
SCHEMA = json.loads((pathlib.Path(__file__).parent / "dashboard.schema.json").read_text(encoding="utf-8"))
ORIGINAL = [
    [f'accountservice_GetAccount{{service="{what}",quantile="{quantile}",' for quantile in ("0.5", "0.9", "0.99")]
    for what in ("duration", "size")
]


def overlap(one, other):
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


def of_each_dashboard(check):
    @functools.wraps(check)
    def run(self):
        self.assertTrue(dashboards.FILES)
        for path in dashboards.FILES:
            with self.subTest(path.name):
                check(self, path, dashboards.load(path))

    return run


class Dashboards(unittest.TestCase):
    @of_each_dashboard
    def test_are_what_grafana_reads(self, _path, dashboard):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)
        jsonschema.validate(dashboard, SCHEMA, jsonschema.Draft202012Validator)

    @of_each_dashboard
    def test_have_a_name_that_stays(self, path, dashboard):
        self.assertEqual(dashboard["uid"], path.stem)

    @of_each_dashboard
    def test_have_panels_that_lie_beside_each_other(self, _path, dashboard):
        numbers = [panel["id"] for panel in dashboard["panels"]]
        self.assertEqual(len(numbers), len(set(numbers)))
        for panel in dashboard["panels"]:
            self.assertLessEqual(panel["gridPos"]["x"] + panel["gridPos"]["w"], 24, panel["title"])
        for one, other in itertools.combinations(dashboard["panels"], 2):
            self.assertFalse(overlap(one["gridPos"], other["gridPos"]), f"{one['title']}, {other['title']}")

    @of_each_dashboard
    def test_use_variables_that_exist(self, _path, dashboard):
        known = {one["name"] for one in dashboard["templating"]["list"]} | {"__rate_interval"}
        asked = [query for _, query in dashboards.queries(dashboard)]
        asked += [one["query"] for one in dashboard["templating"]["list"]]
        for expression in asked:
            self.assertLessEqual(set(re.findall(r"\$(\w+)", expression)), known, expression)

    @of_each_dashboard
    def test_tell_their_lines_apart(self, _path, dashboard):
        for panel in dashboards.panels(dashboard):
            if panel["type"] == "timeseries":
                legends = [query["legendFormat"] for query in panel["targets"]]
                self.assertEqual(len(legends), len(set(legends)), panel["title"])
                self.assertNotIn("", legends, panel["title"])

    def test_begin_with_the_two_panels_of_the_original(self):
        first_two = dashboards.panels(dashboards.load(GRAFANA / "dashboards/services.json"))[:2]
        for panel, wanted in zip(first_two, ORIGINAL):
            asked = [query["expr"] for query in panel["targets"]]
            self.assertEqual(len(asked), len(wanted))
            for expression, beginning in zip(asked, wanted):
                self.assertTrue(expression.startswith(beginning), expression)


class Provisioning(unittest.TestCase):
    def test_names_the_prometheus_of_the_stack(self):
        (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())["datasources"]
        self.assertEqual((source["type"], source["url"]), ("prometheus", "http://prometheus:9090"))
        self.assertTrue(source["isDefault"], "the dashboards' variable takes the default")
        scraped_every = yaml.safe_load((dashboards.ROOT / "deploy/prometheus/prometheus.yml").read_text())["global"]
        self.assertEqual(source["jsonData"]["timeInterval"], scraped_every["scrape_interval"])

    def test_reads_dashboards_from_files(self):
        (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/swarm-sd.yml").read_text())["providers"]
        self.assertEqual((provider["type"], provider["options"]["path"]), ("file", "/etc/grafana/dashboards"))


if __name__ == "__main__":
    unittest.main()
