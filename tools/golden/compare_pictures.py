"""How far two pictures are apart, or two folders of pictures with the same names.

    python tools/golden/compare_pictures.py A B [--at-most N]

Prints, for each pair, the largest and the mean absolute difference of a pixel's channel (0 to 255) and how many pixels
differ at all. Exit status 1 if a picture is missing, sizes differ or the largest difference is above N (default 255).
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from PIL import Image


def pairs(a, b):
    if not a.is_dir():
        return [(a.name, a, b / a.name if b.is_dir() else b)]
    names = sorted({f.relative_to(folder).as_posix() for folder in (a, b) for f in folder.rglob("*.png")})
    return [(name, a / name, b / name) for name in names]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("a", type=Path)
    parser.add_argument("b", type=Path)
    parser.add_argument("--at-most", type=int, default=255)
    arguments = parser.parse_args()

    compared, good = 0, True
    for name, *files in pairs(arguments.a, arguments.b):
        missing = [str(f) for f in files if not f.is_file()]
        if missing:
            print(f"{name:24} missing: {', '.join(missing)}")
            good = False
            continue
        x, y = (np.asarray(Image.open(f).convert("RGB")).astype(int) for f in files)
        if x.shape != y.shape:
            print(f"{name:24} sizes differ: {x.shape[1]}x{x.shape[0]} and {y.shape[1]}x{y.shape[0]}")
            good = False
            continue
        difference = np.abs(x - y)
        pixels = (difference.max(axis=2) > 0).sum()
        print(f"{name:24} max {difference.max():3} mean {difference.mean():.4f} pixels that differ {pixels}")
        compared, good = compared + 1, good and difference.max() <= arguments.at_most
    if compared == 0:
        print("no pictures to compare")
    return 0 if good and compared else 1


if __name__ == "__main__":
    sys.exit(main())
