"""Headless Chromium, driven over a pipe by the DevTools protocol (https://chromedevtools.github.io/devtools-protocol)."""

import base64
import itertools
import json
import os
import pathlib
import queue
import subprocess
import threading
import time


class Browser:
    """One Chromium with a profile of its own. Ends with the `with` block."""

    def __init__(self, directory):
        to_browser, our_commands = os.pipe()
        our_answers, from_browser = os.pipe()
        command = ["chromium", "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={directory}",
                   "--no-sandbox", "--hide-scrollbars", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--no-proxy-server",
                   "--disable-background-networking", "--disable-component-update", "--disable-sync", "about:blank"]

        # The protocol's pipes are the descriptors 3 and 4. They are moved out of the way of each other first.
        def hand_over():
            reading, writing = os.dup(to_browser), os.dup(from_browser)
            os.dup2(reading, 3)
            os.dup2(writing, 4)

        with pathlib.Path(directory).with_suffix(".log").open("wb") as log:
            self.process = subprocess.Popen(
                command, preexec_fn=hand_over, close_fds=False, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        os.close(to_browser)
        os.close(from_browser)
        self._out, self._in = our_commands, our_answers
        self._numbers = itertools.count(1)
        self._answers = {}
        self._listeners = {}
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def call(self, method, session=None, **parameters):
        number = next(self._numbers)
        answer = self._answers[number] = queue.Queue()
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        result = answer.get(timeout=60)
        if "error" in result:
            raise RuntimeError(f"{method}: {result['error']['message']}")
        return result["result"]

    def listen(self, session, hear):
        self._listeners[session] = hear

    def open(self, url, **how):
        return Page(self, url, **how)

    def _read(self):
        text = b""
        while piece := os.read(self._in, 65536):
            *messages, text = (text + piece).split(b"\0")
            for message in map(json.loads, messages):
                if "id" in message:
                    self._answers.pop(message["id"]).put(message)
                elif message.get("sessionId") in self._listeners:
                    self._listeners[message["sessionId"]](message["method"], message["params"])


class Page:
    """A tab, and all that was wrong in it: exceptions, console errors, failed loads, policy violations, dialogs."""

    def __init__(self, browser, url, width=1200, height=900, dark=False, script=True, timezone="UTC"):
        self.browser = browser
        self.problems = []
        self.context = browser.call("Target.createBrowserContext")["browserContextId"]
        target = browser.call("Target.createTarget", url="about:blank", browserContextId=self.context)["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._loaded = threading.Event()
        browser.listen(self.session, self._hear)
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Emulation.setTimezoneOverride", timezoneId=timezone)
        if not script:
            self.call("Emulation.setScriptExecutionDisabled", value=True)
        self.go(url)

    def go(self, url):
        self._loaded.clear()
        failed = self.call("Page.navigate", url=url).get("errorText")
        if failed:
            raise RuntimeError(f"{url}: {failed}")
        if not self._loaded.wait(60):
            raise RuntimeError(f"{url}: not loaded in time")

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def value(self, expression):
        """What the expression comes to in the page, or the promise that it gives."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"]["exception"].get("description", "exception"))
        return result["result"].get("value")

    def until(self, expression, seconds=10):
        """When the expression came to hold, by the clock of `time.time`; None when it did not in time."""
        deadline = time.time() + seconds
        while time.time() < deadline:
            if self._holds(expression):
                return time.time()
            time.sleep(0.02)
        return None

    def _holds(self, expression):
        try:
            return self.value(expression)
        except RuntimeError as error:
            if "navigated" in str(error) or "context" in str(error):
                return False  # another page is on its way
            raise

    def text(self, selector="body"):
        return self.value(f"document.querySelector({json.dumps(selector)}).innerText")

    def picture(self, path, whole=True):
        """Writes a PNG of the page."""
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def close(self):
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)

    def _hear(self, method, event):
        if method == "Page.loadEventFired":
            self._loaded.set()
        elif method == "Page.javascriptDialogOpening":
            self.problems.append(f"dialog: {event['message']}")
            threading.Thread(target=self.call, args=("Page.handleJavaScriptDialog",), kwargs={"accept": False}).start()
        elif method == "Runtime.exceptionThrown":
            self.problems.append(f"exception: {event['exceptionDetails']['text']}")
        elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning", "assert"):
            self.problems.append(f"console: {event['args']}")
        elif method == "Log.entryAdded" and event["entry"]["level"] in ("error", "warning"):
            self.problems.append(f"log: {event['entry']['text']} {event['entry'].get('url', '')}")
        # That a script of ours clicked instead of a person is no problem of the page.
        elif method == "Audits.issueAdded" and "NavigationEntryMarkedSkippable" not in json.dumps(event):
            self.problems.append(f"issue: {event['issue']['code']} {json.dumps(event['issue']['details'])}")
