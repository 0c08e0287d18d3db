#!/usr/bin/env python3
"""What role `endpoints` should give for a recorded swarm: a second, independent reading of the rules.

    endpoints_oracle.py SCENARIO_DIR [flags of the agent]
    endpoints_oracle.py --update SCENARIO_DIR...

Reads services.json, tasks.json and nodes.json of the directory and prints the file_sd document the agent should
write, byte by byte. It knows the rules and the engine's JSON, and nothing of the C++ code that it is the judge of.

With --update it writes endpoints.json beside them, and endpoints.<set>.json for each set of flags in FLAG_SETS that
makes a difference. What it writes is to be read by a person before it counts as expected.

It knows nothing of quotas (docs/limits.md).
"""

import argparse
import fnmatch
import ipaddress
import json
import pathlib
import re
import sys

NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
ENDPOINT_NAME = re.compile(r"[a-z0-9_-]{1,32}")
DURATION = re.compile(r"(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?", re.ASCII)
DURATION_UNITS = (31_536_000_000, 604_800_000, 86_400_000, 3_600_000, 60_000, 1_000, 1)
LONGEST_DURATION = (2**63 - 1) // 1_000_000  # Prometheus counts nanoseconds
LONGEST_PATH = 1024  # bytes
UNREADABLE = 2**32 - 1  # a port that is no number
SPELLINGS = ("prometheus.", "prometheus.io/")
META = "__meta_dockerswarm_"


FLAG_SETS = {
    "meta-none": ["--meta-labels=none"],
    "meta-task": ["--meta-labels=task"],
    "published": ["--port-source=published"],
    "networks": ["--network=front_net,my_network", "--network=demo_back"],
    "labelled": ["--select=labelled"],
    "default-port": ["--default-port=9100"],
    "prometheus-service": ["--prometheus.service=demo_proxy"],
    "ignore": ["--ignore-services=shop,demo_*,*-[ep]?porter", "--ignore-services=swarm-prom*"],
}

# --- Labels of the owner ---


def owner_labels(service, task):
    """Every key once: service before container, `prometheus.` before `prometheus.io/`, `scrape` before `enable`."""
    settled = {}
    for level in (service["Spec"].get("Labels"), task["Spec"].get("ContainerSpec", {}).get("Labels")):
        here = {}
        for spelling in SPELLINGS:
            for key, value in (level or {}).items():
                if key.startswith(spelling):
                    here.setdefault(key[len(spelling):], value)
        if "enable" in here:
            here.setdefault("scrape", here["enable"])
        for key, value in here.items():
            settled.setdefault(key, value)
    return settled


def boolean(text):
    if text is None:
        return None
    return {"true": True, "1": True, "yes": True, "on": True,
            "false": False, "0": False, "no": False, "off": False}.get(text.lower())


def named_endpoints(labels):
    """The settings of each endpoint, as if they were those of an unnamed one."""
    own = {}
    for key, value in labels.items():
        prefix, _, rest = key.partition(".")
        name, dot, inner = rest.partition(".")
        if prefix == "endpoints" and dot and ENDPOINT_NAME.fullmatch(name) and is_endpoint_key(inner):
            own.setdefault(name, {})[inner] = value
    if not own:
        return [labels]
    return [labels | settings for _, settings in sorted(own.items())]


def is_endpoint_key(key):
    return key in ("port", "network", "job", "path", "scheme", "interval", "timeout") or \
        key.startswith(("param.", "label."))


def milliseconds(text):
    """Length of a Prometheus duration; None when it is none, zero, or longer than Prometheus can count."""
    match = DURATION.fullmatch(text or "")
    if not match:
        return None
    length = sum(int(count) * unit for count, unit in zip(match.groups(), DURATION_UNITS) if count)
    return length if 0 < length <= LONGEST_DURATION else None


def scrape_labels(settings):
    """What the owner's settings put on a target."""
    found = {}
    if settings.get("job"):
        found["job"] = settings["job"]
    path = settings.get("path", "")
    if path.startswith("/") and "?" not in path and not re.search(r"[\x00-\x1f\x7f]", path) \
            and len(path.encode()) <= LONGEST_PATH:
        found["__metrics_path__"] = path
    if settings.get("scheme") in ("http", "https"):
        found["__scheme__"] = settings["scheme"]
    for key, value in settings.items():
        kind, _, name = key.partition(".")
        if kind == "param" and value and name and NAME.fullmatch("_" + name):
            found["__param_" + name] = value
        if kind == "label" and value and NAME.fullmatch(name) and not name.startswith("__") \
                and name not in ("task", "job", "instance"):
            found[name] = value
    found.update(times(settings))
    return found


