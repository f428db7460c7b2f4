"""A narrow link: what a server's port sends over loopback is held to a rate behind a short queue.

The whole benchmark lives in a network namespace of its own, so nothing else is touched. The queue holds 200 ms of the
rate and drops what is beyond, as a home router does; the kernel's own TCP reacts to that. Only the direction from the
server is held: packets from the browser pass at once.
"""

import os
import subprocess
import sys

QUEUE_SECONDS = 0.2
MARK = "BENCH_VIEWER_NAMESPACE"


def enter_namespace():
    """Starts the program again in a network namespace; says so and goes on where that is not possible."""
    if os.environ.get(MARK):
        return
    mine = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]
    if subprocess.run([*mine, "ip", "link", "set", "lo", "up"], stderr=subprocess.DEVNULL).returncode:
        print("no network namespace can be made here: the row net is left out", file=sys.stderr)
        os.environ[MARK] = "no"
        return
    os.environ[MARK] = "yes"
    script = 'ip link set lo up && exec "$@"'
    os.execvp(mine[0], [*mine, "sh", "-c", script, "sh", sys.executable, *sys.argv])


def possible():
    return os.environ.get(MARK) == "yes"


def _tc(*words):
    subprocess.run(["tc", *map(str, words)], check=True)


def use_congestion_control():
    """One that fills a queue until it loses packets, as most servers' does; a namespace may not choose every one."""
    for name in ("cubic", "reno"):
        try:
            with open("/proc/sys/net/ipv4/tcp_congestion_control", "w", encoding="ascii") as file:
                file.write(name)
            return
        except OSError:
            continue


class Link:
    """Holds what `port` sends, from `narrow` until `close`."""

    def __init__(self, port):
        # Real segments: loopback would otherwise pass 64 kB at once.
        subprocess.run(["ip", "link", "set", "dev", "lo", "mtu", "1500", "gso_max_size", "1514", "gso_max_segs", "1"], check=True)
        use_congestion_control()
        _tc("qdisc", "add", "dev", "lo", "root", "handle", "1:", "htb", "default", 1)
        _tc("class", "add", "dev", "lo", "parent", "1:", "classid", "1:1", "htb", "rate", "10gbit", "quantum", 60000)
        self._class("add", 100_000)
        _tc("qdisc", "add", "dev", "lo", "parent", "1:2", "handle", "20:", "bfifo", "limit", 2_500_000)
        _tc("filter", "add", "dev", "lo", "parent", "1:", "protocol", "ip", "prio", 1, "u32",
            "match", "ip", "sport", port, "0xffff", "flowid", "1:2")

    @staticmethod
    def _class(verb, kilobits):
        _tc("class", verb, "dev", "lo", "parent", "1:", "classid", "1:2", "htb",
            "rate", f"{kilobits}kbit", "burst", 3000, "cburst", 3000, "quantum", 1600)

    def narrow(self, kilobits):
        self._class("change", kilobits)
        _tc("qdisc", "change", "dev", "lo", "parent", "1:2", "handle", "20:",
            "bfifo", "limit", max(6000, int(kilobits * 125 * QUEUE_SECONDS)))

    def close(self):
        _tc("qdisc", "del", "dev", "lo", "root")
        subprocess.run(["ip", "link", "set", "dev", "lo", "mtu", "65536", "gso_max_size", "65536", "gso_max_segs", "65535"], check=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
