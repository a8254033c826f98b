"""What the judges share: verdicts in TAP, and foreign programs that are or are not there."""

import importlib.util
import re
import shutil
import sys
from pathlib import Path


class Missing(Exception):
    """A foreign program that is not on this machine."""


def package(name):
    if importlib.util.find_spec(name) is None:
        raise Missing(f"the Python package {name} is not installed")


def tool(name):
    """An executable: beside this Python, or in the path."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed")
    return found


def give(judge):
    """Runs every test of a judge; the program ends with 0 when everything held."""
    tests = [name for name in vars(type(judge)) if name.startswith("test_")]
    passed = failed = skipped = 0
    print("TAP version 13")
    for number, name in enumerate(tests, 1):
        title = re.sub("_", " ", name.removeprefix("test_"))
        try:
            getattr(judge, name)()
        except Missing as missing:
            skipped += 1
            print(f"ok {number} - {title} # SKIP {missing}")
        except Exception as fault:  # Whatever goes wrong is a verdict, not the end of judging.
            failed += 1
            print(f"not ok {number} - {title}\n  {type(fault).__name__}: {fault}")
        else:
            passed += 1
            print(f"ok {number} - {title}")
    print(f"1..{len(tests)}\n# pass {passed}\n# fail {failed}\n# skipped {skipped}")
    sys.exit(1 if failed else 0)
