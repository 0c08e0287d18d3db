#!/usr/bin/env python3
"""What taking a whole swarm costs the agent, beside Prometheus' own discovery, on the same simulated engine, in one run.

    bench/sync.py [--services 1000] [--replicas 100] [--rounds 3] [--no-prometheus] [--json FILE]

Each round starts swarm_sim, the agent, and Prometheus with role `tasks` of `dockerswarm_sd_configs` (whose targets are
all dropped by relabelling, as the cheapest that it can do). Of the agent it waits for the durable file, of Prometheus
for the first refresh. CPU is that of the whole process, memory its peak (VmHWM). Then the agent is left alone for
--idle seconds, and has to take a burst of changes.

Needs Debian's python3 and, for the comparison, prometheus; no root.
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

TICK = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


AGENT_PORT = free_port()
PROMETHEUS_PORT = free_port()


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=600)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Simulation:
    """The simulated engine's own paths."""

    def __init__(self, path):
        self.path = path

    def ask(self, method, target):
        connection = UnixConnection(self.path)
        connection.request(method, target)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    def counters(self):
        return self.ask("GET", "/_sim/counters")

    def change(self, kind, count, seconds):
        return self.ask("POST", f"/_sim/change?kind={kind}&count={count}&seconds={seconds}")


def requests_between(before, after):
    """By kind, without those that are the streams' business."""
    made = {kind: value["count"] - before["requests"].get(kind, {"count": 0})["count"]
            for kind, value in after["requests"].items() if kind not in ("/_ping", "/events")}
    return {kind: count for kind, count in made.items() if count}


def cpu_seconds(pid):
    """To a nanosecond where the kernel tells; sum over the threads that still run."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def whole_cpu_seconds(pid):
    """With threads that have ended, to a tick."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("no VmHWM")


@contextlib.contextmanager
def running(*command, log):
    with open(log, "w", encoding="utf-8") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(60)


def wait_for(claim, what, process, limit=600):
    end = time.monotonic() + limit
    while not claim():
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"{what}: did not come")
        time.sleep(0.02)


def samples(port):
    """Metrics as a dictionary of whole series."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in
            (line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))}


def series(port, prefix, *parts):
    """The sum of all series of that name that have these labels."""
    try:
        return sum(value for name, value in samples(port).items()
                   if name.startswith(prefix) and all(part in name for part in parts))
    except OSError:
        return 0


def writes(port):
    return series(port, "swarm_sd_file_writes_total{", 'result="written"')


def count_targets(path):
    return sum(len(group["targets"]) for group in json.loads(path.read_text()))


def measure_agent(options, home, engine, expected):
    output = home / "sd" / "targets.json"
    output.parent.mkdir()
    before = engine.counters()
    started = time.monotonic()
    command = [options.agent, "--docker.host", f"unix://{engine.path}", "--docker.task-watch", "off",
               "--output", f"endpoints={output}", "--web.listen-address", f"127.0.0.1:{AGENT_PORT}", *options.flag]
    with running(*command, log=home / "agent.log") as agent:
        wait_for(output.exists, "the agent's file", agent)
        found = {"wall": time.monotonic() - started}
        time.sleep(0.5)  # the write's own end
        found |= {"cpu": cpu_seconds(agent.pid), "peak": peak_bytes(agent.pid),
                  "calls": requests_between(before, engine.counters()), "file": output.stat().st_size}
        if count_targets(output) != expected:
            raise RuntimeError(f"{count_targets(output)} targets, not {expected}")
        if options.idle:
            measure_idle(options, engine, agent, found)
        measure_burst(options, engine, agent, found)
        found["peak_after"] = peak_bytes(agent.pid)
    return found


def measure_idle(options, engine, agent, found):
    """Between two lists: what lists cost, `cpu` says."""
    lists = engine.counters()["requests"]["/tasks"]["count"]
    wrote, cpu = writes(AGENT_PORT), cpu_seconds(agent.pid)
    time.sleep(options.idle)
    found["idle_cpu"] = (cpu_seconds(agent.pid) - cpu) / options.idle
    found["idle_writes"] = writes(AGENT_PORT) - wrote
    found["idle_lists"] = engine.counters()["requests"]["/tasks"]["count"] - lists


def measure_burst(options, engine, agent, found):
    """So many tasks are replaced within five seconds, each told by two events."""
    wrote, before, cpu = writes(AGENT_PORT), engine.counters(), cpu_seconds(agent.pid)
    lists = before["requests"]["/tasks"]["count"]
    after = engine.change("task", options.burst, 5)
    time.sleep(3)  # what was heard last is read and written, too
    found["burst_writes"] = writes(AGENT_PORT) - wrote
    found["burst_cpu_per_change"] = (cpu_seconds(agent.pid) - cpu) / options.burst
    after = engine.counters()
    made = requests_between(before, after)
    found["burst_lists"] = after["requests"]["/tasks"]["count"] - lists
    found["burst_calls_per_object"] = sum(made.values()) / (2 * options.burst)


def measure_prometheus(home, engine):
    config = home / "prometheus.yml"
    config.write_text(f"""
