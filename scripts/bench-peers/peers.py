"""The other products: pixelflux, and x264 as ffmpeg drives it."""

import json
import os
import pathlib
import re
import subprocess
import sys

import machine

HERE = pathlib.Path(__file__).parent
PACKAGES = {
    "ffmpeg": (machine.has_command("ffmpeg"), "x264 without anything around it"),
    "python3-venv": (machine.has_module("ensurepip"), "a place of its own for pixelflux"),
    "libgbm1": (machine.has_library("gbm"), "pixelflux loads it"),
    "libpixman-1-0": (machine.has_library("pixman-1"), "pixelflux loads it"),
    "libxkbcommon0": (machine.has_library("xkbcommon"), "pixelflux loads it"),
    "xkb-data": (pathlib.Path("/usr/share/X11/xkb").is_dir, "the keyboard of pixelflux's compositor"),
}


def install_pixelflux():
    """Returns a Python that has pixelflux, and its version."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "lunette/peers"
    python = cache / "bin/python"
    if not python.exists():
        machine.say(f"making a Python environment in {cache}")
        subprocess.run([sys.executable, "-m", "venv", str(cache)], check=True, stdout=sys.stderr)
    version = "import importlib.metadata as m; print(m.version('pixelflux'))"
    if subprocess.run([python, "-c", version], capture_output=True).returncode:
        machine.say("installing pixelflux into it")
        subprocess.run([python, "-m", "pip", "install", "--quiet", "pixelflux"], check=True, stdout=sys.stderr)
    return str(python), subprocess.run([python, "-c", version], capture_output=True, text=True).stdout.strip()


def pixelflux(python, file, shape, crf, seconds, runtime):
    """Capture, conversion and x264 of what a client shows in pixelflux's own compositor."""
    width, height, fps = shape
    command = [python, str(HERE / "pixelflux_probe.py"), file, width, height, fps, crf, seconds]
    done = subprocess.run(
        [str(word) for word in command],
        env={**os.environ, "XDG_RUNTIME_DIR": runtime},
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        raise RuntimeError(f"pixelflux failed: {done.stderr.strip()[-800:]}")
    return json.loads(lines[-1])


def x264_version():
    text = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout
    return text.splitlines()[0].split(" Copyright")[0]


def as_i420(file, shape, target):
    """Converts once what `x264` reads with `pixels="yuv420p"`."""
    width, height, fps = shape
    reading = ["-f", "rawvideo", "-pix_fmt", "bgr0", "-video_size", f"{width}x{height}", "-framerate", str(fps)]
    command = ["ffmpeg", "-nostdin", "-v", "error", "-y", *reading, "-i", file]
    subprocess.run([*command, "-pix_fmt", "yuv420p", "-f", "rawvideo", target], check=True)


def x264(file, pixels, shape, crf, frames, target):
    """ffmpeg's own account of its CPU time, per frame.

    The others are measured in mid-stream, so what one frame costs alone (start-up and the first IDR) is taken off.
    """
    first, all_of_them = (ffmpeg(file, pixels, shape, crf, count, target) for count in (1, frames))
    cpu, real, size = (whole - part for whole, part in zip(all_of_them, first))
    count, fps = frames - 1, shape[2]
    return {
        "frames_per_second": count / real,
        "cpu_ms_per_frame": cpu * 1e3 / count,
        "kbit_per_second": size * 8 * fps / count / 1e3,
        "cpu_percent": cpu * 100 / real,
    }


def ffmpeg(file, pixels, shape, crf, frames, target):
    """CPU seconds, real seconds and bytes of a whole run."""
    width, height, fps = shape
    reading = ["-f", "rawvideo", "-pix_fmt", pixels, "-video_size", f"{width}x{height}", "-framerate", str(fps)]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-crf", str(crf), "-g", "99999"]
    threads = ["-threads", "1", "-filter_threads", "1", "-pix_fmt", "yuv420p"]
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-benchmark", "-y", *reading, "-i", file, *coding, *threads]
    done = subprocess.run(
        [*command, "-frames:v", str(frames), "-f", "h264", target], capture_output=True, text=True, timeout=300
    )
    found = re.findall(r"bench: utime=([\d.]+)s stime=([\d.]+)s rtime=([\d.]+)s", done.stderr)
    if done.returncode or not found:
        raise RuntimeError(f"ffmpeg failed: {done.stderr.strip()[-800:]}")
    user, system, real = map(float, found[-1])
    return user + system, real, os.path.getsize(target)
