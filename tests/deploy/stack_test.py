#!/usr/bin/python3
"""deploy/stack.yml on a swarm of its own, as docs/deploy.md says it: each command of that page is run here.

    stack_test.py BUILD

The engine's images are made of the build, and of Debian's Prometheus; for Grafana stands a web server. Nothing else is changed
but times, which the rules and Prometheus' configuration have in minutes: a cause of each alert that can be had here is
brought about, seen to fire, and to clear.
"""

import contextlib
import json
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

import dashboards
import documentation
import private_swarm
from private_swarm import run
from processes import Process, eventually, fetch, free_port
from recording_proxy import RecordingProxy

ROOT = private_swarm.ROOT
# A group that nothing else has: only by it can the agent open the socket.
GROUP = 7777
# They tell that this machine has too little for all that runs on it, and in ten seconds instead of minutes they soon do.
OF_THE_MACHINE = {"ServiceReactorLagging", "ServiceLatencyHigh", "SwarmSdUpdatesSlow"}

PROMETHEUS_IMAGE = """
FROM localhost:5000/prometheus:1
RUN mkdir /prometheus && chown 65534:65534 /prometheus
USER 65534:65534
WORKDIR /prometheus
ENTRYPOINT ["/bin/prometheus"]
"""
# It answers what the stack asks of it: whether it is healthy, and for metrics.
GRAFANA_IMAGE = """
FROM localhost:5000/prometheus:1
RUN mkdir -p /www/api /var/lib/grafana && echo ok >/www/api/health && echo grafana_build_info 1 >/www/metrics
USER 65534:65534
ENTRYPOINT ["/bin/busybox", "httpd", "-f", "-p", "3000", "-h", "/www"]
"""
SOCKET_PROXY_IMAGE = """
FROM localhost:5000/socat:1
ENTRYPOINT ["/bin/sh", "-c", "exec socat TCP-LISTEN:2375,fork UNIX-CONNECT:/var/run/docker.sock", "proxy"]
"""


def hurry(text):
    """Rules and configurations with two seconds for a minute; what they compare stays as it is."""
    text = re.sub(r"for: \d+m\b", "for: 2s", text)
    text = re.sub(r"\[(\d+)m\]", lambda found: f"[{max(5, 2 * int(found[1]))}s]", text)
    text = re.sub(r"\[\d+h(:1m)?\]", lambda found: "[60s:1s]" if found[1] else "[60s]", text)
    text = text.replace("60 + 3 * swarm_sd_resync_interval_seconds", "10 + swarm_sd_resync_interval_seconds")
    # The interval is also the time a scrape may take, which on a busy machine is more than a second.
    text = re.sub(r"scrape_interval: \d+s", "scrape_interval: 3s", text)
    return re.sub(r"(evaluation_interval|refresh_interval): \d+s", r"\1: 1s", text)


