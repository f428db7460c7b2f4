"""frame-export as a process, and one subscriber that counts what arrives."""

import os
import socket
import struct
import subprocess
import threading
import time

import machine

WARM_UP = 3.0
FRAME_RESPONSE, SUBSCRIBE, ERROR = 0x02, 0x30, 0xFF


class Server:
    """A running frame-export with one scanout."""

    def __init__(self, program, arguments):
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("FRAME_EXPORT_")}
        self.process = subprocess.Popen(
            [program, "--tcp", "127.0.0.1:0", "--log", "error", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env=inherited,
        )
        line = self.process.stdout.readline()
        addresses = dict(word.split("=", 1) for word in line.split() if "=" in word)
        if "tcp" not in addresses:
            raise RuntimeError(f"frame-export did not start to listen: {line!r}")
        host, port = addresses["tcp"].rsplit(":", 1)
        self.address = host, int(port)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(timeout=10)


class Subscriber(threading.Thread):
    """Counts frames and their bytes, and keeps nothing."""

    def __init__(self, address, scanout):
        super().__init__(daemon=True)
        self.socket = socket.create_connection(address, timeout=10)
        self.socket.sendall(b"HXFR" + struct.pack("<BBHII", SUBSCRIBE, 0, scanout, 4, scanout))
        self.frames = self.bytes = 0
        self.buffer = bytearray(1 << 20)
        self.failure = None
        self.start()

    def run(self):
        try:
            while True:
                head = self.read(12)
                kind, size = head[4], struct.unpack_from("<I", head, 8)[0]
                self.skip(size)
                if kind == ERROR:
                    raise RuntimeError("frame-export ended the stream")
                self.frames += kind == FRAME_RESPONSE
                self.bytes += size if kind == FRAME_RESPONSE else 0
        except (OSError, RuntimeError) as error:
            self.failure = error

    def read(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise RuntimeError("frame-export closed the connection")
            data += part
        return data

    def skip(self, size):
        view = memoryview(self.buffer)
        while size:
            read = self.socket.recv_into(view[: min(size, len(view))])
            if not read:
                raise RuntimeError("frame-export closed the connection")
            size -= read


def measure(program, arguments, seconds):
    """What one stream costs the server process."""
    with Server(program, arguments) as server:
        subscriber = Subscriber(server.address, 0)
        time.sleep(WARM_UP)
        cpu, start = machine.cpu_seconds(server.process.pid), time.monotonic()
        frames, coded = subscriber.frames, subscriber.bytes
        time.sleep(seconds)
        elapsed = time.monotonic() - start
        cpu = machine.cpu_seconds(server.process.pid) - cpu
        frames, coded = subscriber.frames - frames, subscriber.bytes - coded
        resident = machine.resident_mib(server.process.pid)
    if not frames:
        raise RuntimeError(f"no frame arrived: {subscriber.failure}")
    return {
        "frames_per_second": frames / elapsed,
        "cpu_ms_per_frame": cpu * 1e3 / frames,
        "kbit_per_second": coded * 8 / elapsed / 1e3,
        "cpu_percent": cpu * 100 / elapsed,
        "resident_mib": resident,
    }
