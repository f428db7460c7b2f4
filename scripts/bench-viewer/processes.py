"""CPU and memory of processes together with everything that they started."""

import os
import pathlib
import signal
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")


def _fields(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def tree(roots):
    """The process ids of `roots` and of all their descendants."""
    children = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                children.setdefault(int(_fields(entry.name)[1]), []).append(int(entry.name))
            except OSError:
                continue
    found, waiting = set(), list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children.get(pid, [])
    return found


def cpu_seconds(pids):
    """CPU time so far of all threads of each process that is still there: {pid: seconds}."""
    spent = {}
    for pid in pids:
        try:
            fields = _fields(pid)
        except OSError:
            continue
        spent[pid] = (int(fields[11]) + int(fields[12])) / TICK
    return spent


def resident_mib(pids):
    """Proportional share of memory, in MiB."""
    total = 0
    for pid in pids:
        try:
            lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return total / 1024


def descriptors(pids):
    """How many files and sockets they have open."""
    total = 0
    for pid in pids:
        try:
            total += len(os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            continue
    return total


class CpuMeter:
    """Percent of one core that groups of processes took since the meter was made."""

    def __init__(self, **groups):
        self.groups = groups
        self.began = time.monotonic()
        self.before = {name: cpu_seconds(find()) for name, find in groups.items()}

    def percent(self):
        elapsed = time.monotonic() - self.began
        result = {}
        for name, find in self.groups.items():
            before = self.before[name]
            spent = sum(now - before.get(pid, 0) for pid, now in cpu_seconds(find()).items())
            result[name] = 100 * spent / elapsed
        return result


class Program:
    """A child process in a session of its own, ended with everything that it started."""

    def __init__(self, command, log, environment=None, **more):
        self.log = open(log, "ab")
        self.process = subprocess.Popen(
            command, stderr=self.log, stdin=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, **(environment or {})}, **{"stdout": self.log, **more},
        )
        self.pid = self.process.pid

    def line(self, starting, limit=20):
        """The rest of the first line on standard output that starts so; needs stdout=PIPE."""
        end = time.monotonic() + limit
        for line in self.process.stdout:
            text = line.decode(errors="replace").strip()
            if text.startswith(starting):
                return text[len(starting):].strip()
            if time.monotonic() > end:
                break
        raise RuntimeError(f"{self.process.args[0]} never said `{starting}`")

    def kill(self):
        """SIGKILL to this one process, as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        everyone = tree([self.pid])
        for how, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            for pid in everyone:
                try:
                    os.kill(pid, how)
                except ProcessLookupError:
                    continue
            try:
                self.process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                continue
        self.log.close()


def wait_for(condition, what, limit=20, step=0.05):
    """Waits until `condition()` is true and returns what it returned."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise RuntimeError(f"waited {limit} s in vain for {what}")
        time.sleep(step)
