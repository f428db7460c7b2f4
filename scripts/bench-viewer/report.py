"""Results as Markdown."""


def three(values):
    ordered = sorted(values)
    digits = 0 if max(abs(value) for value in ordered) >= 100 else 1
    return " / ".join(f"{value:.{digits}f}" for value in (ordered[0], ordered[len(ordered) // 2], ordered[-1]))


def cell(rounds, figure):
    """min / median / max of the rounds that have this figure, and how many failed."""
    values = [result[figure] for result in rounds if isinstance(result, dict) and figure in result]
    failed = sum(1 for result in rounds if not isinstance(result, dict))
    text = three(values) if values else "none"
    return f"{text} ({failed} failed)" if failed else text


def table(results):
    """`results`: {row: {contender: [figures or exception, ...]}}."""
    names = list(dict.fromkeys(name for row in results.values() for name in row))
    lines = ["| figure, min / median / max | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for row, contenders in results.items():
        every = [result for rounds in contenders.values() for result in rounds if isinstance(result, dict)]
        figures = list(dict.fromkeys(figure for result in every for figure in result)) or [f"{row}: nothing measured"]
        for figure in figures:
            cells = (cell(contenders.get(name, []), figure) for name in names)
            lines.append(f"| {figure} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
