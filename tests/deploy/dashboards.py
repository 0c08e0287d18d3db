"""The dashboards of deploy/grafana, and what their panels ask."""

import json
import math
import pathlib
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))


def load(path):
    return json.loads(path.read_text(encoding="utf-8"))


def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries(dashboard):
    """Each panel's queries, as (panel's title, expression)."""
    return [(panel["title"], query["expr"]) for panel in panels(dashboard) for query in panel["targets"]]


def variables(dashboard):
    return [one for one in dashboard["templating"]["list"] if one["type"] == "query"]


def filled_in(expression, rate_interval):
    """An expression as Grafana sends it when `All` is chosen everywhere."""
    return (
        expression.replace("$__rate_interval", rate_interval).replace("$task", ".*").replace("$instance", ".*")
    )


class Prometheus:
    """The HTTP API of a Prometheus."""

    def __init__(self, address):
        self.address = address

    def get(self, path, **parameters):
        url = f"{self.address}{path}?{urllib.parse.urlencode(parameters, doseq=True)}"
        # Whatever proxy the environment names, this is a neighbour.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=10) as answer:
            return json.load(answer)["data"]

    def query(self, expression):
        """Value of each series, by its labels without the name."""
        return {
            tuple(sorted((k, v) for k, v in one["metric"].items() if k != "__name__")): float(one["value"][1])
            for one in self.get("/api/v1/query", query=expression)["result"]
        }

    def has_data(self, expression):
        return any(not math.isnan(value) for value in self.query(expression).values())

    def label_values(self, variable):
        """What a variable offers to choose from; variable: label_values(SELECTOR, LABEL)."""
        selector, label = variable.removeprefix("label_values(").removesuffix(")").rsplit(",", 1)
        return self.get(f"/api/v1/label/{label.strip()}/values", **{"match[]": selector})


def without_data(prometheus, rate_interval):
    """What a person would see as an empty panel or an empty list of choices."""
    found = []
    for path in FILES:
        dashboard = load(path)
        for title, expression in queries(dashboard):
            if not prometheus.has_data(filled_in(expression, rate_interval)):
                found.append(f"{path.name}: {title}: {expression}")
        for one in variables(dashboard):
            if not prometheus.label_values(filled_in(one["query"], rate_interval)):
                found.append(f"{path.name}: variable {one['name']}")
    return found
