"""The pages of this repository, taken apart: blocks of commands, headings, links."""

import pathlib
import re
import subprocess
import typing

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What happens to a block of commands stands behind ```sh, where nobody sees it:
#   run         it is run to its end by commands_test.py, on a machine with the packages and a simulated swarm
#   serve       the same, but its last command runs until the page ends
#   swarm TEST  that test runs it, on a real swarm
#   show        it is only looked at: it takes too long, or needs what no test has
# A page says <!-- commands: … --> for all its blocks that say nothing.
KINDS = ("run", "serve", "swarm", "show")


class Block(typing.NamedTuple):
    page: pathlib.Path
    line: int
    mark: str
    text: str
    output: typing.Optional[str]  # of the block ```text output that follows it

    @property
    def kind(self):
        return self.mark.split()[0] if self.mark else ""

    def __str__(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages():
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
                            stdout=subprocess.PIPE, text=True, check=False)
    found = [ROOT / name for name in listed.stdout.splitlines()]
    return [page for page in found if page.is_file()] or [
        page for page in ROOT.rglob("*.md") if "build" not in page.relative_to(ROOT).parts
    ]


def blocks(page):
    """Fenced blocks: (line, information behind the fence, text)."""
    text = page.read_text(encoding="utf-8")
    fence = re.compile(r"^( *)```([^\n`]*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
    return [(text.count("\n", 0, found.start()) + 1, found[2].strip(), re.sub(f"(?m)^{found[1]}", "", found[3]))
            for found in fence.finditer(text)]


def commands(page):
    default = re.search(r"<!-- commands: (.*?) -->", page.read_text(encoding="utf-8"))
    found = []
    for line, information, text in blocks(page):
        language, _, mark = information.partition(" ")
        if language == "sh":
            found.append(Block(page, line, mark or (default[1] if default else ""), text, None))
        elif information == "text output":
            found[-1] = found[-1]._replace(output=text)
        elif language in ("bash", "console", "shell"):
            raise ValueError(f"{page}:{line}: commands stand behind ```sh")
    return found


def prose(page):
    """A page without its blocks and its code, in which nothing is a link or a heading."""
    return re.sub(r"(?ms)^( *)```.*?^\1```$", "", page.read_text(encoding="utf-8"))


def anchors(page):
    """What GitHub names its headings."""
    seen, found = {}, set()
    for heading in re.findall(r"(?m)^#{1,6} +(.*?)#*$", prose(page)):
        shown = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.strip()).replace("`", "")
        anchor = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        number = seen.get(anchor, 0)
        seen[anchor] = number + 1
        found.add(anchor if number == 0 else f"{anchor}-{number}")
    return found


def links(page):
    """Targets of links and pictures."""
    text = re.sub(r"`[^`\n]*`", "", prose(page))
    return re.findall(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)", text)
