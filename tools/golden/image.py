"""Writes tests/fixtures/image/pillow.png: a PNG file with every kind of text chunk, made by Pillow.

Run from the repository root: python tools/golden/image.py
"""

import pathlib

from PIL import Image
from PIL.PngImagePlugin import PngInfo

info = PngInfo()
info.add_text("parameters", "latin é")
info.add_text("unicode", "漢字")
info.add_text("compressed", "z" * 300, zip=True)
info.add_itxt("both", "q" * 100 + "😀", zip=True)
image = Image.new("RGB", (5, 3))
image.putdata([(i * 10, 255 - i, 7) for i in range(15)])
path = pathlib.Path("tests/fixtures/image/pillow.png")
path.parent.mkdir(parents=True, exist_ok=True)
image.save(path, pnginfo=info)