def times(settings):
    interval, timeout = settings.get("interval"), settings.get("timeout")
    interval = interval if milliseconds(interval) else None
    timeout = timeout if milliseconds(timeout) else None
    if not interval:  # the job's is not known: one minute unless it says otherwise
        if timeout and milliseconds(timeout) > milliseconds("1m"):
            timeout = "1m"
        return {"__scrape_timeout__": timeout} if timeout else {}
    if milliseconds(interval) < milliseconds("5s"):
        interval = "5s"
    if milliseconds(interval) > milliseconds("1h"):
        interval = "1h"
    timeout = timeout or "10s"
    if milliseconds(timeout) > milliseconds(interval):
        timeout = interval
    return {"__scrape_interval__": interval, "__scrape_timeout__": timeout}


# --- Labels for relabelling ---


def sanitised(key):
    return re.sub(r"[^a-zA-Z0-9_]", "_", key)


def labels_of(prefix, labels):
    """Docker labels as Prometheus labels; of names that become equal the first one's value."""
    found = {}
    for key, value in sorted((labels or {}).items()):
        found.setdefault(META + prefix + "_label_" + sanitised(key), value)
    return found


def service_mode(service):
    mode = service["Spec"].get("Mode", {})
    return "global" if "Global" in mode else "replicated" if "Replicated" in mode else ""


def service_meta(service):
    spec = service["Spec"]
    return labels_of("service", spec.get("Labels")) | {
        META + "service_id": service["ID"],
        META + "service_name": spec["Name"],
        META + "service_mode": service_mode(service),
        META + "service_image": spec["TaskTemplate"].get("ContainerSpec", {}).get("Image", ""),
        META + "service_stack": (spec.get("Labels") or {}).get("com.docker.stack.namespace", ""),
    }


def task_meta(task, service, node):
    status = task["Status"]
    position = task["Slot"] if task.get("Slot") else task.get("NodeID", "")
    found = labels_of("container", task["Spec"].get("ContainerSpec", {}).get("Labels")) | {
        META + "task_id": task["ID"],
        META + "task_container_id": status.get("ContainerStatus", {}).get("ContainerID", ""),
        META + "task_desired_state": task["DesiredState"],
        META + "task_state": status["State"],
        META + "task_slot": str(task.get("Slot", 0)),
        META + "task_name": f"{service['Spec']['Name']}.{position}",
    }
    if node:
        description, spec = node.get("Description", {}), node["Spec"]
        found |= labels_of("node", spec.get("Labels")) | {
            META + "node_id": node["ID"],
            META + "node_hostname": description.get("Hostname", ""),
            META + "node_address": node["Status"].get("Addr", ""),
            META + "node_availability": spec.get("Availability", ""),
            META + "node_role": spec.get("Role", ""),
            META + "node_status": node["Status"]["State"],
            META + "node_platform_architecture": description.get("Platform", {}).get("Architecture", ""),
            META + "node_platform_os": description.get("Platform", {}).get("OS", ""),
        }
    return found


def network_meta(network):
    spec = network["Spec"]
    return labels_of("network", spec.get("Labels")) | {
        META + "network_id": network["ID"],
        META + "network_name": spec["Name"],
        META + "network_scope": spec.get("Scope", "swarm"),
        META + "network_internal": str(bool(spec.get("Internal"))).lower(),
        META + "network_ingress": str(bool(spec.get("Ingress"))).lower(),
    }


def port_meta(service, port, network):
    words = ("", "ingress", "host")
    modes = sorted((number(offered.get("PublishedPort")), words.index(offered.get("PublishMode", "")))
                   for offered in service_ports(service) if is_tcp(offered) and offered.get("TargetPort") == port)
    mode = (words[modes[0][1]] if modes else "") if network else "host"
    return {META + "task_target_port": str(port), META + "task_port_publish_mode": mode}


