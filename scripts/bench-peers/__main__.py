"""Compares frame-export with other products on this machine, in one run, on the same pictures.

  python3 scripts/bench-peers                          prints Markdown
  python3 scripts/bench-peers --write docs/benchmarks.md   puts it into the page, too

Needs Debian or a relative (it installs what is missing, saying so), a Rust toolchain, and about two gigabytes in
/dev/shm. Every contender is measured once per round, so that a machine that changes its mind hurts all alike.
"""

import argparse
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

import machine
import ours
import peers
import report

ROOT = pathlib.Path(__file__).resolve().parents[2]
# A ceiling that nobody reaches: pixelflux has none in this mode either.
NO_CEILING = "4000M"


def arguments():
    parser = argparse.ArgumentParser(prog="bench-peers", description=__doc__.splitlines()[0])
    parser.add_argument("--kinds", default="typing,scroll,video,noise", help="what is shown (default: %(default)s)")
    parser.add_argument("--size", default="1920x1080", help="of the pictures (default: %(default)s)")
    parser.add_argument("--fps", type=int, default=60, help="frames per second (default: %(default)s)")
    parser.add_argument("--frames", type=int, default=144,
                        help="frames in the loop; 144 scroll without a seam at 1080p (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="rounds (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=8, help="of each measurement (default: %(default)s)")
    parser.add_argument("--crf", type=int, default=25, help="of the peers' x264 (default: %(default)s)")
    parser.add_argument("--quality", type=int, default=70, help="of frame-export (default: %(default)s)")
    parser.add_argument("--no-build", action="store_true", help="take the programs that are built already")
    parser.add_argument("--write", metavar="FILE", help="put the result between the marks of this page")
    return parser.parse_args()


def programs(build):
    """frame-export and lunette of this tree."""
    if build:
        command = ["cargo", "build", "--release", "--package", "frame-export", "--package", "lunette"]
        subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
    metadata = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    found = json.loads(subprocess.run(metadata, cwd=ROOT, check=True, capture_output=True).stdout)
    folder = pathlib.Path(found["target_directory"]) / "release"
    return str(folder / "frame-export"), str(folder / "lunette")


class Round:
    """Everything that the contenders of one kind need."""

    def __init__(self, options, kind, folder, tools):
        self.options, self.kind, self.tools = options, kind, tools
        width, height = map(int, options.size.split("x"))
        self.shape = width, height, options.fps
        self.raw = str(folder / f"{kind}.bgrx")
        self.i420 = str(folder / f"{kind}.i420")
        self.coded = str(folder / "coded.h264")
        self.runtime = str(folder)

    def record(self):
        command = [self.tools["lunette"], "bench", "record", "--kind", self.kind, "--size", self.options.size]
        subprocess.run([*command, "--frames", str(self.options.frames), self.raw], check=True, stdout=sys.stderr)
        peers.as_i420(self.raw, self.shape, self.i420)

    def forget(self):
        for file in (self.raw, self.i420, self.coded):
            pathlib.Path(file).unlink(missing_ok=True)

    def serve(self, encoder, source):
        options = self.options
        common = ["--size", options.size, "--fps", str(options.fps), "--encoder", encoder, "--scanouts", "1"]
        common += ["--quality", str(options.quality), "--max-bitrate", NO_CEILING]
        return ours.measure(self.tools["frame-export"], [*common, *source], options.seconds)

    def contenders(self):
        options, frames = self.options, self.options.frames
        replay, paint = ["--source", "replay", "--replay", self.raw], ["--pattern", self.kind]
        x264 = lambda file, pixels: peers.x264(file, pixels, self.shape, options.crf, frames, self.coded)
        pixelflux = lambda: peers.pixelflux(
            self.tools["python"], self.raw, self.shape, options.crf, options.seconds, self.runtime
        )
        return {
            "pixelflux, x264": pixelflux,
            "frame-export, openh264, same frames from a file": lambda: self.serve("openh264", replay),
            "frame-export, x264, same frames from a file": lambda: self.serve("x264", replay),
            "frame-export, openh264, painting included": lambda: self.serve("openh264", paint),
            "frame-export, x264, painting included": lambda: self.serve("x264", paint),
            "ffmpeg, conversion and x264 (no capture, flat out)": lambda: x264(self.raw, "bgr0"),
            "ffmpeg, x264 alone (no capture, flat out)": lambda: x264(self.i420, "yuv420p"),
        }

    def run(self):
        contenders = self.contenders()
        results = {name: [] for name in contenders}
        for number in range(self.options.runs):
            for name, measure in contenders.items():
                machine.say(f"{self.kind}, round {number + 1} of {self.options.runs}: {name}")
                try:
                    results[name].append(machine.with_idle_share(measure))
                except (RuntimeError, OSError, subprocess.SubprocessError) as error:
                    machine.say(f"  failed: {error}")
                    results[name].append(error)
        return results


def own_tables(lunette, options):
    """What `lunette bench pipeline` says in the same run."""
    command = [lunette, "bench", "pipeline", "--encoders", "openh264,x264", "--size", options.size]
    command += ["--quality", str(options.quality), "--max-bitrate", NO_CEILING]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main():
    options = arguments()
    machine.need(peers.PACKAGES)
    python, version = peers.install_pixelflux()
    server, lunette = programs(not options.no_build)
    tools = {"python": python, "frame-export": server, "lunette": lunette}
    head = [*machine.facts(), f"pixelflux {version}; {peers.x264_version()}",
            subprocess.run([server, "--version"], check=True, capture_output=True, text=True).stdout.strip()]
    words = ["python3", "scripts/bench-peers", *(shlex.quote(word) for word in sys.argv[1:])]
    sections = ["\n".join(f"* {line}" for line in head), f"```\n$ {' '.join(words)}\n```"]
    sections.append(f"```\n{own_tables(lunette, options).rstrip()}\n```")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-peers-", dir="/dev/shm"))
    try:
        for kind in options.kinds.split(","):
            with_kind = Round(options, kind, folder, tools)
            with_kind.record()
            sections.append(report.table(kind, with_kind.run()))
            with_kind.forget()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = "\n\n".join(section.rstrip() for section in sections) + "\n"
    print(text)
    if options.write:
        report.write(options.write, text)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    main()
