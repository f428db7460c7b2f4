"""What is measured: a function for each row, called with a contender, which returns {figure: value}."""

import json
import pathlib
import subprocess
import time

import legible
import link
import processes
from browser import FOLDER, Browser

SETTLE = 5


def percentile(samples, percent):
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(percent / 100 * len(ordered)))] if ordered else float("nan")


def meter(contender, browser):
    return processes.CpuMeter(server=contender.pids, browser=browser.pids)


def load(contender, options):
    """A first visit with an empty profile, and a second one with what the first left in the caches."""
    contender.start("still")
    with Browser() as browser:
        loads = [browser.order("load", url=contender.url) for _ in range(3)]
    middle = lambda visit, figure: percentile([load[visit][figure] for load in loads], 50)
    return {
        "first load, kB on the wire": middle("cold", "wire") / 1000,
        "first load, kB if all were gzipped": middle("cold", "gzipped") / 1000,
        "first painted frame, cold, ms": middle("cold", "first"),
        "first painted frame, warm, ms": middle("warm", "first"),
    }


def key(contender, options):
    contender.start("keys")
    with Browser() as browser:
        browser.order("open", url=contender.url)
        time.sleep(SETTLE)
        # Whoever needs a click before it takes keys gets it.
        browser.order("click", x=960, y=700)
        time.sleep(1)
        result = browser.order("keys", count=options.keys, gap=150)
        browser.order("screenshot", path=str(options.shots / f"{contender.name}-key.png"))
    if not result["delays"]:
        raise RuntimeError("no key was ever echoed")
    return {
        "key to painted, p50, ms": percentile(result["delays"], 50),
        "key to painted, p95, ms": percentile(result["delays"], 95),
        "keys never echoed": result["missed"],
    }


def still(contender, options):
    contender.start("still")
    with Browser() as browser:
        browser.order("open", url=contender.url)
        time.sleep(SETTLE * 2)
        cpu = meter(contender, browser)
        time.sleep(options.seconds)
        spent = cpu.percent()
        browser.order("screenshot", path=str(options.shots / f"{contender.name}-still.png"))
    return {
        "still: server CPU, %": spent["server"],
        "still: browser CPU, %": spent["browser"],
        "still: server memory, MiB": processes.resident_mib(contender.pids()),
    }


def scroll(contender, options):
    contender.start("clock", "--scroll", "1", "--fps", "30")
    with Browser() as browser:
        browser.order("open", url=contender.url)
        time.sleep(SETTLE)
        # Reading the picture costs the browser a lot, so CPU is measured before anybody does.
        cpu, sent = meter(contender, browser), bytes_sent(contender.port)
        began = time.monotonic()
        time.sleep(options.seconds)
        spent, sent = cpu.percent(), bytes_sent(contender.port) - sent
        rate = sent * 8 / (time.monotonic() - began) / 1e6
        log, elapsed = read_bars(browser, options.seconds)
        browser.order("screenshot", path=str(options.shots / f"{contender.name}-scroll.png"))
    ages = [age for _, age in log]
    return {
        "scroll 30/s: age of the painted clock, p50, ms": percentile(ages, 50),
        "scroll 30/s: age of the painted clock, p95, ms": percentile(ages, 95),
        "scroll 30/s: painted per second": len(log) / elapsed,
        "scroll 30/s: server CPU, %": spent["server"],
        "scroll 30/s: browser CPU, %": spent["browser"],
        "scroll 30/s: Mbit/s": rate,
    }


def read_bars(browser, seconds):
    """The bars that are painted meanwhile, as [when, age], and how long that was."""
    browser.order("evaluate", code="window.__probe.watchBars()")
    time.sleep(1)
    browser.order("take")
    began = time.monotonic()
    time.sleep(seconds)
    return browser.order("take")["log"], time.monotonic() - began


