"""Selkies from PyPI, as it is when it is installed: websockets, Wayland, software."""

import pathlib
import shutil
import subprocess
import sys
import urllib.request

import processes

CLOCK = pathlib.Path(__file__).with_name("clock.py")
PORT = 18080


def install(folder):
    """Selkies in an environment of its own below `folder`; returns the program."""
    program = pathlib.Path(folder) / "bin" / "selkies"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([f"{folder}/bin/pip", "install", "--quiet", "selkies"], check=True)
    return str(program)


def version(program):
    pip = pathlib.Path(program).with_name("pip")
    shown = subprocess.run([pip, "show", "selkies", "pixelflux"], capture_output=True, text=True, check=True).stdout
    lines = [line.split(": ")[1] for line in shown.splitlines() if line.startswith(("Name", "Version"))]
    return " ".join(lines)


class Selkies:
    """One server and, in its desktop, one terminal."""

    name = "Selkies"
    url = f"http://127.0.0.1:{PORT}/"
    port = PORT
    # Its messages of a viewer that wants video; without them it sends none.
    light_viewer = {
        "urls": [f"ws://127.0.0.1:{PORT}/api/websockets?role=viewer"],
        "texts": ["_gz,1", "cr", "kr", "STOP_VIDEO", "START_VIDEO"],
    }

    def __init__(self, program, folder):
        self.program, self.folder = program, pathlib.Path(folder) / "selkies"
        self.server = self.terminal = None
        self.shown = None

    def start(self, *shown):
        self.shown = shown
        self._serve()
        self._show()

    def _serve(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o700, parents=True)
        command = [self.program, "--addr=127.0.0.1", f"--port={PORT}", "--wayland=true", "--use-cpu=true",
                   "--enable-basic-auth=false", "--audio-enabled=false"]
        environment = {"XDG_RUNTIME_DIR": str(self.folder)}
        self.server = processes.Program(command, self.folder.with_suffix(".log"), environment)
        processes.wait_for(self._answers, "Selkies")

    def _answers(self):
        try:
            return urllib.request.urlopen(self.url, timeout=1).status == 200
        except OSError:
            return False

    def _show(self):
        processes.wait_for((self.folder / "wayland-1").exists, "Selkies' compositor")
        environment = {"XDG_RUNTIME_DIR": str(self.folder), "WAYLAND_DISPLAY": "wayland-1"}
        self.terminal = processes.Program(terminal(self.shown), self.folder.with_suffix(".log"), environment)

    def crash(self):
        self.server.kill()

    def recover(self):
        """What there is to be done after a crash: its applications went with it."""
        self.terminal.stop()
        self._serve()
        self._show()

    def pids(self):
        """What makes and serves the picture; not the terminal."""
        return processes.tree([self.server.pid])

    def stop(self):
        for program in (self.terminal, self.server):
            if program is not None:
                program.stop()


def terminal(shown):
    """A terminal that fills the picture, with clock.py in it."""
    return ["foot", "--fullscreen", "--config=/dev/null", "--font=monospace:pixelsize=16", "--override=dpi-aware=no",
            sys.executable, str(CLOCK), *shown]