# --- Ports ---


def service_ports(service):
    """What the swarm made of them; the wish in the spec counts for nobody."""
    return service.get("Endpoint", {}).get("Ports") or []


def number(port):
    """0 for one that is not there."""
    if port is None:
        return 0
    return port if type(port) is int and 0 <= port < UNREADABLE else UNREADABLE


def is_valid(port):
    return 1 <= port <= 65535


def is_tcp(port):
    return port.get("Protocol", "tcp") == "tcp"


def chosen_ports(settings, service, flags):
    """Pairs (what the program listens on, what is joined to the address)."""
    if "port" in settings:
        entries = [entry.strip(" \t") for entry in settings["port"].split(",")]
        numbers = [int(entry) for entry in entries if re.fullmatch(r"[0-9]+", entry)]
        return [(port, port) for port in dict.fromkeys(numbers) if is_valid(port)]
    joined = "TargetPort" if flags.port_source == "target" else "PublishedPort"
    tcp = sorted((number(port.get("TargetPort")), number(port.get(joined)))
                 for port in service_ports(service) if is_tcp(port) and number(port.get(joined)))
    if tcp:  # bad ones do not make it fall back
        return [port for port in tcp if is_valid(port[0]) and is_valid(port[1])][:1]
    return [(flags.default_port, flags.default_port)] if flags.default_port else []


# --- Addresses ---


def scrapable(text):
    """The address without its prefix length; None for one that Prometheus must not be sent to."""
    try:
        address = ipaddress.ip_address(text.split("/")[0])
    except ValueError:
        return None
    if "%" in text:
        return None
    judged = getattr(address, "ipv4_mapped", None) or address
    if judged.is_loopback or judged.is_link_local or judged.is_multicast or judged.is_unspecified:
        return None
    return address


def joined(address, text, port):
    return f"[{text}]:{port}" if address.version == 6 else f"{text}:{port}"


def is_overlay(network):
    driver = network.get("DriverState", {}).get("Name") or network["Spec"].get("DriverConfiguration", {}).get("Name")
    return driver == "overlay"


def is_host(network):
    return network["Spec"]["Name"] == "host" or network.get("DriverState", {}).get("Name") == "host"


def attachments(task):
    return [attached for attached in task.get("NetworksAttachments") or [] if attached.get("Network")]


def places(task, settings, state, flags):
    """The task's attachments that count, best first."""
    here = sorted((attached for attached in attachments(task) if not attached["Network"]["Spec"].get("Ingress")),
                  key=lambda attached: (attached["Network"]["Spec"]["Name"], attached["Network"]["ID"]))
    labelled = [name.strip(" \t") for name in settings.get("network", "").split(",")]
    wanted = [name for name in labelled if name] or flags.network
    if wanted:
        return [attached for name in wanted for attached in here if attached["Network"]["Spec"]["Name"] == name]
    if flags.prometheus_service:
        shared = {network["Target"] for service in state.services.values()
                  if service["Spec"]["Name"] == flags.prometheus_service
                  for network in service["Spec"]["TaskTemplate"].get("Networks") or []}
        return [attached for attached in here if attached["Network"]["ID"] in shared]
    return [attached for attached in here if is_overlay(attached["Network"])]


def address_of(task, settings, state, flags):
    """(network, address as text) of the first place with a usable address; None without one."""
    for attached in places(task, settings, state, flags):
        for version in (4, 6):
            for cidr in attached.get("Addresses") or []:
                address = scrapable(cidr)
                if address and address.version == version:
                    return attached["Network"], address, cidr.split("/")[0]
    return None


def node_port(task, port):
    target, joined_port = port
    offered = [number(offered.get("PublishedPort")) for offered in task["Status"].get("PortStatus", {}).get("Ports") or []
               if is_tcp(offered) and offered.get("TargetPort") == target]
    usable = [published for published in offered if is_valid(published)]
    if usable:
        return min(usable)
    return joined_port if any(is_host(attached["Network"]) for attached in attachments(task)) else None


# --- Targets ---


def whole_characters(value):
    """Halves of surrogate pairs become U+FFFD, as Prometheus reads them."""
    if isinstance(value, str):
        return re.sub("[\ud800-\udfff]", "\ufffd", value)
    if isinstance(value, list):
        return [whole_characters(element) for element in value]
    if isinstance(value, dict):
        return {whole_characters(key): whole_characters(element) for key, element in value.items()}
    return value


