"""Makes a folder of judged pictures small: the C++ checker's tests read what this writes.

usage: fixture.py OUT_DIR FOLDER:COUNT [FOLDER:COUNT...]

FOLDER is written by tools/pico/judge_fixture.py. OUT_DIR/pictures.png holds the first COUNT pictures of
each, twelve to a row; OUT_DIR/labels.jsonl their lines.
"""
import os
import sys

import numpy as np
from PIL import Image

COLUMNS = 12


def main():
    pictures, lines = [], []
    for argument in sys.argv[2:]:
        folder, count = argument.rsplit(':', 1)
        data = np.fromfile(os.path.join(folder, 'pictures.bin'), np.uint8).reshape(-1, 64, 64, 3)
        pictures += list(data[:int(count)])
        with open(os.path.join(folder, 'labels.jsonl'), encoding='utf-8') as file:
            lines += file.readlines()[:int(count)]
    assert len(pictures) == len(lines)
    pictures += [np.zeros((64, 64, 3), np.uint8)] * (-len(pictures) % COLUMNS)
    sheet = np.array(pictures).reshape(-1, COLUMNS, 64, 64, 3).swapaxes(1, 2).reshape(-1, 64 * COLUMNS, 3)
    os.makedirs(sys.argv[1], exist_ok=True)
    Image.fromarray(sheet).save(os.path.join(sys.argv[1], 'pictures.png'), optimize=True)
    with open(os.path.join(sys.argv[1], 'labels.jsonl'), 'w', encoding='utf-8') as file:
        file.writelines(lines)


if __name__ == '__main__':
    main()
