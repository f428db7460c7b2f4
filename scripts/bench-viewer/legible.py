"""How much of the scrolling text can still be read, by somebody who reads: tesseract."""

import pathlib
import re
import subprocess

# The words of clock.py, which runs by itself and cannot be imported.
SOURCE = pathlib.Path(__file__).with_name("clock.py").read_text()
WORDS = set(re.search(r'WORDS = """(.*?)"""', SOURCE, re.DOTALL).group(1).split())
# Below the bars, a part of the picture; enlarged, since tesseract wants letters of 30 pixels.
PART, ZOOM = "1200:360:0:300", 3
# Whole lines of 19 pixels in that part, and words of 70 pixels behind the 90 of the number.
EXPECTED = (360 // 19) * ((1200 - 90) // 70)


def percent(picture):
    """Words read, of the words there are."""
    scaled = picture.replace(".png", "-part.png")
    filters = f"crop={PART},scale=iw*{ZOOM}:ih*{ZOOM}:flags=bicubic,negate"
    command = ["ffmpeg", "-loglevel", "error", "-y", "-i", picture, "-vf", filters, scaled]
    subprocess.run(command, check=True)
    command = ["tesseract", scaled, "-", "--psm", "6"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout.lower()
    read = sum(1 for word in re.findall("[a-z]+", text) if word in WORDS)
    return min(100, 100 * read / EXPECTED)
