"""Compares Lunette's viewer with Selkies, each with a terminal in a 1920x1080 desktop, in one run on this machine.

  python3 scripts/bench-viewer                                   everything, prints Markdown
  python3 scripts/bench-viewer --only selkies --rows key,still   a part of it
  python3 scripts/bench-viewer --only machine --rows desktop     a desktop in a virtual machine, by `lunette up`
  python3 scripts/bench-viewer --only machine --rows crowd       50 viewers of four such desktops

Needs Debian, root or sudo for what is missing, node and npm; Selkies comes from PyPI. Every contender is measured once
per round and row, taking turns. Chromium runs on the same machine, so its CPU weighs on both alike.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parents[1] / "bench-peers"))

import browser
import link
import machine
import report
import rows
import selkies
from lunette import Lunette, build
from machine_desktop import MachineDesktop
from selkies import Selkies

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path.home() / ".cache" / "lunette" / "bench-viewer"


def arguments():
    parser = argparse.ArgumentParser(prog="bench-viewer", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="selkies,lunette", help="contenders (default: %(default)s)")
    parser.add_argument("--rows", default=",".join(row for row in rows.ROWS if row not in rows.OF_MACHINE),
                        help=f"what to measure; {' and '.join(rows.OF_MACHINE)} are for machine alone (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=12, help="of each CPU measurement (default: %(default)s)")
    parser.add_argument("--phase", type=float, default=15, help="seconds at each link rate (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=10, help="that a crowd watches (default: %(default)s)")
    parser.add_argument("--keys", type=int, default=50, help="keys per round (default: %(default)s)")
    parser.add_argument("--binaries", help="folder with desktop-bridge and desktop-export (default: build them)")
    parser.add_argument("--selkies", default=str(CACHE / "selkies"), help="its environment (default: %(default)s)")
    parser.add_argument("--shots", default=str(ROOT / "target" / "bench-viewer"), help="screenshots (default: %(default)s)")
    parser.add_argument("--json", help="also write every figure of every round here")
    return parser.parse_args()


def need_packages():
    machine.need({
        "chromium": (machine.has_command("chromium"), "the browser"),
        "nodejs": (machine.has_command("node"), "drives the browser"),
        "npm": (machine.has_command("npm"), "brings playwright-core"),
        "foot": (machine.has_command("foot"), "the terminal in the desktops"),
        "sway": (machine.has_command("sway"), "Lunette's desktop"),
        "iproute2": (machine.has_command("tc"), "holds the link to a rate"),
        "ffmpeg": (machine.has_command("ffmpeg"), "cuts screenshots"),
        "tesseract-ocr": (machine.has_command("tesseract"), "says whether text is legible"),
    })


def binaries(options):
    if options.binaries:
        return options.binaries
    build(ROOT)
    metadata = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    found = json.loads(subprocess.run(metadata, cwd=ROOT, check=True, capture_output=True).stdout)
    return pathlib.Path(found["target_directory"]) / "release"


def contenders(options, folder):
    made = []
    for name in options.only.split(","):
        if name == "selkies":
            made.append(Selkies(selkies.install(options.selkies), folder))
        elif name == "lunette":
            made.append(Lunette(binaries(options), folder))
        elif name == "machine":
            made.append(MachineDesktop(binaries(options), folder))
        else:
            sys.exit(f"there is no contender {name}")
    return made


def once(contender, row, options):
    try:
        return machine.with_idle_share(lambda: rows.ROWS[row](contender, options))
    except (RuntimeError, OSError, ValueError, subprocess.SubprocessError) as error:
        machine.say(f"  failed: {error}")
        return error
    finally:
        contender.stop()


def measure(options, everyone):
    results = {row: {contender.name: [] for contender in everyone} for row in options.rows.split(",")}
    for number in range(options.rounds):
        for row, outcome in results.items():
            for contender in everyone:
                result = once(contender, row, options)
                idle = result.pop("idle_percent") if isinstance(result, dict) else float("nan")
                machine.say(f"round {number + 1} of {options.rounds}, {row}, {contender.name}, machine {idle:.0f} % idle: {result}")
                outcome[contender.name].append(result)
                time.sleep(1)
    return results


def main():
    options = arguments()
    need_packages()
    browser.install()
    options.shots = rows.prepare(options.shots)
    options.trace = sys.stderr
    with tempfile.TemporaryDirectory(prefix="bench-viewer-") as folder:
        everyone = contenders(options, folder)
        # Downloads and builds are done: from here on there is only loopback.
        link.enter_namespace()
        facts = machine.facts()
        results = measure(options, everyone)
    print("\n".join(f"* {fact}" for fact in facts))
    print(f"* {subprocess.run(['chromium', '--version'], capture_output=True, text=True).stdout.strip()}", end="\n\n")
    print(report.table(results))
    if options.json:
        plain = {row: {name: [r if isinstance(r, dict) else str(r) for r in rounds] for name, rounds in by.items()}
                 for row, by in results.items()}
        pathlib.Path(options.json).write_text(json.dumps(plain, indent=1) + "\n")


main()
