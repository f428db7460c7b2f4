"""A headless Chromium, through tests/viewer/bench/driver.mjs."""

import json
import pathlib
import subprocess

import processes

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "viewer"


def install():
    if not (FOLDER / "node_modules" / "playwright-core").exists():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=FOLDER, check=True)


class Browser:
    """Each method is an order of the driver, which says what it does."""

    def __init__(self, flags=()):
        command = ["node", str(FOLDER / "bench" / "driver.mjs")]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.order("launch", flags=list(flags))

    def order(self, name, **more):
        self.process.stdin.write(json.dumps({"do": name, **more}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "the driver ended"}')
        if "error" in answer:
            raise RuntimeError(f"browser, {name}: {answer['error'][:300]}")
        return answer.get("ok")

    def pids(self):
        """Chromium without the driver."""
        return processes.tree([self.process.pid]) - {self.process.pid}

    def stop(self):
        everyone = self.pids()
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            for pid in everyone & processes.tree(everyone):
                subprocess.run(["kill", "-9", str(pid)], stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
