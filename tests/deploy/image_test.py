#!/usr/bin/python3
"""What is in the images, and what deploy/Dockerfile says of them. Run by an engine: stack_test.py.

    image_test.py BUILD
"""

import functools
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
STATE = {"swarm-sd": "etc/swarm-endpoints", "accountservice": "var/lib/accountservice"}


def make_root(program):
    """The tar of an image's root file system."""
    return subprocess.run([DEPLOY / "image-root", BUILD, program], stdout=subprocess.PIPE, check=True).stdout


root_of = functools.cache(make_root)


def of_each_image(check):
    @functools.wraps(check)
    def run(self):
        for program in STATE:
            with self.subTest(program):
                tar = root_of(program)
                with tarfile.open(fileobj=io.BytesIO(tar)) as entries:
                    check(self, program, tar, {entry.name.removeprefix("./"): entry for entry in entries})

    return run


class Root(unittest.TestCase):
    @of_each_image
    def test_holds_one_program_and_its_libraries(self, program, _tar, entries):
        files = {name for name, entry in entries.items() if not entry.isdir()}
        libraries = {name for name in files if re.fullmatch(r"(usr/)?lib(64)?/\S+\.so[.0-9]*", name)}
        self.assertGreater(len(libraries), 5)
        self.assertEqual(
            files - libraries,
            {f"bin/{program}", "etc/passwd", "etc/group", "etc/nsswitch.conf", "etc/ssl/certs/ca-certificates.crt",
             "usr/lib/ssl/cert.pem", f"usr/share/doc/{program}/sbom.spdx.json"},
        )

    @of_each_image
    def test_is_roots_but_for_what_the_program_writes_to(self, program, _tar, entries):
        owned = {name: entry.uid for name, entry in entries.items() if entry.uid != 0}
        self.assertEqual(owned, {STATE[program]: 65534})
        self.assertEqual([name for name, entry in entries.items() if entry.mode & 0o7022 and not entry.issym()], [])

    @of_each_image
    def test_says_what_it_is_made_of(self, program, tar, entries):
        with tarfile.open(fileobj=io.BytesIO(tar)) as files:
            read = lambda name: files.extractfile(entries[name]).read()
            bill = json.loads(read(f"usr/share/doc/{program}/sbom.spdx.json"))
            listed = {
                entry["fileName"]: {sum_["algorithm"]: sum_["checksumValue"] for sum_ in entry["checksums"]}["SHA256"]
                for entry in bill["files"]
            }
            self.assertEqual(listed.pop(f"./{program}"), hashlib.sha256(read(f"bin/{program}")).hexdigest())
            libraries = {f"/{name}" for name in entries if re.search(r"\.so\b", name)}
            self.assertEqual(set(listed), libraries)
            for name, digest in listed.items():
                self.assertEqual(digest, hashlib.sha256(read(name.lstrip("/"))).hexdigest(), name)

    @of_each_image
    def test_is_the_same_each_time(self, program, tar, _entries):
        self.assertEqual(tar, make_root(program))

    @unittest.skipIf(os.getuid() != 0 and "CI" not in os.environ, "needs root")
    @of_each_image
    def test_is_all_that_the_program_needs(self, program, tar, _entries):
        with tempfile.TemporaryDirectory() as root:
            os.chmod(root, 0o755)
            subprocess.run(["tar", "-x", "-C", root], input=tar, check=True)
            command = ["chroot", "--userspec=65534:65534", root, f"/bin/{program}", "--version"]
            shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            self.assertTrue(shown.startswith(f"{program}, version "), shown)


class Dockerfile(unittest.TestCase):
    def test_ends_in_images_of_one_program(self):
        stages = re.split(r"(?m)^FROM ", (DEPLOY / "Dockerfile").read_text())[1:]
        final = {stage.split()[2]: stage for stage in stages if stage.startswith("scratch")}
        self.assertEqual(set(final), {"swarm-sd", "accountservice"})
        for program, stage in final.items():
            with self.subTest(program):
                self.assertIn(f"\nCOPY --from=build /image/{program} /\n", stage)
                self.assertIn("\nUSER 65534:65534\n", stage)
                self.assertIn(f'CMD ["/bin/{program}", "health"]\n', stage)
                self.assertIn(f'\nENTRYPOINT ["/bin/{program}"]\n', stage)
                self.assertNotIn("\nRUN ", stage)

    def test_builds_swarm_sd_where_no_target_is_named(self):
        self.assertIn("FROM scratch AS swarm-sd", re.findall(r"(?m)^FROM .*", (DEPLOY / "Dockerfile").read_text())[-1])


if __name__ == "__main__":
    BUILD = sys.argv[1]
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
