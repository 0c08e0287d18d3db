"""Made-up swarms as an engine lists them: everything that is allowed, and a good deal that is not."""

import json
import random

BLANKS = ("", " ", "\t", "  ")
TEXTS = ("", "a", "blue", "A b", "x,y", "ü", "größe", "名前", "🐳", "\u0000", "a\u0000b", "a\nb", "\r\n", '"', '"},{"', "\\",
         "\\\"", "</script>", "{{.Task.Slot}}", "\u2028\u2029", "\u007f\u0085\u009f", "\ufeff", "\ufffe\uffff", "\ufffd",
         "\ud800", "\udc00\ud800x", "x" * 5000, "'", "`", "%s", "true", "0", "-1")
KEYS = ("a", "b", "a.b", "a-b", "a/b", "a_b", "", "1", "__x", "__address__", "__meta_x", "Team", "ü", "名前", "a\nb", "a\"b", "\u0000",
        "com.docker.stack.namespace", "traefik.http.routers.x.rule", "instance", "job", "task", "le", "x" * 200)
OWNER_KEYS = ("scrape", "enable", "port", "network", "job", "path", "scheme", "interval", "timeout", "param.a", "param.b", "param.1",
              "param.a-b", "param.", "label.team", "label.tier", "label.a-b", "label.__x", "label.1a", "label.", "label.task",
              "label.job", "label.instance", "label._a", "label.Ab9", "label.a.b", "label.ü", "label.le", "labels.x", "Port", "ports", "",
              "io/port", "param", "label", "endpoints", "endpoints.a", "endpoints..port", "endpoints.a.")
ENDPOINT_NAMES = ("a", "b", "admin", "a-b", "a_b", "0", "A", "a b", "ü", "", "x" * 32, "x" * 33)
ENDPOINT_KEYS = OWNER_KEYS[:22]
BOOLEANS = ("true", "1", "yes", "false", "on", "0", "no", "off", "True", "YES", "oN", "FALSE", "Off", "", " true", "2", "maybe", "y")
PORTS = ("80", "8080", "9100", "80,81", "81,80", " 80 ", "80 ,\t81", "80,80", "080", "80,080", "0", "65535", "65536", "70000", "-1", "+80",
         "0x50", "1e3", "8080.0", "http", "", ",", "80,", ",80", "80,x", "x,80", "80;81", "８０", "٨٠", "99999999999999999999", "1,2,3,4,5",
         "\n80", "80\n", "80,\u0000", "\u00a080", "8080,9100,9100,8080")
PATHS = ("/metrics", "/", "//", "/a b", "/a#b", "/a?b", "?", "metrics", "", " /metrics", "/ü", "/a%20b", "/a\u0000", "/a\nb", "/a\u007f",
         "/\u0085", "http://x/", "/" + "a" * 1023, "/" + "a" * 1024, "/..;/", "/{{x}}")
SCHEMES = ("http", "https", "HTTP", "Https", "ftp", "", "http ", "https://", "unix")
DURATIONS = ("5s", "10s", "4s", "4999ms", "5000ms", "1m", "1h", "60m", "61m", "1h1ms", "2h", "1d", "1w", "1y", "292y", "293y", "99999999999y",
             "0", "0s", "0ms", "1h30m", "30m1h", "1.5s", "1s1s", "-5s", "+5s", "5", "5S", "s", "", " 5s", "5s ", "5 s", "1ms", "05s", "1m0s",
             "99999999999999999999s", "0h5s", "５s", "15s", "3s", "9223372036854ms", "106751d", "106752d")
NETWORK_LISTS = ("net-a", "net-b", "net-c", "net-b,net-a", " net-a , net-c ", "nowhere", "nowhere,net-b", "", ",", " ", "ingress", "host", "lan",
                 "ingress,net-a", "net-a,net-a", "NET-A", "net-*")
