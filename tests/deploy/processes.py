"""Programs that run beside a test, and waiting for what they do."""

import pathlib
import socket
import subprocess
import time
import urllib.error
import urllib.request


class Process:
    """A program that ends with the test, however that ends."""

    def __init__(self, arguments, log):
        self.log = pathlib.Path(log)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *map(str, arguments)],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def eventually(holds, seconds=30):
    """The first true value of holds(), which is asked again and again; its last value when the time is over."""
    deadline = time.monotonic() + seconds
    while not (value := holds()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return value


def fetch(url, body=None, method=None):
    """Status and body of an answer, whatever it is; (0, reason) when there is none."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    headers = {} if body is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(url, None if body is None else body.encode(), headers, method=method)
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)
