#!/usr/bin/python3
"""The agent's status page in a real Chromium: the shipped agent, and an engine that shows what the test says.

    status_page_test.py <swarm-sd> [--pictures <directory>]

With --pictures, what the page looks like is kept.
"""

import json
import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "deploy"))

from browser import Browser
from processes import Process, eventually, fetch, free_port
from scripted_engine import ScriptedEngine

SKIPPED = 77  # as CTest is told

AGENT = None
PICTURES = None

HOSTILE = [
    "<script>document.title='run'</script>",
    "<img src=x onerror=alert(1)>",
    "\"><svg onload=alert(2)>",
    "'onmouseover='alert(3)",
    "</title></script><!--",
    "javascript:alert(4)",
    "{{constructor.constructor('alert(5)')()}}",
    "\u202egnp.exe",
    "a&lt;b&amp;",
    "x" * 200,
]


class StatusPage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        here = pathlib.Path(cls.directory.name)
        cls.engine = ScriptedEngine(here / "engine.sock")
        cls.web = cls.engine.add("shop_web", tasks=3)
        cls.engine.add("shop_api", tasks=2, port=9102)
        cls.engine.add("shop_db", port=0)
        for name in HOSTILE:
            cls.engine.add(name, labels={"prometheus.path": name, f"prometheus.label.{name}": name})
        cls.engine.add("lost", labels={"prometheus.network": "<b>elsewhere</b>"})
        (here / "sd").mkdir()
        cls.file = here / "sd" / "endpoints.json"
        port = free_port()
        cls.address = f"http://127.0.0.1:{port}"
        cls.agent = Process(
            [AGENT, f"--docker.host=unix://{here}/engine.sock", "--docker.task-watch=off",
             f"--output=endpoints={cls.file}", f"--web.listen-address=127.0.0.1:{port}"], here / "agent.log")
        cls.browser = Browser(here / "browser")
        cls.addClassCleanup(cls.directory.cleanup)
        cls.addClassCleanup(cls.browser.__exit__)
        cls.addClassCleanup(cls.agent.__exit__)
        if not eventually(lambda: fetch(cls.address + "/-/ready")[0] == 200):
            raise RuntimeError((here / "agent.log").read_text())

    def open(self, path="/", **how):
        page = self.browser.open(self.address + path, **how)
        self.addCleanup(page.close)
        return page

    def keep_picture(self, page, name):
        if PICTURES:
            page.picture(pathlib.Path(PICTURES) / f"{name}.png")

    def targets_in_file(self):
        return sum(len(group["targets"]) for group in json.loads(self.file.read_text()))

    def test_shows_hostile_names_as_text(self):
        for path in ("/", "/?service=%3Cscript%3Edocument.title%3D%27run%27%3C%2Fscript%3E",
                     "/?service=" + "%22%3E%3Csvg%20onload%3Dalert(2)%3E"):
            with self.subTest(path):
                page = self.open(path)
                shown = page.text("#service-list")
                if path == "/":
                    for name in HOSTILE:
                        self.assertIn(name.replace("\u202e", "\ufffd"), shown)
                self.assertEqual(page.value("document.title"), "Targets are right, but have a look – swarm-sd")
                self.assertEqual(page.value("document.scripts.length"), 1)
                self.assertEqual(page.value("document.querySelectorAll('main img, main svg, main script').length"), 0)
                # And the script, which has replaced the parts by then, does not undo it.
                self.assertTrue(page.until("document.getElementById('live').className === 'on'"))
                self.assertEqual(page.value("document.querySelectorAll('main img, main svg, main script').length"), 0)
                self.assertEqual(page.problems, [])

    def test_follows_a_name_to_what_decided(self):
        page = self.open()
        page.value("[...document.querySelectorAll('#service-list a')].find(a => a.innerText === 'lost').click()")
        self.assertTrue(page.until("document.querySelector('#service-list pre') !== null"))
        self.assertIn("<b>elsewhere</b>", page.text("#service-list pre"))
        self.assertEqual(page.problems, [])

    def test_shows_a_change_within_a_second_of_the_file(self):
        page = self.open()
        self.assertTrue(page.until("document.getElementById('live').className === 'on'"))
        page.value("window.notReloaded = true")
        for tasks in (5, 2, 3):
            wanted = self.targets_in_file() + tasks - len(
                [task for task in self.engine.tasks.values() if task["ServiceID"] == self.web])
            self.engine.scale(self.web, tasks)
            self.assertTrue(eventually(lambda: self.targets_in_file() == wanted))
            written = self.file.stat().st_mtime
            shown = page.until(
                "[...document.querySelectorAll('#service-list tr')].some(row => row.innerText.includes('shop_web')"
                f" && row.querySelector('td.count').innerText === '{tasks}')")
            self.assertIsNotNone(shown)
            self.assertLess(shown - written, 1)
            print(f"shown {shown - written:.3f} s after the file's change", file=sys.stderr)
        self.assertTrue(page.value("window.notReloaded"))
        self.assertIn("+2", page.text("#writes"))
        self.assertEqual(page.problems, [])

    def test_says_what_is_wrong_while_it_is(self):
        page = self.open()
        self.engine.failing = True
        self.addCleanup(setattr, self.engine, "failing", False)
        self.engine.emit("update", self.web)
        self.assertTrue(page.until("document.getElementById('facts').innerText.includes('does not have a leader')"))
        self.engine.failing = False
        self.assertTrue(page.until(
            "!document.getElementById('facts').innerText.includes('does not have a leader')", seconds=30))
        self.assertEqual(page.problems, [])

    def test_fits_a_narrow_screen(self):
        for width in (360, 320, 768):
            for dark in (False, True):
                page = self.open(width=width, height=740, dark=dark)
                self.assertTrue(page.until("document.getElementById('live').className === 'on'"))
                self.assertLessEqual(page.value("document.documentElement.scrollWidth"), width)
                self.keep_picture(page, f"{width}-{'dark' if dark else 'light'}")
                self.assertEqual(page.problems, [])

    def test_needs_no_script(self):
        page = self.open(script=False)
        self.assertIn("Targets are right", page.text("#verdict"))
        self.assertIn("shop_web", page.text("#service-list"))
        self.assertEqual(page.text("#live"), "")
        page.value("document.getElementById('service').value = 'shop_'")
        page.value("document.querySelector('form button').click()")
        self.assertTrue(page.until("location.search === '?service=shop_'"))
        self.assertTrue(page.until("document.querySelectorAll('#service-list tbody tr').length === 3"))
        self.assertEqual(page.problems, [])

    def test_is_dark_where_that_is_preferred(self):
        light, dark = (self.open(dark=dark) for dark in (False, True))
        for page in (light, dark):
            page.until("document.getElementById('live').className === 'on'")
            self.keep_picture(page, "dark" if page is dark else "light")
        self.assertNotEqual(*(page.value("getComputedStyle(document.body).backgroundColor") for page in (light, dark)))
        for page in (light, dark):
            self.assertGreaterEqual(page.value(CONTRAST), 4.5)

    def test_can_be_read_by_who_does_not_see(self):
        page = self.open()
        tree = page.call("Accessibility.getFullAXTree")["nodes"]
        roles = [node["role"]["value"] for node in tree if not node["ignored"]]
        for role in ("banner", "main", "navigation", "contentinfo", "search", "table", "columnheader", "rowheader"):
            self.assertIn(role, roles)
        headings = [node["name"]["value"] for node in tree if not node["ignored"] and node["role"]["value"] == "heading"]
        self.assertEqual(headings, ["swarm-sd", "Targets are right, but have a look", "Files", "Services", "Last writes",
                                    "Heard of the swarm", "What the agent did"])
        for node in tree:
            if not node["ignored"] and node["role"]["value"] in ("link", "button", "searchbox", "textbox"):
                self.assertTrue(node["name"]["value"], node)

    def test_asks_for_nothing_while_nobody_looks(self):
        page = self.open()
        self.assertTrue(page.until("document.getElementById('live').className === 'on'"))
        self.assertTrue(page.until("events !== null && events.readyState === 1"))
        page.value("Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
                   "document.dispatchEvent(new Event('visibilitychange'))")
        self.assertTrue(page.value("events === null"))
        page.value("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
        self.assertTrue(page.until("events !== null && events.readyState === 1"))

    def test_json_has_the_same(self):
        status, body = fetch(self.address + "/api/v1/status?service=shop_")
        self.assertEqual(status, 200)
        data = json.loads(body)["data"]
        self.assertEqual([row["name"] for row in data["services"]], ["shop_api", "shop_db", "shop_web"])
        self.assertEqual(data["targets"]["endpoints"], self.targets_in_file())


# The lowest contrast of any text with what is behind it (WCAG 2.1 §1.4.3).
CONTRAST = """(() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((value) => value / 255)
    .map((value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  let lowest = 21;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility()) continue;
    const pair = [luminance(channels(getComputedStyle(element).color)), luminance(behind(element))].sort();
    pair.sort((a, b) => a - b);
    lowest = Math.min(lowest, (pair[1] + 0.05) / (pair[0] + 0.05));
  }
  return lowest;
})()"""


if __name__ == "__main__":
    if not shutil.which("chromium"):
        print("chromium is missing; scripts/setup installs it", file=sys.stderr)
        sys.exit(1 if os.environ.get("CI") == "true" else SKIPPED)
    arguments = sys.argv[1:]
    if "--pictures" in arguments:
        at = arguments.index("--pictures")
        PICTURES = arguments[at + 1]
        del arguments[at:at + 2]
    AGENT = arguments[0]
    unittest.main(argv=[sys.argv[0], *arguments[1:]], verbosity=2)
