"""What the tests of an installation and of packages share."""
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def cached(build, name):
    return re.search(rf"^{name}:\w+=(.*)$", (build / "CMakeCache.txt").read_text(), re.M)[1]


def bare_environment(scratch, **more):
    """Nothing of the caller's that could lead to another Vireo; GStreamer's registry and plans in the scratch folder."""
    return {"PATH": os.environ["PATH"], "HOME": str(scratch), "GST_REGISTRY": f"{scratch}/registry.bin",
            "XDG_CACHE_HOME": f"{scratch}/cache", **{name: str(value) for name, value in more.items()}}


def run(command, scratch, **more):
    done = subprocess.run(command, capture_output=True, text=True, cwd=scratch, env=bare_environment(scratch, **more),
                          shell=isinstance(command, str), executable="/bin/bash" if isinstance(command, str) else None)
    if done.returncode != 0:
        raise AssertionError(f"{command} → {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def files_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def readme_commands():
    """The commands of the README's section on installing, one a line; continued lines are one."""
    section = (ROOT / "README.md").read_text().split("\n## Installing\n")[1].split("\n## ")[0]
    text = section.split("```\n")[1].replace("\\\n", " ")
    return [line.split("  #")[0].strip() for line in text.splitlines() if line.strip()]
