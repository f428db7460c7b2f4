"""Runs pixelflux on whatever a client shows in its Wayland display, and prints what that cost as JSON.

Runs with the Python that pixelflux is installed for: probe.py FILE WIDTH HEIGHT FPS CRF SECONDS
"""

import json
import os
import pathlib
import subprocess
import sys
import time

import pixelflux

WARM_UP = 3.0


def settings(width, height, fps, crf):
    wanted = pixelflux.CaptureSettings()
    wanted.capture_width, wanted.capture_height = width, height
    wanted.target_fps = fps
    wanted.use_wayland = True
    wanted.use_cpu = True
    wanted.encode_node_index = -1
    wanted.capture_cursor = False
    wanted.codec = "h264"
    wanted.video_fullframe = True
    wanted.video_crf = crf
    wanted.video_streaming_mode = False
    return wanted


class Tally:
    """Frames and bytes that arrived; the callback runs on a thread of pixelflux."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.frames, self.bytes = set(), 0

    def add(self, frame):
        self.frames.add(frame.frame_id)
        self.bytes += len(frame)


def cpu_seconds():
    spent = os.times()
    return spent.user + spent.system


def measure(tally, player, seconds):
    tally.reset()
    cpu, start = cpu_seconds(), time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - start
    cpu, frames, coded = cpu_seconds() - cpu, len(tally.frames), tally.bytes
    if player.poll() is not None:
        sys.exit(f"the player ended early with code {player.returncode}")
    if not frames:
        sys.exit("pixelflux delivered no frame")
    return {
        "frames_per_second": frames / elapsed,
        "cpu_ms_per_frame": cpu * 1e3 / frames,
        "kbit_per_second": coded * 8 / elapsed / 1e3,
        "cpu_percent": cpu * 100 / elapsed,
    }


def main(path, width, height, fps, crf, seconds):
    tally = Tally()
    capture = pixelflux.ScreenCapture()
    capture.start_capture(tally.add, settings(int(width), int(height), float(fps), int(crf)))
    time.sleep(1)
    display = pixelflux.get_wayland_display_name()
    if not display:
        sys.exit("pixelflux opened no Wayland display")
    script = pathlib.Path(__file__).with_name("player.py")
    player = subprocess.Popen(
        [sys.executable, str(script), path, width, height, fps], env={**os.environ, "WAYLAND_DISPLAY": display}
    )
    try:
        time.sleep(WARM_UP)
        print(json.dumps(measure(tally, player, float(seconds))), flush=True)
    finally:
        player.terminate()
        player.wait()
    # Its threads do not always end with the capture.
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