scrape_configs:
  - job_name: swarm
    dockerswarm_sd_configs: [{{host: 'unix://{engine.path}', role: tasks, refresh_interval: 1h}}]
    relabel_configs: [{{action: drop, source_labels: [__address__], regex: '.*'}}]
""")
    with running("prometheus", f"--config.file={config}", f"--storage.tsdb.path={home}/data",
                 f"--web.listen-address=127.0.0.1:{PROMETHEUS_PORT}", log=home / "prometheus.log") as server:
        started = time.monotonic()
        # Up, with nothing but its own start behind it, it costs a few hundredths of a second.
        wait_for(lambda: series(
            PROMETHEUS_PORT, "prometheus_sd_refresh_duration_seconds_count{", 'mechanism="dockerswarm"') >= 1, "Prometheus' refresh", server)
        return {"wall": time.monotonic() - started, "cpu": whole_cpu_seconds(server.pid),
                "peak": peak_bytes(server.pid)}


def one_round(options, number):
    with tempfile.TemporaryDirectory() as directory:
        home = pathlib.Path(directory)
        engine = Simulation(str(home / "engine.sock"))
        with running(options.sim, "--socket", engine.path, "--services", str(options.services), "--replicas",
                     str(options.replicas), "--nodes", str(options.nodes), "--seconds-per-change", "0",
                     log=home / "sim.log") as sim:
            wait_for(lambda: os.path.exists(engine.path), "the simulated engine", sim)
            found = {"agent": measure_agent(options, home, engine, options.services * options.replicas)}
            if options.prometheus:
                found["prometheus"] = measure_prometheus(home, engine)
            found["list_bytes"] = engine.counters()["requests"]["/tasks"]["bytes"] // \
                engine.counters()["requests"]["/tasks"]["count"]
    print(f"round {number}: {json.dumps(found)}", flush=True)
    return found


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=here / "build" / "release")
    parser.add_argument("--agent", help="instead of the build's own")
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--replicas", type=int, default=100)
    parser.add_argument("--nodes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=float, default=10, help="seconds; 0: not measured")
    parser.add_argument("--burst", type=int, default=1000, help="changes within 5 s")
    parser.add_argument("--flag", action="append", default=[], help="one more for the agent: --flag=--meta-labels=none")
    parser.add_argument("--no-prometheus", dest="prometheus", action="store_false")
    parser.add_argument("--json", type=pathlib.Path, help="where all figures go")
    options = parser.parse_args()
    options.agent = options.agent or str(options.build / "agent" / "swarm-sd")
    options.sim = str(options.build / "bench" / "swarm_sim")

    rounds = [one_round(options, number + 1) for number in range(options.rounds)]
    if options.json:
        options.json.write_text(json.dumps(rounds, indent=1) + "\n")

    def middle(who, what):
        return statistics.median(found[who][what] for found in rounds)

    print(f"{options.services * options.replicas} tasks, {rounds[0]['list_bytes'] / 1e6:.0f} MB of list; medians of {options.rounds}")
    for who in ("agent", "prometheus") if options.prometheus else ("agent",):
        print(f"{who:10}  sync: {middle(who, 'cpu'):.2f} s CPU, {middle(who, 'wall'):.2f} s, peak {middle(who, 'peak') / 1e6:.0f} MB")
    if options.prometheus:
        print(f"ratio       CPU {middle('prometheus', 'cpu') / middle('agent', 'cpu'):.1f}, "
              f"memory {middle('prometheus', 'peak') / middle('agent', 'peak'):.1f}")
    print(f"calls of the sync: {rounds[0]['agent']['calls']}")
    if options.idle:
        print(f"idle: {100 * middle('agent', 'idle_cpu'):.2f} % CPU, {middle('agent', 'idle_writes'):.0f} writes, "
              f"{middle('agent', 'idle_lists'):.0f} lists in {options.idle:.0f} s")
    print(f"burst of {options.burst} in 5 s: {middle('agent', 'burst_writes'):.0f} writes, "
          f"{middle('agent', 'burst_calls_per_object'):.2f} calls per changed object, "
          f"{1e6 * middle('agent', 'burst_cpu_per_change'):.0f} µs CPU per change, {middle('agent', 'burst_lists'):.0f} lists; "
          f"peak then {middle('agent', 'peak_after') / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