class Stack:
    """The swarm, and the clone that its manager has."""

    def __init__(self, build):
        self.cleanup = contextlib.ExitStack()
        self.swarm = private_swarm.PrivateSwarm(managers=1, workers=1)
        self.cleanup.callback(self.swarm.down)
        self.clone = self.swarm.directory / "clone"
        shutil.copytree(ROOT / "deploy", self.clone / "deploy")
        for path in (self.clone / "deploy/prometheus").rglob("*.yml"):
            path.write_text(hurry(path.read_text()))
        self.build = build
        self.engine = self.swarm.directory / "engine.sock"
        self.proxy = RecordingProxy(self.engine, self.swarm.socket(), GROUP)
        self.cleanup.callback(self.proxy.close)
        self.variables = {"DOCKER_SOCKET": str(self.engine)}
        self.commands = documentation.commands()
        self.not_run = {(heading, number) for heading, blocks in self.commands.items() for number in range(len(blocks))}
        self.known = {}
        self.ports = {}

    def close(self):
        self.cleanup.close()

    def make_neighbours(self):
        self.swarm.make_image("localhost:5000/prometheus:1", shutil.which("prometheus"))
        self.swarm.make_image("localhost:5000/socat:1", shutil.which("socat"))
        for name, text in (
            ("prom/prometheus:v2.42.0", PROMETHEUS_IMAGE),
            ("grafana/grafana:10.4.2", GRAFANA_IMAGE),
            ("wollomatic/socket-proxy:1", SOCKET_PROXY_IMAGE),
        ):
            for node in self.swarm.nodes:
                self.swarm.docker("build", "--quiet", "--network=none", f"--tag={name}", "-", node=node, input=text)

    def make_images(self):
        """As the page's `docker build`, but of what is built already; on every node, for there is no registry."""
        self.not_run.discard(("Images", 0))
        wanted = re.findall(r"--target (\S+) --tag (\S+) ", self.commands["Images"][0])
        for node in self.swarm.nodes:
            sizes = run([ROOT / "deploy/image", self.build], env=self.swarm.environment(node))
            made = [line.split()[0] for line in sizes.splitlines()]
            assert sorted(made) == sorted(tag for _, tag in wanted), (made, wanted)
        print(sizes, end="")

    def follow_page(self, heading, number=0, **more):
        """Runs a block of a section's commands; what they export stays, as in a shell."""
        self.not_run.discard((heading, number))
        block = self.commands[heading][number].replace("/var/run/docker.sock", str(self.engine))
        environment = {**self.swarm.environment(), **self.variables, **more}
        with tempfile.TemporaryFile() as exported:
            result = subprocess.run(
                ["bash", "-c", f"set -euo pipefail\n{block}\nenv -0 >&{exported.fileno()}"], cwd=self.clone,
                env=environment, capture_output=True, text=True, check=False, pass_fds=[exported.fileno()],
            )
            assert result.returncode == 0, f"{heading}: {result.stdout}{result.stderr}"
            exported.seek(0)
            variables = dict(one.split("=", 1) for one in exported.read().decode().split("\0") if one)
        self.variables |= {name: variables[name] for name in re.findall(r"(?m)^export (\w+)=", block)}
        return result.stdout + result.stderr

    def container(self, service, node=1):
        """The one running container of a service on a node."""
        found = eventually(lambda: self.swarm.containers(f"monitoring_{service}", node), 60)
        assert len(found) == 1, (service, found)
        return found[0]

    def pid(self, container):
        """Number of a container's process, as its node counts."""
        return self.swarm.docker("inspect", "--format", "{{.State.Pid}}", container)

    def volume(self, name, node=1):
        """Where a volume's files are on this machine."""
        return pathlib.Path(
            self.swarm.docker("volume", "inspect", "--format", "{{.Mountpoint}}", f"monitoring_{name}", node=node)
        )

    def prometheus(self, node=1):
        """The API of the stack's Prometheus. The ports that a swarm publishes are of no use on a kernel without IPVS."""
        # An engine that hangs need not be asked where it is, as long as it answers.
        if node not in self.known or fetch(f"{self.known[node].address}/-/ready")[0] != 200:
            self.known[node] = dashboards.Prometheus(f"http://127.0.0.1:{self.port_to('prometheus', 9090, node)}")
            eventually(lambda: fetch(f"{self.known[node].address}/-/ready")[0] == 200)
        return self.known[node]

    def port_to(self, service, port, node):
        """A port of this machine that reaches one of a service's container."""
        container = self.container(service, node)
        if container not in self.ports:
            path = self.swarm.directory / f"to-{container}"
            local, log = free_port(), self.swarm.directory / "socat.log"
            inner = ["socat", f"UNIX-LISTEN:{path},fork", f"TCP:127.0.0.1:{port}"]
            self.cleanup.enter_context(Process(self.swarm.in_network_of(container, *inner, node=node), log))
            outer = ["socat", f"TCP-LISTEN:{local},bind=127.0.0.1,fork", f"UNIX-CONNECT:{path}"]
            self.cleanup.enter_context(Process(outer, log))
            self.ports[container] = local
        return self.ports[container]

    def use_accountservice(self):
        """Requests of each kind, to the replica on the first node."""
        here = self.swarm.containers("monitoring_accountservice")[0]
        address = "http://localhost:6767"
        json_body = ["--header", "Content-Type: application/json", "--data"]
        for arguments in (
            [f"{address}/accounts/10000"],
            [f"{address}/accounts/nobody"],
            [f"{address}/accounts", *json_body, '{"name":"Grace"}'],
            [f"{address}/accounts", *json_body, '{"id":"10000","name":"Ada"}', "--request", "PUT"],
            [f"{address}/graphql", *json_body, '{"query":"{account(id: 10000) {name}}"}'],
        ):
            run(self.swarm.in_network_of(here, "curl", "--silent", *arguments))