ADDRESSES = ("10.0.1.{n}/24", "10.0.2.{n}/24", "10.0.1.{n}", "fd00::{n}/64", "FD00::{n}/64", "fd00:0:0::{n}/64", "127.0.0.{n}/8", "169.254.1.{n}/16",
             "224.0.0.{n}/4", "0.0.0.0/0", "::/0", "::1/128", "fe80::{n}/10", "ff02::{n}/8", "::ffff:10.0.1.{n}/120", "::ffff:127.0.0.1/128",
             "10.0.1.0{n}/24", "10.0.1/24", "10.0.1.300/24", "", "/", "host/24", "10.0.1.{n}/99", "10.0.1.{n}/24/24", " 10.0.1.{n}/24",
             "10.0.1.{n}\u0000/24", "[fd00::{n}]/64", "fd00::{n}%eth0/64", "255.255.255.255/32", "1.2.3.4/32")
STATES = ("new", "pending", "starting", "running", "complete", "shutdown", "failed", "remove", "orphaned", "", "RUNNING", "dancing")
SERVICE_PORTS = (0, 1, 80, 81, 8080, 9100, 65535, 65536, 70000, 4294967295)
ODD_PORTS = (-1, "80", 1000.5, None, [80], 99999999999)

# Flags of the agent that each made-up swarm is judged by, besides those of the oracle's FLAG_SETS.
FLAG_CHOICES = (
    ("--select=all", "--select=labelled", None, None),
    ("--ignore-services=s1", "--ignore-services=s*", "--ignore-services=s[!0-3],x?", "--ignoredServices=s2, ,s3", None, None, None),
    ("--port-source=published", "--port-source=target", None),
    ("--default-port=9100", "--default-port=65535", None),
    ("--network=net-a", "--network=net-b,net-a", "--network=nowhere", "--network=lan,ingress", "--network=host", None, None, None),
    ("--prometheus.service=s0", "--prometheus.service=s1", "--prometheus.service=nobody", None),
    ("--meta-labels=none", "--meta-labels=service", "--meta-labels=task", "--meta-labels=task"),
)


