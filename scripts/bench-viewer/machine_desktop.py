"""A desktop in a virtual machine, as `lunette up` makes it, and a terminal that fills it."""

import json
import pathlib
import subprocess
import time

import processes

SIZE = "1920x1080"
LISTEN = "127.0.0.1:18095"
# Booting and starting a desktop without virtualisation.
READY = 600


class MachineDesktop:
    """The rows `desktop` and `crowd` are for it."""

    name = "Lunette in a virtual machine"

    # What runs in the terminal: desktops have bash, and no Python.
    TYPED = "/tmp/typed"
    TYPE = f"stty -echoctl; head -n 1 > {TYPED}; sleep 3600"
    KEYS = r"""
stty raw -echo; printf '\e[?25l\e[2J'; shown=40
while :; do
  printf '\e[H\e[%sm\e[2K\r\n\e[2K\r\n\e[2K\e[m' $shown
  IFS= read -rsN1; if [ $shown = 40 ]; then shown=107; else shown=40; fi
done
"""
    SCROLL = r"""
words=(anchor basket bridge candle castle desert dragon engine flower forest garden hammer island jungle kitten ladder)
lines=(); for ((n = 0; n < 200; n++)); do
  text=; for ((w = 0; w < 30; w++)); do text+=" ${words[RANDOM % 16]}"; done
  lines+=("$text")
done
exec 3<><(:); n=0; due=${EPOCHREALTIME/[.,]/}
while :; do
  printf '\n%08d%s' $n "${lines[n % 200]}"; n=$((n + 1)); due=$((due + 33333))
  left=$((due - ${EPOCHREALTIME/[.,]/})); if ((left > 0)); then read -rt 0.$(printf %06d $left) -u 3; else due=$((due - left)); fi
done
"""

    def __init__(self, binaries, folder):
        self.lunette, self.folder = pathlib.Path(binaries) / "lunette", pathlib.Path(folder) / "machine"
        self.up, self.times = None, {}

    def start(self, desktops=1, size=SIZE):
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = [str(self.lunette), "up", "--desktops", str(desktops), "--profile", "light", "--size", size, "--listen", LISTEN,
                   "--no-open", "--json", "--state-dir", str(self.folder / "state")]
        self.up = processes.Program(command, self.folder / "log", stdout=subprocess.PIPE)
        end = time.monotonic() + READY
        for line in self.up.process.stdout:
            step = json.loads(line)
            self.times[step["step"]] = step.get("seconds")
            if step["step"] == "ready":
                break
            if time.monotonic() > end:
                raise RuntimeError(f"not ready after {READY} s: {step}")
        else:
            raise RuntimeError(f"lunette up ended; see {self.folder / 'log'}")
        self.ids, page = [one["id"] for one in step["desktops"]], step["api"].removesuffix("/").removesuffix("/api/v1")
        self.id, self.page = self.ids[0], page
        self.url = f"{page}/d/{self.id}/"
        self.login = {"url": f"{page}/api/v1/session", "token": step["token"]}

    def _lunette(self, *words):
        command = [str(self.lunette), *words[:1], "--state-dir", str(self.folder / "state"), *words[1:]]
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode:
            raise RuntimeError(f"lunette {' '.join(words)[:80]}: {ran.stderr.strip()}")
        return ran.stdout

    def run(self, *words, desktop=None):
        """Runs a program in a desktop, the first one unless told; returns what it printed."""
        return self._lunette("exec", desktop or self.id, "--", *words)

    def show(self, script, desktop=None):
        """A terminal that fills the picture, with a script of bash in it, in place of the one before."""
        self.run("sh", "-c", "pkill -x foot; exit 0", desktop=desktop)
        self.run("sh", "-c", 'printf %s "$0" > /tmp/shown', script, desktop=desktop)
        foot = "foot --fullscreen --config=/dev/null --font=monospace:pixelsize=16 --override=dpi-aware=no"
        self.run("sh", "-c", f"setsid -f {foot} bash /tmp/shown >/tmp/foot.log 2>&1 </dev/null", desktop=desktop)

    def light_viewers(self):
        """Viewers that decode nothing, of all desktops, by the way that existing clients take."""
        stream = self.page.replace("http", "ws", 1) + "/api/v1/external-agents/{}/ws/stream"
        return {
            "urls": [stream.format(desktop) for desktop in self.ids],
            "protocols": ["lunette", f"lunette.bearer.{self.login['token']}"],
            "answer": True,
            "texts": ['{"type":"init","session_id":"bench","width":1280,"height":720,"fps":60,"bitrate":0,'
                      '"client_unique_id":"{id}","user_name":"bench","lunette":1}'],
        }

    def programs(self):
        """{name: process ids} of what runs on this machine for it."""
        found = {}
        for pid in self.pids():
            try:
                name = pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
            except OSError:
                continue
            found.setdefault(name, set()).add(pid)
        return found

    def pids(self):
        return processes.tree([self.up.pid])

    def stop(self):
        if self.up is not None:
            self.up.stop()
            self.up = None
