"""What a desktop shows while its viewer is measured; runs in a terminal that fills the picture.

  clock.py clock [--fps N] [--scroll LINES]   the time as black and white bars in the first three rows, text below
  clock.py keys                               a block that changes colour with every key
  clock.py still                              a page of text that never changes

The bars, from the left, 28 cells of equal width: 1 0, then 22 bits of milliseconds since the epoch, most significant
first, then 4 bits of check: the exclusive or of the five nibbles and of the two bits above them, and 9.
tests/viewer/lib/bars.mjs reads them back.
"""

import argparse
import os
import select
import shutil
import sys
import termios
import time
import tty

CELLS = 28
BAR_ROWS = 3
WHITE, BLACK, PLAIN = "\x1b[48;2;255;255;255m", "\x1b[48;2;0;0;0m", "\x1b[0m"
# All of six letters, so that it is known how many a line has; legible.py looks for them.
WORDS = """anchor basket bridge candle castle desert dragon engine flower forest garden hammer island jungle kitten ladder
magnet needle office orange pencil planet rabbit rocket school silver temple velvet walnut window yellow zipper""".split()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["clock", "keys", "still"])
    parser.add_argument("--fps", type=float, default=60)
    parser.add_argument("--scroll", type=int, default=0, help="lines of text per tick (default: none)")
    return parser.parse_args()


def show(text):
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def line(number, columns):
    """A numbered line of words; each line has others, since text that repeats itself is too easy to encode."""
    state, words = number * 2654435761 % 2**32, []
    for _ in range((columns - 9) // 7):
        state = (state * 1664525 + 1013904223) % 2**32
        words.append(WORDS[state >> 27])
    return f"{number:08d} " + " ".join(words)


def bits(milliseconds):
    value = milliseconds & 0x3FFFFF
    check = 9
    for shift in range(0, 22, 4):
        check ^= value >> shift & 15
    return 0b10 << 26 | value << 4 | check


def bars(milliseconds, columns):
    value = bits(milliseconds)
    row = ""
    for cell in range(CELLS):
        width = (cell + 1) * columns // CELLS - cell * columns // CELLS
        row += (WHITE if value >> (CELLS - 1 - cell) & 1 else BLACK) + " " * width
    return "\x1b[H" + "\r\n".join([row] * BAR_ROWS) + PLAIN


def page(first, columns, rows):
    return "".join(f"\x1b[{row + 1};1H" + line(first + row, columns) for row in range(BAR_ROWS, rows))


def keys(keyboard):
    """Half of the first rows turns from black to white and back: any key, also one held, counts once per byte."""
    presses = 0
    size = None
    while True:
        if size != shutil.get_terminal_size():
            size = shutil.get_terminal_size()
            show("\x1b[2J" + page(0, *size))
        show("\x1b[H" + "\r\n".join([(WHITE if presses % 2 else BLACK) + " " * size.columns] * BAR_ROWS) + PLAIN)
        presses += len(os.read(keyboard, 64))


def still(keyboard):
    size = None
    while True:
        if size != shutil.get_terminal_size():
            size = shutil.get_terminal_size()
            show("\x1b[2J" + bars(0, size.columns) + page(0, *size))
        select.select([keyboard], [], [], 1)


def clock(keyboard, fps, scroll):
    due = time.monotonic()
    size, number = None, 0
    while True:
        if select.select([keyboard], [], [], max(0, due - time.monotonic()))[0]:
            os.read(keyboard, 4096)
            continue
        due = max(due + 1 / fps, time.monotonic())
        columns, rows = shutil.get_terminal_size()
        out = ""
        if size != (columns, rows):
            size = columns, rows
            out = f"\x1b[2J\x1b[{BAR_ROWS + 1};{rows}r" + page(0, columns, rows)
            number = rows
        if scroll:
            out += f"\x1b[{rows};1H"
        for _ in range(scroll):
            out += "\r\n" + line(number, columns)
            number += 1
        # One synchronised update, so that bars and text are of one moment.
        show("\x1b[?2026h" + out + bars(int(time.time() * 1000), columns) + "\x1b[?2026l")


def main():
    options = arguments()
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    try:
        tty.setraw(keyboard)
        show("\x1b[2J\x1b[?25l")
        if options.what == "keys":
            keys(keyboard)
        elif options.what == "still":
            still(keyboard)
        else:
            clock(keyboard, options.fps, options.scroll)
    finally:
        show("\x1b[r\x1b[?25h" + PLAIN)
        termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


main()
