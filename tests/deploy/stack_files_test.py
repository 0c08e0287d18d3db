#!/usr/bin/python3
"""What can be said of the stack without an engine. Deployed for real: stack_test.py."""

import pathlib
import re
import unittest

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


def stack(name="stack.yml"):
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def version():
    return re.search(r"project\(swarm_sd VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text()).group(1)


class Stack(unittest.TestCase):
    def test_takes_the_images_of_this_version(self):
        for program in ("swarm-sd", "accountservice"):
            variable = program.replace("-", "_").upper() + "_IMAGE"
            self.assertEqual(stack()["services"][program]["image"], f"${{{variable}:-{program}:{version()}}}")
            for page in ("docs/deploy.md", "deploy/Dockerfile"):
                self.assertIn(f"--target {program} --tag {program}:{version()} ", (ROOT / page).read_text(), page)

    def test_bounds_every_service(self):
        services = stack()["services"] | {"socket-proxy": stack("stack.socket-proxy.yml")["services"]["socket-proxy"]}
        for name, service in services.items():
            with self.subTest(name):
                self.assertEqual(set(service["deploy"]["resources"]["limits"]), {"cpus", "memory"})
                self.assertIn("restart_policy", service["deploy"])
                self.assertEqual(service["cap_drop"], ["ALL"])

    def test_gives_prometheus_every_rule_and_grafana_every_dashboard(self):
        content = stack()
        for service, folder in (("prometheus", "prometheus/rules/*.yml"), ("grafana", "grafana/dashboards/*.json"),
                                ("grafana", "grafana/provisioning/*/*.yml")):
            given = {content["configs"][one["source"]]["file"] for one in content["services"][service]["configs"]}
            for path in DEPLOY.glob(folder):
                self.assertIn(str(path.relative_to(DEPLOY)), given)

    def test_names_configs_by_version_since_none_can_change(self):
        for name in ("stack.yml", "stack.http-sd.yml"):
            for config in stack(name)["configs"].values():
                self.assertTrue(config["name"].endswith("-${CONFIG_VERSION:-1}"))

    def test_mounts_directories_of_targets_and_never_a_file(self):
        for service in ("swarm-sd", "prometheus"):
            mounts = [one for one in stack()["services"][service]["volumes"] if isinstance(one, str)]
            self.assertTrue(any(one.split(":")[:2] == ["swarm-endpoints", "/etc/swarm-endpoints"] for one in mounts))


class SocketProxy(unittest.TestCase):
    """Its patterns, which are for whole paths, against the table of docs/architecture.md."""

    def setUp(self):
        command = stack("stack.socket-proxy.yml")["services"]["socket-proxy"]["command"]
        self.allowed = dict(re.findall(r"(?m)^-allow([A-Z]+)=(.*)$", "\n".join(command)))

    def allows(self, method, path):
        return bool(re.fullmatch(self.allowed.get(method, "$^"), path))

    def test_lets_every_documented_call_through(self):
        page = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
        calls = re.findall(r"(?m)^\| `(GET|HEAD) (/\S+)` \|", page)
        self.assertGreater(len(calls), 10)
        for method, path in calls:
            path = path.replace("ID", "8x0kz2mmpqmz")
            path = path if path == "/_ping" else "/v1.41" + path
            self.assertTrue(self.allows(method, path), f"{method} {path}")

    def test_lets_nothing_else_through(self):
        self.assertEqual(set(self.allowed), {"GET", "HEAD"})
        for path in ("/v1.41/secrets", "/v1.41/configs", "/v1.41/containers/x/json", "/v1.41/services/x/logs", "/v1.41/info",
                     "/v1.41/events/../secrets", "/v1.41/tasks/x/logs", "/v1.41/swarm", "/v1.41/services/create"):
            with self.subTest(path):
                # `create` reads as an ID, which GET only looks up.
                self.assertEqual(self.allows("GET", path), path.endswith("/create"))


if __name__ == "__main__":
    unittest.main()
