#!/usr/bin/python3
"""What the packages say of the programs' flags is what the programs say: manual pages, completions of the shells, and
what becomes of them in the shells that are here.

    flags_test.py PROGRAM_FILE... DOCS      DOCS: build/release/deploy/packages
"""

import pathlib
import re
import shutil
import subprocess
import sys
import unittest

COMMANDS = {"swarm-sd": ["once", "diff", "explain", "check", "health"], "accountservice": ["health"]}


def output_of(*command, **how):
    return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True, **how).stdout


def flags_of(program):
    """Flags in the program's own help, each name by itself."""
    declared = re.findall(r"(?m)^  (-\S+)", output_of(PROGRAMS[program], "--help"))
    return {name for names in declared for name in names.split(",")}


def made(program, name):
    return (DOCS / program / name).read_text()


class Manual(unittest.TestCase):
    def test_has_the_flags_of_the_program(self):
        for program in PROGRAMS:
            page = made(program, f"{program}.1").replace("\\-", "-")
            tagged = re.findall(r"(?m)^\.TP\n(\\fB-.*)$", page)
            self.assertEqual({name for line in tagged for name in re.findall(r"\\fB(-[^\\]*)", line)}, flags_of(program))

    def test_has_its_commands_and_version(self):
        for program, commands in COMMANDS.items():
            page = made(program, f"{program}.1")
            self.assertEqual(re.findall(r"(?m)^\.TP\n\\fB([a-z]+)\\fR", page), commands)
            version = re.search(r"version (\S+)", output_of(PROGRAMS[program], "--version"))[1]
            self.assertIn(f'"{program} {version}"', page.splitlines()[0].replace("\\-", "-"))
            self.assertNotRegex(page, "@[A-Z]+@")

    @unittest.skipUnless(shutil.which("man"), "no man")
    def test_is_understood(self):
        for program in PROGRAMS:
            page = DOCS / program / f"{program}.1"
            shown = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
            self.assertEqual(shown.stderr, "")

    @unittest.skipUnless(shutil.which("apropos") and shutil.which("lexgrog"), "no lexgrog")
    def test_is_found_by_its_name(self):
        for program in PROGRAMS:
            self.assertIn(f'"{program} - ', output_of("lexgrog", DOCS / program / f"{program}.1"))


class Bash(unittest.TestCase):
    def completed(self, program, *words):
        """What bash offers for the last of the words, which it has taken apart at each `=`."""
        script = f"""
          source {DOCS}/{program}/bash
          COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
          $(complete -p {program} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
          printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        return set(output_of("bash", "-c", script, "bash", program, *words, cwd=DOCS / program).split())

    def test_offers_the_flags_of_the_program(self):
        for program in PROGRAMS:
            self.assertEqual(self.completed(program, "-"), flags_of(program))
            self.assertEqual(self.completed(program, "health", "-"), flags_of(program))

    def test_offers_commands_until_there_is_one(self):
        for program, commands in COMMANDS.items():
            self.assertEqual(self.completed(program, ""), set(commands))
            self.assertEqual(self.completed(program, "health", ""), set())
        self.assertEqual(self.completed("swarm-sd", "--select", "all", "he"), {"health"})

    def test_offers_the_words_of_a_flag(self):
        self.assertEqual(self.completed("swarm-sd", "--select", ""), {"all", "labelled"})
        self.assertEqual(self.completed("swarm-sd", "--select", "="), {"all", "labelled"})
        self.assertEqual(self.completed("swarm-sd", "--log.level", "=", "w"), {"warn"})
        self.assertEqual(self.completed("swarm-sd", "--role-port", ""), set())
        self.assertEqual(self.completed("accountservice", "--monitoring", "=", "o"), {"on", "off"})

    def test_offers_files_where_one_is_wanted(self):
        self.assertEqual(self.completed("swarm-sd", "--config.file", "=", "fi"), {"fish"})
        self.assertEqual(self.completed("swarm-sd", "--output", "=", "endpoints", "=", "fi"), {"fish"})
        self.assertEqual(self.completed("swarm-sd", "check", "fi"), {"fish"})
        self.assertEqual(self.completed("swarm-sd", "--docker.task-watch", "=", ""),
                         {"auto", "off"} | {path.name for path in (DOCS / "swarm-sd").iterdir()})


@unittest.skipUnless(shutil.which("fish"), "no fish")
class Fish(unittest.TestCase):
    def completed(self, line):
        program = line.split()[0]
        script = f"source {DOCS}/{program}/fish; complete --do-complete '{line}'"
        return {offer.split("\t")[0] for offer in output_of("fish", "--no-config", "-c", script, cwd=DOCS / program).splitlines()}

    def test_offers_the_flags_of_the_program(self):
        for program in PROGRAMS:
            long_ones = {flag for flag in flags_of(program) if flag.startswith("--")}
            self.assertEqual({offer.rstrip("=") for offer in self.completed(f"{program} --")}, long_ones)

    def test_offers_commands_until_there_is_one(self):
        for program, commands in COMMANDS.items():
            self.assertEqual(self.completed(f"{program} "), set(commands))
            self.assertEqual(self.completed(f"{program} health "), set())

    def test_offers_words_and_files(self):
        self.assertEqual(self.completed("swarm-sd --select="), {"--select=all", "--select=labelled"})
        self.assertEqual(self.completed("swarm-sd --log.level w"), {"warn"})
        self.assertEqual(self.completed("swarm-sd check fi"), {"fish"})


@unittest.skipUnless(shutil.which("zsh"), "no zsh")
class Zsh(unittest.TestCase):
    def completed(self, line):
        """What a zsh at a terminal of its own shows when TAB is pressed."""
        program = line.split()[0]
        script = f"""
          zmodload zsh/zpty
          zpty shell zsh -f -i
          zpty -w shell 'PROMPT= RPROMPT=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -D -u'
          zpty -w shell 'functions[_program]=$(< {DOCS}/{program}/zsh); compdef _program {program}'
          zpty -w shell 'zstyle ":completion:*" list-prompt ""; zstyle ":completion:*" insert-tab false'
          zpty -w shell 'LISTMAX=10000; bindkey "^I" list-choices; COLUMNS=300 LINES=200; print rea''dy'
          zpty -r shell text '*ready*'
          zpty -w -n shell $'{line}\\t'
          zpty -w shell $'\\C-u print do''ne'
          zpty -r shell text '*done*'
          print -r -- "$text"
        """
        shown = output_of("zsh", "-f", "-c", script, cwd=DOCS / program, timeout=30)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)

    def test_offers_flags_commands_and_words(self):
        for program in PROGRAMS:
            shown = self.completed(f"{program} --")
            for flag in flags_of(program):
                if flag.startswith("--"):
                    self.assertIn(flag, shown)
        shown = self.completed("swarm-sd ")
        for command in COMMANDS["swarm-sd"]:
            self.assertRegex(shown, rf"\b{command}\b +-- ")
        self.assertRegex(self.completed("swarm-sd --select="), r"all +labelled")


if __name__ == "__main__":
    *programs, docs = map(pathlib.Path, sys.argv[1:])
    PROGRAMS = {path.name: path for path in programs}
    DOCS = docs
    unittest.main(argv=sys.argv[:1])
