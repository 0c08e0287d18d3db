#!/usr/bin/env python3
"""Holds the agent's rules against the oracle's, over recorded and made-up swarms, and all files against promtool.

    compare.py --program LISTS_TO_FILE --scenarios DIRECTORY [--seeds COUNT] [--first SEED]

A disagreement is shown with the seed and the flags that make it again. With CI=true promtool must be there.
"""

import argparse
import difflib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "testdata"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import endpoints_oracle  # noqa: E402
import random_swarm  # noqa: E402

MOST_SHOWN = 5
# Besides the oracle's own sets, over the recorded swarms.
MORE_FLAGS = (
    ["--network=my_network"],
    ["--network=demo_back,front_net", "--meta-labels=task"],
    ["--port-source=published", "--default-port=9100", "--meta-labels=none"],
    ["--select=labelled", "--meta-labels=task"],
    ["--prometheus.service=demo_proxy", "--port-source=published", "--meta-labels=none"],
    ["--prometheus.service=nobody"],
)
OTHER_ROLES = ("tasks", "services", "nodes", "containers")


def run(program, jobs):
    lines = "".join("\t".join(job) + "\n" for job in jobs)
    return subprocess.run([program], input=lines.encode(), stdout=subprocess.PIPE, check=True)


def cases(arguments, work):
    """(directory, flags): each recorded swarm by each set of flags, each made-up one by two of them and by its own."""
    sets = [[], *endpoints_oracle.FLAG_SETS.values()]
    for scenario in sorted(arguments.scenarios.iterdir()):
        for flags in [*sets, *MORE_FLAGS]:
            yield scenario, flags
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        maker = random_swarm.Maker(seed)
        directory = work / f"seed-{seed}"
        random_swarm.write_swarm(maker, directory)
        for flags in ([], sets[seed % len(sets)], maker.flags(), maker.flags()):
            yield directory, flags


def differences(all_cases):
    """How many there are; shows the first ones."""
    count = 0
    for directory, flags, file in all_cases:
        wanted, found = endpoints_oracle.expected([str(directory), *flags]), file.read_bytes()
        if wanted == found:
            continue
        count += 1
        if count <= MOST_SHOWN:
            print(f"{directory.name} {' '.join(flags)}")
            sys.stdout.writelines(line + "\n" for line in difflib.unified_diff(
                wanted.decode().splitlines(), found.decode().splitlines(), "oracle", "agent", lineterm="", n=0))
    return count


def promtool_accepts(work):
    """Whether Prometheus takes every file there is: promtool reads all files that a configuration names."""
    promtool = shutil.which("promtool")
    if not promtool:
        print("no promtool: the files were not shown to it")
        return os.environ.get("CI") != "true"
    config = work / "prometheus.yml"
    # With the intervals that Prometheus has by default.
    config.write_text(f"scrape_configs:\n- job_name: all\n  file_sd_configs:\n  - files: ['{work}/*.json']\n")
    judged = subprocess.run([promtool, "check", "config", config], capture_output=True, text=True)
    if judged.returncode != 0:
        print(judged.stdout[-2000:], judged.stderr[-2000:])
    return judged.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--scenarios", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=1)
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        all_cases = [(directory, flags, work / f"{number}.json")
                     for number, (directory, flags) in enumerate(cases(arguments, work))]
        jobs = [("endpoints", str(file), str(directory), *flags) for directory, flags, file in all_cases]
        for directory in dict.fromkeys(directory for directory, _, _ in all_cases):
            jobs += [(role, str(work / f"{directory.name}.{role}.json"), str(directory)) for role in OTHER_ROLES]
        run(arguments.program, jobs)
        different = differences(all_cases)
        print(f"{len(all_cases)} cases, {different} different; {len(jobs)} files")
        return 0 if promtool_accepts(work) and different == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
