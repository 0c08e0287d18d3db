#!/usr/bin/python3
"""Every panel shows something: its queries, asked of a real Prometheus with the shipped rules, which has scraped a real
agent (on a simulated engine) and a real accountservice that had requests.

    dashboards_test.py SWARM_SD ACCOUNTSERVICE SWARM_SIM
"""

import contextlib
import pathlib
import sys
import tempfile
import unittest

import yaml

import dashboards
from processes import Process, eventually, fetch, free_port

RATE_INTERVAL = "20s"


def configuration(ports, targets):
    """That of the stack, which finds its neighbours on this machine instead."""
    shipped = yaml.safe_load((dashboards.ROOT / "deploy/prometheus/prometheus.yml").read_text())
    shipped["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    shipped["rule_files"] = [str(dashboards.ROOT / "deploy/prometheus/rules/*.yml")]
    swarm, agents, itself = shipped["scrape_configs"]
    swarm["file_sd_configs"] = [{"files": [str(targets)]}]
    swarm["static_configs"] = [
        {"targets": [f"127.0.0.1:{ports['accountservice']}"], "labels": {"task": "accountservice"}}
    ]
    del agents["dns_sd_configs"]
    agents["static_configs"] = [{"targets": [f"127.0.0.1:{ports['agent']}"]}]
    itself["static_configs"] = [{"targets": [f"127.0.0.1:{ports['prometheus']}"]}]
    return yaml.safe_dump(shipped)


def use(accountservice):
    """One request of each kind, and one that fails."""
    account = '{"id":"10000","name":"Ada"}'
    return [
        fetch(f"{accountservice}/accounts/10000")[0],
        fetch(f"{accountservice}/accounts/nobody")[0],
        fetch(f"{accountservice}/accounts", '{"name":"Grace"}')[0],
        fetch(f"{accountservice}/accounts", account, "PUT")[0],
        fetch(f"{accountservice}/graphql", '{"query":"{account(id: 10000) {name}}"}')[0],
    ]


class Panels(unittest.TestCase):
    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        home = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ports = {name: free_port() for name in ("agent", "accountservice", "prometheus")}
        self.agent = f"http://127.0.0.1:{ports['agent']}"
        self.accountservice = f"http://127.0.0.1:{ports['accountservice']}"
        self.prometheus = dashboards.Prometheus(f"http://127.0.0.1:{ports['prometheus']}")
        (home / "sd").mkdir()
        (home / "prometheus.yml").write_text(configuration(ports, home / "sd/targets.json"))
        programs = {
            "engine": [SWARM_SIM, "--socket", home / "engine.sock"],
            "agent": [
                SWARM_SD, f"--docker.host=unix://{home}/engine.sock", "--docker.task-watch=off",
                f"--output=endpoints={home}/sd/targets.json", f"--web.listen-address=127.0.0.1:{ports['agent']}",
            ],
            "accountservice": [
                ACCOUNTSERVICE, f"--db.file={home}/accounts.db",
                f"--web.listen-address=127.0.0.1:{ports['accountservice']}",
            ],
            "prometheus": [
                "prometheus", f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
                f"--web.listen-address=127.0.0.1:{ports['prometheus']}",
            ],
        }
        self.processes = {
            name: stack.enter_context(Process(command, home / f"{name}.log")) for name, command in programs.items()
        }
        for url in (f"{self.agent}/-/ready", f"{self.accountservice}/health", f"{self.prometheus.address}/-/ready"):
            self.assertTrue(eventually(lambda: fetch(url)[0] == 200), f"{url}: {self.logs()}")

    def logs(self):
        return "\n".join(one.log.read_text() for one in self.processes.values())

    def test_have_data(self):
        def empty():
            self.assertEqual(use(self.accountservice), [200, 404, 201, 200, 200])
            return dashboards.without_data(self.prometheus, RATE_INTERVAL)

        def is_filled():
            self.missing = empty()
            return not self.missing

        eventually(is_filled, 150)
        self.assertEqual(self.missing, [])


if __name__ == "__main__":
    SWARM_SD, ACCOUNTSERVICE, SWARM_SIM = sys.argv[1:4]
    unittest.main(argv=[sys.argv[0], *sys.argv[4:]])
