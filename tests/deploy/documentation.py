"""The commands of docs/deploy.md."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/deploy.md"


def commands():
    """Heading → its blocks of shell, in the order of the page."""
    found = {}
    for section in re.split(r"(?m)^## ", PAGE.read_text(encoding="utf-8"))[1:]:
        blocks = re.findall(r"(?ms)^```sh\n(.*?)^```", section)
        if blocks:
            found[section.splitlines()[0]] = blocks
    return found