def bytes_sent(port):
    """What the kernel has sent on the connections that are open at this port."""
    command = ["ss", "-tniH", "state", "established", f"( sport = :{port} )"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sum(int(word.split(":")[1]) for word in shown.split() if word.startswith("bytes_sent:"))


def net(contender, options):
    """The link narrows while text scrolls. `behind` is how old the picture was at its worst, looked at all the time,
    `after 4 s` the same but without the first four seconds."""
    if not link.possible():
        raise RuntimeError("needs a network namespace of its own")
    contender.start("clock", "--scroll", "1", "--fps", "30")
    result = {}
    with link.Link(contender.port) as narrow, Browser() as browser:
        browser.order("open", url=contender.url, watch="bars")
        time.sleep(SETTLE)
        for name, kilobits in (("8 Mbit/s", 8000), ("2 Mbit/s", 2000), ("500 kbit/s", 500)):
            narrow.narrow(kilobits)
            phase = watch_age(browser, options.phase)
            picture = str(options.shots / f"{contender.name}-{kilobits}.png")
            browser.order("screenshot", path=picture)
            result[f"{name}: furthest behind, ms"] = max(phase["ages"], default=float("nan"))
            result[f"{name}: furthest behind after 4 s, ms"] = max(phase["late"], default=float("nan"))
            result[f"{name}: behind, p50, ms"] = percentile(phase["late"], 50)
            result[f"{name}: painted per second"] = phase["painted"] / options.phase
            result[f"{name}: words legible, %"] = legible.percent(picture)
            print(contender.name, name, phase["trace"], flush=True, file=options.trace)
    return result


def watch_age(browser, seconds):
    """How old the picture is, looked at every 50 ms: this counts a picture that stands still, too."""
    browser.order("take")
    began, ages, late, trace = time.monotonic(), [], [], []
    while (now := time.monotonic() - began) < seconds:
        _, age = browser.order("age")
        if age is not None:
            ages.append(age)
            if now > 4:
                late.append(age)
            if len(trace) <= now:
                trace.append(age)
        time.sleep(0.05)
    return {"ages": ages, "late": late, "trace": trace, "painted": len(browser.order("take")["log"])}


def viewers(contender, options):
    """What nine more viewers cost the server, while text scrolls."""
    contender.start("clock", "--scroll", "1", "--fps", "30")
    with Browser() as browser:
        browser.order("open", url=contender.url)
        time.sleep(SETTLE)
        alone = processes.CpuMeter(server=contender.pids)
        time.sleep(options.seconds)
        alone = alone.percent()["server"]
        more, seconds = 9, options.seconds + 3
        order = {**contender.light_viewer, "count": more, "seconds": seconds}
        command = ["node", str(FOLDER / "bench" / "viewers.mjs"), json.dumps(order)]
        crowd = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if crowd.stdout.readline().strip() != "ready":
            raise RuntimeError("the viewers did not come up")
        together = processes.CpuMeter(server=contender.pids)
        time.sleep(options.seconds)
        together = together.percent()["server"]
        received = json.loads(crowd.stdout.readline())
        crowd.wait()
    served = sum(1 for viewer in received if viewer["frames"] > options.seconds * 10)
    return {
        "one viewer: server CPU, %": alone,
        "ten viewers: server CPU, %": together,
        "ten viewers: points more": together - alone,
        "ten viewers: of nine, got a moving picture": served,
    }


def recover(contender, options):
    """kill -9, two seconds of nothing, then a new server: when does the page show the present again, by itself?"""
    contender.start("clock", "--fps", "30")
    with Browser() as browser:
        browser.order("open", url=contender.url, watch="bars")
        processes.wait_for(lambda: is_fresh(browser, None), f"a first picture of {contender.name}")
        contender.crash()
        time.sleep(1)
        browser.order("screenshot", path=str(options.shots / f"{contender.name}-down.png"))
        time.sleep(1)
        last, _ = browser.order("age")
        began = time.monotonic()
        contender.recover()
        up = time.monotonic() - began
        processes.wait_for(lambda: is_fresh(browser, last), f"a picture of {contender.name} after its crash", 60)
        back = time.monotonic() - began
        browser.order("screenshot", path=str(options.shots / f"{contender.name}-recovered.png"))
    return {"crash: server answers again after, ms": up * 1000, "crash: fresh picture after, ms": back * 1000}


def is_fresh(browser, last):
    try:
        read, age = browser.order("age")
    except RuntimeError:
        # The page is loading itself anew.
        return False
    return read is not None and read != last and age < 500


def by_its_own_clock(contender, browser, seconds):
    """What the page of ours itself says of its pictures: {figure: value}."""
    stats = lambda: browser.order("evaluate", code="window.__lunette.freshStats()")
    before, cpu = stats(), meter(contender, browser)
    began = time.monotonic()
    time.sleep(seconds)
    now, elapsed, spent = stats(), time.monotonic() - began, cpu.percent()
    latencies = {}
    while time.monotonic() - began < 2 * seconds:
        one = stats()
        latencies[one["lastPaintedPts"]] = one["lastLatencyMs"]
        time.sleep(0.02)
    return {
        "capture to painted, p50, ms": percentile(latencies.values(), 50),
        "capture to painted, p95, ms": percentile(latencies.values(), 95),
        "painted per second, by the page": (now["painted"] - before["painted"]) / elapsed,
        "server CPU, %": spent["server"],
        "browser CPU, %": spent["browser"],
    }


def pattern(contender, options):
    """Lunette alone: the synthetic page of text that scrolls by 8 rows, 1080p at 30/s, by the page's own clock."""
    if not hasattr(contender, "start_pattern"):
        return {}
    contender.start_pattern("scroll", 30)
    with Browser() as browser:
        loads = [browser.order("load", url=contender.url) for _ in range(3)]
        browser.order("open", url=contender.url)
        time.sleep(SETTLE)
        told = by_its_own_clock(contender, browser, options.seconds)
        browser.order("evaluate", code="window.__probe.watchMarkers()")
        time.sleep(options.seconds)
        log = browser.order("take")["log"]
        browser.order("screenshot", path=str(options.shots / f"{contender.name}-pattern.png"))
    counters = [counter for _, counter in log]
    return {
        "pattern: first painted frame, cold, ms": percentile([load["cold"]["first"] for load in loads], 50),
        "pattern: first painted frame, warm, ms": percentile([load["warm"]["first"] for load in loads], 50),
        **{f"pattern: {figure}": value for figure, value in told.items()},
        "pattern: counters read off the canvas per second": len(log) / options.seconds,
        "pattern: counters that went back": sum(1 for a, b in zip(counters, counters[1:]) if b < a),
    }


# Letters, digits, signs with and without shift, and what no plain key has.
TYPED = "the quick brown fox jumps over 13 lazy dogs; {[(A-Z)]} | grep \"$x\" && echo ~/done"
ACCENTED = " äöüß éàç €"


def desktop(contender, options):
    """A real desktop in a virtual machine, through the control plane, as a person at its page has it."""
    if not hasattr(contender, "login"):
        return {}
    contender.start()
    page, result = {"url": contender.url, "login": contender.login}, {}
    with Browser() as browser:
        loads = [browser.order("load", **page) for _ in range(3)]
        for visit in ("cold", "warm"):
            first = percentile([load[visit]["first"] for load in loads], 50)
            result[f"desktop: first painted frame, {visit}, ms"] = first
        browser.order("open", **page)
        time.sleep(SETTLE)
        browser.order("screenshot", path=str(options.shots / "desktop.png"))
        contender.show(contender.TYPE)
        time.sleep(SETTLE)
        browser.order("click", x=960, y=700)
        browser.order("type", text=TYPED, gap=60)
        browser.order("type", text=ACCENTED, gap=60)
        browser.order("press", key="Enter")
        time.sleep(SETTLE)
        browser.order("screenshot", path=str(options.shots / "desktop-typed.png"))
        arrived = contender.run("cat", contender.TYPED).removesuffix("\n")
        if arrived != TYPED + ACCENTED:
            raise RuntimeError(f"typed {TYPED + ACCENTED!r}, the terminal got {arrived!r}")
        result["desktop: characters typed and right"] = len(arrived)
        contender.show(contender.KEYS)
        time.sleep(SETTLE)
        browser.order("click", x=960, y=700)
        echo = browser.order("keys", count=options.keys, gap=300)
        result["desktop: key to painted, p50, ms"] = percentile(echo["delays"], 50)
        result["desktop: key to painted, p95, ms"] = percentile(echo["delays"], 95)
        result["desktop: keys never echoed"] = echo["missed"]
        contender.show(contender.SCROLL)
        time.sleep(SETTLE)
        told = by_its_own_clock(contender, browser, options.seconds)
        browser.order("screenshot", path=str(options.shots / "desktop-scroll.png"))
        result |= {f"desktop, scroll 30/s: {figure}": value for figure, value in told.items()}
    return result


CROWD, CROWD_DESKTOPS = 50, 4


def crowd(contender, options):
    """Many viewers of four desktops whose terminals scroll, through the control plane and its tunnel."""
    if not hasattr(contender, "light_viewers"):
        return {}
    contender.start(desktops=CROWD_DESKTOPS, size="1280x720")
    for desktop in contender.ids:
        contender.show(contender.SCROLL, desktop=desktop)
    time.sleep(SETTLE)
    seconds = options.minutes * 60
    order = {**contender.light_viewers(), "count": CROWD, "seconds": seconds}
    command = ["node", str(FOLDER / "bench" / "viewers.mjs"), json.dumps(order)]
    viewers = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    if viewers.stdout.readline().strip() != "ready":
        raise RuntimeError("the viewers did not come up")
    programs = contender.programs()
    use = lambda: {name: (processes.resident_mib(pids), processes.descriptors(pids)) for name, pids in programs.items()}
    before, cpu = use(), processes.CpuMeter(**{name: lambda pids=pids: pids for name, pids in programs.items()})
    received = json.loads(viewers.stdout.readline())
    viewers.wait()
    percent, after = cpu.percent(), use()
    gaps = [viewer["gap"] for viewer in received if not viewer["closed"]]
    result = {
        f"crowd: of {CROWD}, watched to the end": len(gaps),
        "crowd: pictures per second each, p50": percentile([viewer["pictures"] for viewer in received], 50) / seconds,
        "crowd: longest gap between pictures, p50, ms": percentile(gaps, 50),
        "crowd: longest gap between pictures, worst, ms": max(gaps, default=float("nan")),
    }
    for name in sorted(programs, key=lambda name: -percent[name]):
        memory, files = zip(before[name], after[name])
        result[f"crowd: {name}: CPU, %"] = percent[name]
        result[f"crowd: {name}: MiB more at the end"] = memory[1] - memory[0]
        result[f"crowd: {name}: descriptors more at the end"] = files[1] - files[0]
    return result


ROWS = {row.__name__: row for row in (load, key, still, scroll, net, viewers, recover, pattern, desktop, crowd)}
# What takes a virtual machine.
OF_MACHINE = ("desktop", "crowd")


def prepare(folder):
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    return pathlib.Path(folder)