class Maker:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.any = self.random.choice

    def chance(self, share):
        return self.random.random() < share

    def flags(self):
        return [flag for flag in map(self.any, FLAG_CHOICES) if flag]

    # --- Labels ---

    def value_for(self, key):
        """What an owner might write: mostly something that is meant, sometimes anything."""
        key = key.rpartition(".")[2] if key.startswith("endpoints.") else key
        meant = {"scrape": BOOLEANS, "enable": BOOLEANS, "port": PORTS, "network": NETWORK_LISTS, "path": PATHS,
                 "scheme": SCHEMES, "interval": DURATIONS, "timeout": DURATIONS}.get(key, TEXTS)
        if meant is PORTS and self.chance(0.2):
            return "".join(self.any(BLANKS) + self.any(PORTS) + self.any((",", ", ", "")) for _ in range(self.random.randint(1, 4)))
        if self.chance(0.5):
            return self.any(meant[:4])
        return self.any(TEXTS) if self.chance(0.05) else self.any(meant)

    def owner_label(self):
        key = self.any(OWNER_KEYS if self.chance(0.7) else OWNER_KEYS[2:12])
        if self.chance(0.3):
            key = f"endpoints.{self.any(ENDPOINT_NAMES)}.{self.any(ENDPOINT_KEYS)}"
        return self.any(("prometheus.", "prometheus.", "prometheus.io/", "Prometheus.", "prometheus-")) + key, self.value_for(key)

    def labels(self, most):
        found = [self.owner_label() for _ in range(self.random.randint(0, most))]
        found += [(self.any(KEYS), self.any(TEXTS)) for _ in range(self.random.randint(0, 4))]
        self.random.shuffle(found)
        found = dict(found)
        return found if found or self.chance(0.8) else None

    # --- Objects ---

    def port(self):
        number = lambda: self.any(ODD_PORTS) if self.chance(0.04) else self.any(SERVICE_PORTS if self.chance(0.3) else SERVICE_PORTS[2:6])
        made = {"Protocol": self.any(("tcp", "tcp", "tcp", "udp", "sctp", "TCP", "quic")), "TargetPort": number(), "PublishedPort": number(),
                "PublishMode": self.any(("ingress", "host"))}
        for key in list(made):
            if self.chance(0.05):
                del made[key]
        return made

    def ports(self):
        return [self.port() for _ in range(self.any((0, 1, 1, 1, 2, 3)))]

    def address(self):
        usual = self.any(ADDRESSES[:5]) if self.chance(0.7) else self.any(ADDRESSES)
        return usual.format(n=self.random.randint(1, 9))

    def networks(self):
        made = []
        for name, driver, ingress in (("net-a", "overlay", False), ("net-a", "overlay", False), ("net-b", "overlay", False), ("net-c", "overlay", False), ("lan", "macvlan", False),
                                      ("ingress", "overlay", True), ("host", "host", False)):
            spec = {"Name": name, "Labels": self.labels(0), "DriverConfiguration": {"Name": driver}, "Ingress": ingress,
                    "Internal": self.chance(0.3), "Scope": "swarm"}
            network = {"ID": f"id-{name}-{len(made)}", "Spec": spec}
            if self.chance(0.5):
                network["DriverState"] = {"Name": driver}
            made.append(network)
        return made

    def node(self, number):
        return {"ID": f"node-{number}", "Spec": {"Labels": self.labels(0), "Role": "worker", "Availability": self.any(("active", "drain"))},
                "Description": {"Hostname": self.any(("alpha", "", "ü")), "Platform": {"Architecture": "x86_64", "OS": "linux"}},
                "Status": {"State": self.any(("ready", "down", "unknown")), "Addr": self.address().split("/")[0]}}

    def service(self, number, networks):
        mode = self.any(({"Replicated": {"Replicas": 2}}, {"Global": {}}, {"ReplicatedJob": {}}, {"GlobalJob": {}}))
        spec = {"Name": f"s{number}", "Labels": self.labels(7), "Mode": mode,
                "TaskTemplate": {"ContainerSpec": {"Image": self.any(("image:1", "", "ü"))},
                                 "Networks": [{"Target": network["ID"]} for network in networks if self.chance(0.4)]},
                "EndpointSpec": {"Ports": self.ports()}}
        return {"ID": f"id-s{number}", "Spec": spec, "Endpoint": {"Ports": self.ports()}}

    def task(self, number, networks):
        common = self.chance(0.85)
        status = {"State": "running" if common else self.any(STATES)}
        if self.chance(0.7):
            status["ContainerStatus"] = {"ContainerID": f"c{number}"}
        if self.chance(0.4):
            status["PortStatus"] = {"Ports": self.ports()}
        task = {"ID": f"t{number}", "ServiceID": f"id-s{self.random.randint(0, 6)}", "NodeID": f"node-{self.random.randint(0, 3)}",
                "Spec": {"ContainerSpec": {"Labels": self.any((self.labels(5), self.same_labels))}}, "Status": status,
                "DesiredState": "running" if common else self.any(STATES), "NetworksAttachments": []}
        if self.chance(0.8):
            task["Slot"] = self.random.randint(0, 3)
        for network in networks:
            if self.chance(0.35):
                task["NetworksAttachments"].append(
                    {"Network": network, "Addresses": [self.address() for _ in range(self.any((0, 1, 1, 1, 2, 3)))]})
        self.random.shuffle(task["NetworksAttachments"])
        return task

    def swarm(self):
        self.same_labels = self.labels(4)
        networks = self.networks()
        made = {"services": [self.service(number, networks) for number in range(6) if self.chance(0.9)],
                "nodes": [self.node(number) for number in range(3)],
                "tasks": [self.task(number, networks) for number in range(self.random.randint(0, 24))]}
        for objects in made.values():
            self.random.shuffle(objects)
        return made


def write_swarm(maker, directory):
    directory.mkdir()
    for name, objects in maker.swarm().items():
        (directory / f"{name}.json").write_text(json.dumps(objects, ensure_ascii=True), encoding="ascii")
