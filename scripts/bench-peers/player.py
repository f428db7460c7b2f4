"""A Wayland client that shows a file of raw BGRX frames in a loop, full screen, at a given rate.

The file itself is the shared memory pool, so the client copies no pixel: what a compositor spends on a frame is all
its own. Speaks the wire protocol directly; needs nothing but Python.
"""

import array
import os
import selectors
import socket
import struct
import sys
import time

XRGB8888 = 1
CAPS = {b"wl_compositor": 4, b"wl_shm": 1, b"xdg_wm_base": 1}


class Player:
    """One surface, one pool, as many buffers as the file has frames."""

    def __init__(self, path, width, height):
        self.size = width, height
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        runtime = os.environ["XDG_RUNTIME_DIR"]
        self.socket.connect(os.path.join(runtime, os.environ["WAYLAND_DISPLAY"]))
        self.inbox = b""
        self.last_id = 1
        self.globals = {}
        self.configured = False
        self.file = open(path, "rb+")
        self.frame_bytes = width * height * 4
        self.frames = os.fstat(self.file.fileno()).st_size // self.frame_bytes
        if not self.frames:
            sys.exit(f"{path} holds no frame of {width}x{height}")

    def new_id(self):
        self.last_id += 1
        return self.last_id

    def send(self, target, opcode, payload=b"", fd=None):
        message = struct.pack("<IHH", target, opcode, 8 + len(payload)) + payload
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))] if fd is not None else []
        self.socket.sendmsg([message], rights)

    def events(self):
        """Reads what has arrived: (object, opcode, payload) each."""
        received = self.socket.recv(65536)
        if not received:
            sys.exit("the compositor closed the connection")
        self.inbox += received
        while len(self.inbox) >= 8:
            target, opcode, size = struct.unpack_from("<IHH", self.inbox)
            if len(self.inbox) < size:
                return
            yield target, opcode, self.inbox[8:size]
            self.inbox = self.inbox[size:]

    def handle(self):
        for target, opcode, payload in self.events():
            if target == 1 and opcode == 0:
                sys.exit(f"the compositor refused: {payload[12:].rstrip(bytes(1)).decode(errors='replace')}")
            elif target == self.registry and opcode == 0:
                name, length = struct.unpack_from("<II", payload)
                self.globals[payload[8 : 8 + length - 1]] = name
            elif target == getattr(self, "wm_base", 0) and opcode == 0:
                self.send(self.wm_base, 3, payload)  # pong
            elif target == getattr(self, "xdg_surface", 0) and opcode == 0:
                self.send(self.xdg_surface, 4, payload)  # ack_configure
                self.configured = True
            elif target == getattr(self, "sync", 0):
                self.synced = True

    def bind(self, interface):
        if interface not in self.globals:
            sys.exit(f"the compositor has no {interface.decode()}")
        made = self.new_id()
        text = interface + bytes(1)
        text += bytes(-len(text) % 4)
        header = struct.pack("<II", self.globals[interface], len(interface) + 1)
        self.send(self.registry, 0, header + text + struct.pack("<II", CAPS[interface], made))
        return made

    def create(self, target, opcode, *arguments, fd=None):
        made = self.new_id()
        self.send(target, opcode, struct.pack(f"<I{len(arguments)}i", made, *arguments), fd)
        return made

    def open(self):
        self.registry = self.create(1, 1)
        self.sync = self.create(1, 0)
        self.synced = False
        while not self.synced:
            self.handle()
        compositor, shm = self.bind(b"wl_compositor"), self.bind(b"wl_shm")
        self.wm_base = self.bind(b"xdg_wm_base")
        self.surface = self.create(compositor, 0)
        self.xdg_surface = self.create(self.wm_base, 2, self.surface)
        toplevel = self.create(self.xdg_surface, 1)
        self.send(toplevel, 11, struct.pack("<I", 0))  # set_fullscreen
        self.send(self.surface, 6)  # commit
        while not self.configured:
            self.handle()
        self.send_buffers(shm)

    def send_buffers(self, shm):
        width, height = self.size
        pool = self.create(shm, 0, self.frames * self.frame_bytes, fd=self.file.fileno())
        self.buffers = [
            self.create(pool, 0, index * self.frame_bytes, width, height, width * 4, XRGB8888)
            for index in range(self.frames)
        ]

    def show(self, number):
        width, height = self.size
        self.send(self.surface, 1, struct.pack("<Iii", self.buffers[number % self.frames], 0, 0))  # attach
        self.send(self.surface, 9, struct.pack("<iiii", 0, 0, width, height))  # damage_buffer
        self.send(self.surface, 6)  # commit

    def play(self, fps):
        selector = selectors.DefaultSelector()
        selector.register(self.socket, selectors.EVENT_READ)
        start, number = time.monotonic(), 0
        while True:
            self.show(number)
            number += 1
            while (wait := start + number / fps - time.monotonic()) > 0:
                if selector.select(wait):
                    self.handle()


def main(path, width, height, fps):
    player = Player(path, int(width), int(height))
    player.open()
    player.play(float(fps))


if __name__ == "__main__":
    main(*sys.argv[1:])