class State:
    def __init__(self, directory):
        def read(name):
            return whole_characters(json.loads((directory / name).read_text(encoding="utf-8")))

        self.services = {service["ID"]: service for service in read("services.json")}
        self.nodes = {node["ID"]: node for node in read("nodes.json")}
        self.tasks = read("tasks.json")


def is_serving(task):
    return task["Status"]["State"] == "running" and task["DesiredState"] in ("running", "complete")


def is_selected(service, labels, flags):
    if any(fnmatch.fnmatchcase(service["Spec"]["Name"], glob) for glob in flags.ignore_services):
        return False
    wish = boolean(labels.get("scrape"))
    return wish is True if flags.select == "labelled" else wish is not False


def targets(state, flags):
    """Pairs (target, labels), in no order."""
    for task in state.tasks:
        service = state.services.get(task.get("ServiceID"))
        if not service or not is_serving(task):
            continue
        owner = owner_labels(service, task)
        if not is_selected(service, owner, flags):
            continue
        node = state.nodes.get(task.get("NodeID"))
        for settings in named_endpoints(owner):
            own = {"task": service["Spec"]["Name"]} | scrape_labels(settings)
            for port in chosen_ports(settings, service, flags):
                place = address_of(task, settings, state, flags)
                if place:
                    network, target = place[0], joined(place[1], place[2], port[1])
                else:
                    network, target = None, node_target(task, node, port)
                if target:
                    yield target, own | meta(flags.meta_labels, service, task, node, network, port)


def node_target(task, node, port):
    text = node["Status"].get("Addr", "") if node else ""
    address, number = scrapable(text), node_port(task, port)
    return joined(address, text, number) if address and number else None


def meta(which, service, task, node, network, port):
    found = {}
    if which != "none":
        found |= service_meta(service)
    if which == "task":
        found |= task_meta(task, service, node) | port_meta(service, port[0], network)
        found |= network_meta(network) if network else {}
    return {name: value for name, value in found.items() if value}


def groups(pairs):
    """Targets with equal labels together, everything in its one order."""
    by_labels = {}
    for target, labels in pairs:
        by_labels.setdefault(tuple(sorted(labels.items())), set()).add(target)
    merged = [(sorted(members), labels) for labels, members in by_labels.items()]
    return sorted(merged, key=lambda group: (group[0][0], group[1]))


def quoted(value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return re.sub("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", lambda found: f"\\u{ord(found[0]):04x}", text)


def document(found):
    lines = [quoted({"targets": members, "labels": dict(labels)}) for members, labels in found]
    return "[\n" + ",\n".join(lines) + "\n]\n" if lines else "[]\n"


def comma_list(text):
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def parse_flags(arguments):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("scenario", type=pathlib.Path)
    parser.add_argument("--network", type=comma_list, action="extend", default=[])
    parser.add_argument("--ignore-services", "--ignoredServices", type=comma_list, action="extend", default=[])
    parser.add_argument("--select", choices=("all", "labelled"), default="all")
    parser.add_argument("--port-source", choices=("target", "published"), default="target")
    parser.add_argument("--default-port", type=int)
    parser.add_argument("--prometheus.service", dest="prometheus_service", default="")
    parser.add_argument("--meta-labels", choices=("none", "service", "task"), default="service")
    return parser.parse_args(arguments)


def expected(arguments):
    flags = parse_flags(arguments)
    return document(groups(targets(State(flags.scenario), flags))).encode("utf-8")


def update(directory):
    usual = expected([directory])
    pathlib.Path(directory, "endpoints.json").write_bytes(usual)
    for name, flags in FLAG_SETS.items():
        found, path = expected([directory, *flags]), pathlib.Path(directory, f"endpoints.{name}.json")
        if found != usual:
            path.write_bytes(found)
        else:
            path.unlink(missing_ok=True)


def main(arguments):
    if arguments[:1] == ["--update"]:
        for directory in arguments[1:]:
            update(directory)
    else:
        sys.stdout.buffer.write(expected(arguments))


if __name__ == "__main__":
    main(sys.argv[1:])