class Deployed(unittest.TestCase):
    """One swarm for all; the tests' names give their order, and each leaves the stack as it was."""

    @classmethod
    def setUpClass(cls):
        private_swarm.require()
        cls.stack = Stack(BUILD)
        cls.addClassCleanup(cls.stack.close)
        cls.stack.make_neighbours()
        cls.stack.make_images()
        cls.stack.follow_page("The stack")

    def targets(self, node=1):
        """Health of each target, by job and service."""
        try:
            active = self.stack.prometheus(node).get("/api/v1/targets", state="active")["activeTargets"]
        except (OSError, AssertionError, RuntimeError) as error:  # it is being replaced
            return [str(error)]
        return sorted((one["labels"]["job"], one["labels"].get("task", ""), one["health"]) for one in active)

    def wait_for_targets(self, services, node=1, seconds=240):
        wanted = sorted(
            [("prometheus", "", "up"), ("swarm-sd", "", "up")]
            + [("swarm", service, "up") for service in services]
        )
        seen = None

        def is_there():
            nonlocal seen
            seen = self.targets(node)
            return seen == wanted

        self.wait_until(is_there, seconds, lambda: f"targets: {seen}")

    def logs(self):
        """Of the agents."""
        result = subprocess.run(
            ["timeout", "10", "docker", "service", "logs", "--raw", "--tail", "20", "monitoring_swarm-sd"],
            env=self.stack.swarm.environment(), capture_output=True, text=True, check=False,
        )
        return result.stdout + result.stderr

    def wait_until(self, holds, seconds, describe=lambda: ""):
        if not eventually(holds, seconds):
            self.fail(f"{describe()}\n{self.logs()}")

    def firing(self, node=1):
        try:
            alerts = self.stack.prometheus(node).get("/api/v1/alerts")["alerts"]
        except (OSError, AssertionError, RuntimeError):  # it is being replaced
            return None
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"} - OF_THE_MACHINE

    def assert_quiet(self, seconds=180):
        seen = None

        def is_quiet():
            nonlocal seen
            seen = self.firing()
            return seen == set()

        self.wait_until(is_quiet, seconds, lambda: f"still firing: {seen}")

    def assert_well(self):
        """All targets are up, and no alert fires (any more)."""
        self.wait_for_targets(self.ALL)
        self.assert_quiet()

    def assert_fire(self, *names, seconds=180, meanwhile=lambda: None):
        seen = set()

        def all_fired():
            meanwhile()
            seen.update(self.firing() or ())
            return seen >= set(names)

        self.wait_until(all_fired, seconds, lambda: f"fired: {seen}, not {names}")

    ALL = ["monitoring_accountservice"] * 3 + ["monitoring_grafana"]

    def test_01_every_target_is_up_and_no_alert_fires(self):
        self.assert_well()
        self.stack.follow_page("The stack")  # again, which changes nothing
        shown = self.stack.follow_page("The stack", 1)
        self.assertIn("monitoring_swarm-sd", shown)
        self.assertIn("msg=file_written", shown)
        self.assertFalse(eventually(self.firing, 20), "and none comes")

    def test_02_the_queries_of_the_original_are_answered(self):
        self.stack.use_accountservice()
        prometheus = self.stack.prometheus()
        for what in ("duration", "size"):
            for quantile in ("0.5", "0.9", "0.99"):
                query = f'accountservice_GetAccount{{service="{what}",quantile="{quantile}"}}'
                self.assertTrue(eventually(lambda: prometheus.has_data(query), 20), query)

    def test_03_every_panel_has_data(self):
        prometheus = self.stack.prometheus()

        def is_by_changes(panel):
            # Empty when nothing changes; dashboards_test.py has changes.
            return "From change to file" in panel or "duration of a write" in panel

        def is_filled():
            self.stack.use_accountservice()
            self.missing = [one for one in dashboards.without_data(prometheus, "20s") if not is_by_changes(one)]
            return not self.missing

        eventually(is_filled, 60)
        self.assertEqual(self.missing, [])

    def test_04_grafana_is_given_its_files(self):
        container = self.stack.container("grafana")
        for there, here in (
            ("/etc/grafana/dashboards/services.json", "grafana/dashboards/services.json"),
            ("/etc/grafana/dashboards/swarm-sd.json", "grafana/dashboards/swarm-sd.json"),
            ("/etc/grafana/provisioning/dashboards/swarm-sd.yml", "grafana/provisioning/dashboards/swarm-sd.yml"),
            ("/etc/grafana/provisioning/datasources/prometheus.yml", "grafana/provisioning/datasources/prometheus.yml"),
        ):
            seen = self.stack.swarm.docker("exec", container, "cat", there)
            self.assertEqual(seen, (self.stack.clone / "deploy" / here).read_text().strip())

    def test_05_the_agent_may_do_little_and_does_less(self):
        container = json.loads(self.stack.swarm.docker("inspect", self.stack.container("swarm-sd")))[0]
        self.assertEqual(container["Config"]["User"], f"65534:{GROUP}")
        self.assertTrue(container["HostConfig"]["ReadonlyRootfs"])
        self.assertEqual(container["HostConfig"]["CapDrop"], ["ALL"])
        self.assertFalse(container["HostConfig"]["Privileged"])
        writable = [one["Destination"] for one in container["Mounts"] if one["RW"] and one["Type"] == "volume"]
        self.assertEqual(writable, ["/etc/swarm-endpoints"])
        status = run(self.stack.swarm.inside("cat", f"/proc/{self.stack.pid(container['Id'])}/status"))
        self.assertRegex(status, r"Uid:\t65534\t65534")
        self.assertRegex(status, r"CapEff:\t0{16}\n")
        self.assertEqual({method for method, _ in self.stack.proxy.requests}, {b"GET", b"HEAD"})
        self.assertEqual({target for method, target in self.stack.proxy.requests if method == b"HEAD"}, {b"/_ping"})

    def test_06_a_service_of_ones_own_appears_and_goes(self):
        self.stack.follow_page("A service of your own")
        self.wait_for_targets([*self.ALL, "blue"])
        query = 'up{task="blue",team="blue"} == 1'
        self.wait_until(lambda: self.stack.prometheus().has_data(query), 30)
        self.assertRegex(self.stack.follow_page("A service of your own", 1), r"(?m)^  = [0-9.]+:6767$")
        self.wait_for_targets(self.ALL)

    def test_07_alerts_on_what_owners_do_and_what_goes_wrong_around_the_agent(self):
        docker = self.stack.swarm.docker
        here = self.stack.swarm.containers("monitoring_accountservice")[0]
        write = self.stack.swarm.in_network_of(
            here, "curl", "--silent", "--header", "Content-Type: application/json", "--data", '{"name":"Grace"}',
            "http://localhost:6767/accounts",
        )
        garbage = self.stack.volume("swarm-endpoints") / "broken.json"
        database = sqlite3.connect(self.stack.volume("accounts") / "accounts.db", isolation_level=None)
        self.addCleanup(database.close)

        self.assert_well()
        labels = ["prometheus.port=1", "prometheus.path=nope"]
        docker("service", "update", "--detach", *[f"--label-add={one}" for one in labels], "monitoring_grafana")
        garbage.write_text("{")
        database.execute("BEGIN EXCLUSIVE")

        def go_on():
            self.stack.proxy.cut()
            run(write)

        self.assert_fire(
            "SwarmTargetDown", "SwarmSdBadLabels", "SwarmFileUnreadable", "SwarmSdStreamFlapping", "ServiceErrorRateHigh",
            meanwhile=go_on,
        )
        database.execute("ROLLBACK")
        garbage.unlink()
        labels = ["prometheus.port", "prometheus.path"]
        docker("service", "update", "--detach", *[f"--label-rm={one}" for one in labels], "monitoring_grafana")
        self.assert_well()

    def test_08_alerts_on_a_file_that_cannot_be_written(self):
        docker = self.stack.swarm.docker
        staging = self.stack.volume("swarm-endpoints") / ".swarm-sd"
        self.assert_well()
        staging.chmod(0o500)
        docker("service", "update", "--detach", "--label-add=prometheus.label.x=y", "monitoring_accountservice")
        self.assert_fire("SwarmSdWriteFailing", "SwarmSdNotReady")
        staging.chmod(0o755)
        docker("service", "update", "--detach", "--label-rm=prometheus.label.x", "monitoring_accountservice")
        self.assert_well()

    def test_09_alerts_on_an_engine_that_hangs(self):
        self.assert_well()
        self.stack.swarm.node("freeze")
        try:
            self.assert_fire("SwarmSdNotSynced", "SwarmSdNotReady", "SwarmSdReadsFailing")
        finally:
            self.stack.swarm.node("thaw")
        self.assert_well()

    def test_10_alerts_on_an_agent_that_stands_still(self):
        self.assert_well()
        run(self.stack.swarm.inside("kill", "-STOP", self.stack.pid(self.stack.container("swarm-sd"))))
        self.assert_fire("SwarmSdDown")
        # Its health check ends it, and the swarm starts another one.
        self.assert_well()

    def test_11_alerts_on_all_targets_gone(self):
        docker = self.stack.swarm.docker
        self.assert_well()
        docker("service", "scale", "--detach", "monitoring_accountservice=0", "monitoring_grafana=0")
        self.assert_fire("SwarmSdRemovalHeldBack")
        docker("service", "scale", "--detach", "monitoring_accountservice=3", "monitoring_grafana=1")
        self.assert_well()

    def test_20_another_version_of_a_config(self):
        path = self.stack.clone / "deploy/prometheus/prometheus.yml"
        path.write_text(path.read_text() + "\n# edited\n")
        before = self.stack.container("prometheus")
        self.stack.follow_page("Changing it")
        self.assertTrue(eventually(lambda: self.stack.container("prometheus") != before, 60))
        self.wait_for_targets(self.ALL)
        seen = self.stack.swarm.docker("exec", self.stack.container("prometheus"), "cat", "/etc/prometheus/prometheus.yml")
        self.assertTrue(seen.endswith("# edited"))

    def agent_of(self, heading, **more):
        """The new agent's container, after what the page says there."""
        before = self.stack.container("swarm-sd")
        self.stack.follow_page(heading, CONFIG_VERSION="2", **more)
        self.wait_until(lambda: self.stack.swarm.containers("monitoring_swarm-sd") not in ([], [before]), 90)
        return json.loads(self.stack.swarm.docker("inspect", self.stack.container("swarm-sd")))[0]

    def test_21_with_a_socket_proxy(self):
        container = self.agent_of("With a socket proxy")
        self.wait_for_targets(self.ALL)
        self.assertEqual(container["Config"]["User"], "65534:65534")
        self.assertNotIn(str(self.stack.engine), [one.get("Source") for one in container["Mounts"]])
        self.assertIn("engine=\"tcp://socket-proxy:2375\"", self.logs())

    def test_22_with_the_task_watch(self):
        directory = self.stack.swarm.directory / "node1/exec/swarm"
        container = self.agent_of("With the task watch", DOCKER_SWARM_DIRECTORY=str(directory))
        self.assertEqual(container["Config"]["User"], "0:0")
        self.wait_for_targets(self.ALL)
        query = 'swarm_sd_feed_active{feed="task_watch"} == 1'
        self.wait_until(lambda: self.stack.prometheus().has_data(query), 30)

    def test_23_with_prometheus_on_another_node(self):
        self.stack.follow_page("Prometheus on another node", CONFIG_VERSION="2")
        self.wait_for_targets(self.ALL, node=2)
        sources = self.stack.prometheus(2).get("/api/v1/targets", state="active")["activeTargets"]
        found = [one["discoveredLabels"].get("__meta_url") for one in sources if one["scrapePool"] == "swarm"]
        self.assertEqual(set(found), {"http://tasks.swarm-sd:9819/sd/endpoints"})

    def test_30_removed(self):
        self.stack.follow_page("Removing it")
        self.assertTrue(eventually(lambda: self.stack.swarm.docker("ps", "--quiet") == "", 60))
        self.assertEqual(self.stack.not_run, set(), "every command of the page was run")


if __name__ == "__main__":
    BUILD = sys.argv[1]
    # What one test leaves broken is in the way of the next.
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], failfast=True)
