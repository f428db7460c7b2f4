"""Results as Markdown."""

import pathlib
import sys

START = "<!-- bench-peers: start; everything up to the end mark is replaced by `python3 scripts/bench-peers --write FILE` -->"
END = "<!-- bench-peers: end -->"


def three(values, digits):
    ordered = sorted(values)
    return " / ".join(f"{value:.{digits}f}" for value in (ordered[0], ordered[len(ordered) // 2], ordered[-1]))


def table(kind, results):
    """Rows of one kind: {contender: [measurement, ...]} with exceptions among the measurements."""
    lines = [
        f"### {kind}",
        "",
        "| what | frames/s | CPU ms per frame | kbit/s | machine idle % | runs |",
        "|---|---|---|---|---|---|",
    ]
    for name, runs in results.items():
        good = [run for run in runs if isinstance(run, dict)]
        if not good:
            lines.append(f"| {name} | failed: {runs[-1]} | | | | 0 |")
            continue
        cells = [three([run[key] for run in good], digits) for key, digits in
                 (("frames_per_second", 1), ("cpu_ms_per_frame", 2), ("kbit_per_second", 0), ("idle_percent", 0))]
        lines.append(f"| {name} | {' | '.join(cells)} | {len(good)} |")
    return "\n".join(lines) + "\n"


def write(path, text):
    """Puts `text` between the marks of a page."""
    file = pathlib.Path(path)
    page = file.read_text()
    if START not in page or END not in page:
        sys.exit(f"{path} lacks the marks that say where results go")
    before, after = page.split(START)[0], page.split(END)[1]
    file.write_text(f"{before}{START}\n\n{text}\n{END}{after}")
