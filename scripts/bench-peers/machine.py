"""Facts about the machine, what is missing on it, and what a process spends."""

import ctypes.util
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import time

TICK = os.sysconf("SC_CLK_TCK")


def say(text):
    print(text, file=sys.stderr, flush=True)


def facts():
    """Lines for a report."""
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text()
    model = next((line.split(":")[1].strip() for line in cpuinfo.splitlines() if line.startswith("model name")), "?")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC",
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release()} {platform.machine()}",
        f"load before the run: {os.getloadavg()[0]:.2f}",
    ]


def need(packages):
    """Installs the Debian packages that are missing: {package: (test, why)}."""
    missing = {name: why for name, (is_there, why) in packages.items() if not is_there()}
    if not missing:
        return
    for name, why in missing.items():
        say(f"missing: {name}, {why}")
    if not shutil.which("apt-get"):
        sys.exit("There is no apt-get here. Install what is missing by hand, then start again.")
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    for step in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
        command = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", *step]
        if subprocess.run(command, stdout=sys.stderr).returncode:
            sys.exit(f"apt-get {' '.join(step)} failed")


def has_command(name):
    return lambda: shutil.which(name) is not None


def has_library(name):
    return lambda: ctypes.util.find_library(name) is not None


def has_module(name):
    return lambda: subprocess.run([sys.executable, "-c", f"import {name}"], stderr=subprocess.DEVNULL).returncode == 0


def cpu_seconds(process_id):
    """CPU time of all threads of a process so far, user and system."""
    fields = pathlib.Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_mib(process_id):
    status = pathlib.Path(f"/proc/{process_id}/status").read_text().splitlines()
    return int(next(line for line in status if line.startswith("VmRSS:")).split()[1]) / 1024


def clock_ticks():
    """Ticks that all cores were idle, and all ticks, since the machine started."""
    fields = [int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return fields[3] + fields[4], sum(fields)


def with_idle_share(measure):
    """Measures; adds how idle the machine was meanwhile. Near 0 somebody else took the cores."""
    idle, ticks = clock_ticks()
    result = measure()
    idle_after, ticks_after = clock_ticks()
    return {**result, "idle_percent": (idle_after - idle) * 100 / max(ticks_after - ticks, 1)}
