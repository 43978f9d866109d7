"""The pages of the manual and the completion of shells, as the program prints them."""
import os
import re
import shutil
import subprocess

import harness
from framework import Skip, cases
from harness import folder

PAGES = ["1", "5"]


def printed(*words):
    done = subprocess.run([harness.BINARY, *words], capture_output=True, text=True, timeout=25)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def options():
    return re.findall(r"^  (?:-\w, )?--([a-z-]+)", printed("help"), re.MULTILINE)


@cases(PAGES)
def test_a_page_has_no_mistake_that_groff_sees(page):
    if not shutil.which("groff"):
        raise Skip("groff is missing")
    done = subprocess.run(["groff", "-man", "-ww", "-z", "-Kutf8"], input=printed("manual", page),
                          capture_output=True, text=True, timeout=25)
    assert done.returncode == 0 and not done.stderr, done.stderr


@cases(PAGES)
def test_a_page_as_it_is_read_names_every_option(page):
    if not shutil.which("groff"):
        raise Skip("groff is missing")
    done = subprocess.run(["groff", "-man", "-Tascii", "-P-cbou", "-rLL=200n"],
                          input=printed("manual", page), capture_output=True, text=True, timeout=25)
    assert len(options()) > 20
    for option in options():
        if (page, option) != ("5", "config"):
            assert option in done.stdout, f"{option} is not in page {page}"
    assert "\\" not in done.stdout.replace("\\e", ""), "an escape that was not understood"


# What is typed, with the last word to be completed, and what bash then offers, all or a part.
TYPED = [("samjoko s", {"serve", "status", "scale", "stop"}, True),
         ("samjoko serve f", {"files"}, True),
         ("samjoko serve echo --model ", {"process", "thread", "multiplex"}, True),
         ("samjoko serve echo --model=mul", {"multiplex"}, True),
         ("samjoko serve echo --idle", {"--idle-timeout"}, True),
         ("samjoko print-config echo --log-level w", {"warning"}, True),
         ("samjoko serve echo --user roo", {"root"}, False),
         ("samjoko completion z", {"zsh"}, True),
         ("samjoko manual m", {"markdown"}, True),
         ("samjoko check si", {"site.toml"}, True),
         ("samjoko serve --config si", {"site.toml"}, True),
         ("samjoko serve echo --workers ", {""}, True)]

# As readline calls it: words divided also at '=' (man bash, COMP_WORDBREAKS).
CALL = """
source "$1"; shift
[[ $(complete -p samjoko) == *_samjoko* ]] || exit 9
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_samjoko
printf '%s\\n' "${COMPREPLY[@]}"
"""


@cases(TYPED, lambda case: case[0])
def test_bash_completes(case):
    typed, wanted, all_of_it = case
    with folder() as here:
        script = os.path.join(here, "script")
        with open(script, "w") as file:
            file.write(printed("completion", "bash"))
        open(os.path.join(here, "site.toml"), "w").close()
        words = [part for word in typed.split(" ") for part in re.split("(=)", word)]
        done = subprocess.run(["bash", "--norc", "--noprofile", "-c", CALL, "bash", script, *words],
                              capture_output=True, text=True, timeout=25, cwd=here)
    assert done.returncode == 0 and not done.stderr, (done.returncode, done.stderr)
    found = set(done.stdout.split("\n")[:-1])
    assert found == wanted if all_of_it else wanted <= found, found


@cases(["bash", "zsh", "fish"])
def test_a_shell_takes_its_script(shell):
    script = printed("completion", shell)
    for option in options():
        assert option in script, f"{option} is not in the script for {shell}"
    if not shutil.which(shell):
        raise Skip(f"{shell} is missing")
    done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, timeout=25)
    assert done.returncode == 0 and not done.stderr, done.stderr


@cases([["completion"], ["completion", "csh"], ["manual", "7"], ["manual", "1", "5"]], " ".join)
def test_wrong_words(words):
    done = subprocess.run([harness.BINARY, *words], capture_output=True, text=True, timeout=25)
    assert done.returncode == 2 and not done.stdout and done.stderr.count("\n") == 1, done
