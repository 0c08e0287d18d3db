"""A Docker swarm of a test's own: scripts/private-swarm as an object."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/private-swarm"


def require():
    """Skips the test where no private swarm can run; with CI=true that is a failure."""
    result = subprocess.run([SCRIPT, "check"], capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return
    if os.environ.get("CI"):
        raise RuntimeError(f"cannot run: {result.stderr}")
    raise unittest.SkipTest(result.stderr.strip())


def run(command, **options):
    """Standard output of a command; its standard error in the exception if it fails."""
    result = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if result.returncode != 0:
        raise RuntimeError(f"{command}: {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


class PrivateSwarm:
    """Goes down with the test, however that ends."""

    def __init__(self, managers=1, workers=0):
        # Short: sockets live below it.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="swarm-", dir="/tmp"))
        self.nodes = range(1, managers + workers + 1)
        size = ["--managers", str(managers), "--workers", str(workers)]
        run([SCRIPT, "up", self.directory, *size, "--with", str(os.getpid())])

    def down(self):
        run([SCRIPT, "down", self.directory])
        shutil.rmtree(self.directory, ignore_errors=True)

    def socket(self, node=1):
        return self.directory / f"node{node}/docker.sock"

    def environment(self, node=1):
        """For a docker command line that speaks to a node."""
        return {
            "PATH": os.environ["PATH"],
            "DOCKER_HOST": f"unix://{self.socket(node)}",
            "DOCKER_CONFIG": str(self.directory / "client"),
        }

    def docker(self, *arguments, node=1, **options):
        return run([SCRIPT, "docker", self.directory, str(node), *map(str, arguments)], **options).strip()

    def node(self, command, node=1):
        """stop, start, freeze, thaw, …: see the script."""
        run([SCRIPT, command, self.directory, str(node)])

    def inside(self, *command, node=1):
        """A command inside a node's namespaces, as arguments for subprocess."""
        return [str(SCRIPT), "exec", str(self.directory), str(node), *map(str, command)]

    def make_image(self, name, *binaries):
        run([SCRIPT, "image", self.directory, name, *binaries])

    def containers(self, service, node=1):
        """IDs of a service's running containers on a node."""
        label = f"label=com.docker.swarm.service.name={service}"
        return self.docker("ps", "--quiet", "--filter", label, node=node).split()

    def in_network_of(self, container, *command, node=1):
        """A command of this machine in a container's network, as arguments for subprocess."""
        pid = self.docker("inspect", "--format", "{{.State.Pid}}", container, node=node)
        return self.inside("nsenter", "--target", pid, "--net", *command, node=node)
