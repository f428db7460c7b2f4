"""desktop-bridge of this tree, in front of a real desktop: headless sway with a terminal, as Selkies has one.

```
  sway ◀─ virtual keyboard ── desktop-bridge ◀── the page
    └─ screencopy ─▶ desktop-export ── HXFR ──▶ ┘
```
desktop-export, of tests/viewer, serves the desktop's picture as frame-export serves a virtual machine's.
"""

import os
import pathlib
import shutil
import subprocess
import urllib.request

import processes
from selkies import terminal

PORT = 18090
NOBODY = {"user": "nobody", "group": "nogroup", "extra_groups": []}
EXPORT_PORT = 18091


def build(root):
    command = ["cargo", "build", "--release", "--package", "desktop-bridge", "--package", "viewer-tests"]
    subprocess.run(command, cwd=root, check=True)


class Lunette:
    """sway, desktop-export, desktop-bridge and a terminal."""

    name = "Lunette"
    url = f"http://127.0.0.1:{PORT}/"
    port = PORT
    light_viewer = {
        "urls": [f"ws://127.0.0.1:{PORT}/ws/stream"],
        "protocols": ["lunette"],
        "answer": True,
        "texts": ['{"type":"init","session_id":"bench","width":1920,"height":1080,"fps":60,"bitrate":0,'
                  '"client_unique_id":"{id}","user_name":"bench","lunette":1}'],
    }

    def __init__(self, binaries, folder, size="1920x1080"):
        self.binaries, self.folder, self.size = pathlib.Path(binaries), pathlib.Path(folder) / "lunette", size
        self.programs = {}

    def start(self, *shown):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700, parents=True)
        if os.geteuid() == 0:
            # sway refuses to be root; what connects to it may be.
            shutil.chown(self.folder, NOBODY["user"], NOBODY["group"])
            self.folder.parent.chmod(0o755)
        self.environment = {"XDG_RUNTIME_DIR": str(self.folder)}
        self._compositor()
        self._run("terminal", terminal(shown))
        export = [str(self.binaries / "desktop-export"), "--tcp", f"127.0.0.1:{EXPORT_PORT}"]
        self._run("export", export, stdout=subprocess.PIPE).line("listening")
        self._serve()

    def start_pattern(self, kind, fps):
        """Without a desktop: the bridge's own synthetic pictures."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.environment = {}
        self._bridge("--source", "pattern", "--pattern", kind, "--fps", str(fps))

    def _run(self, name, command, **more):
        program = processes.Program(command, self.folder.with_suffix(".log"), self.environment, **more)
        self.programs[name] = program
        return program

    def _compositor(self):
        configuration = self.folder / "sway.conf"
        configuration.write_text(
            f"output HEADLESS-1 mode --custom {self.size}@60Hz\noutput * bg #000000 solid_color\n"
            "default_border none\nseat * hide_cursor 1\nxwayland disable\n"
        )
        self.environment |= {"WLR_BACKENDS": "headless", "WLR_RENDERER": "pixman", "WLR_LIBINPUT_NO_DEVICES": "1"}
        command = ["sway", "--unsupported-gpu", "--config", str(configuration)]
        self._run("compositor", command, **(NOBODY if os.geteuid() == 0 else {}))
        processes.wait_for((self.folder / "wayland-1").exists, "sway")
        self.environment["WAYLAND_DISPLAY"] = "wayland-1"

    def _serve(self):
        self._bridge("--source", "scanout", "--export", f"127.0.0.1:{EXPORT_PORT}", "--scanout", "0", "--sink", "wlroots")

    def _bridge(self, *source):
        command = [str(self.binaries / "desktop-bridge"), "--listen", f"127.0.0.1:{PORT}", "--size", self.size, *source]
        self._run("bridge", command, stdout=subprocess.PIPE).line("listening")
        processes.wait_for(self._answers, "desktop-bridge")

    def _answers(self):
        try:
            return urllib.request.urlopen(self.url + "health", timeout=1).status == 200
        except OSError:
            return False

    def crash(self):
        self.programs["bridge"].kill()

    def recover(self):
        """The desktop is still there."""
        self._serve()

    def pids(self):
        """What makes and serves the picture; not the terminal."""
        return processes.tree([program.pid for name, program in self.programs.items() if name != "terminal"])

    def stop(self):
        for name in ("bridge", "export", "terminal", "compositor"):
            if name in self.programs:
                self.programs.pop(name).stop()
