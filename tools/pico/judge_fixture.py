"""Stores labelled pictures and what the checker says about each, to compare another checker with.

usage: judge_fixture.py render OUT_DIR COUNT SEED          freshly rendered pictures
       judge_fixture.py file PICTURES.npy OUT_DIR          pictures from a file, such as samples

writes OUT_DIR/pictures.bin: COUNT * 64 * 64 * 3 bytes, RGB, rows from the top, no header, and
OUT_DIR/labels.jsonl: a line a picture with what `checker.look` returns (kind, parts: a list of
[object, colour, x, y] by area, style as a name or '', correlation with the memorised picture)
and, for rendered pictures, the truth they were rendered from.
"""
import json
import os
import random
import sys

import numpy as np

import checker
import render as R


def _row(seen, truth=None):
    row = dict(kind=seen['kind'], parts=[list(p) for p in seen['parts']],
               style=R.STYLES[seen['style']], correlation=seen['correlation'])
    if truth:
        row['truth'] = truth
    return row


def _truth(label, text):
    return dict(caption=text, kind=R.KINDS[label['kind']], style=R.STYLES[label['style']],
                objects=[R.OBJECTS[o] for o in label['obj'] if o >= 0 and label['kind'] < R.FLAT],
                colours=[R.CNAMES[c] for c in label['col']
                         if c >= 0 and label['kind'] != R.LIGHTHOUSE])


def write(folder, pictures, truths):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, 'pictures.bin'), 'wb') as out:
        out.write(np.ascontiguousarray(pictures, np.uint8).tobytes())
    with open(os.path.join(folder, 'labels.jsonl'), 'w', encoding='utf-8') as out:
        for picture, truth in zip(pictures, truths):
            out.write(json.dumps(_row(checker.look(picture), truth)) + '\n')


def main():
    if sys.argv[1] == 'render':
        rng = random.Random(int(sys.argv[4]))
        drawn = [R.draw(rng) for _ in range(int(sys.argv[3]))]
        write(sys.argv[2], np.stack([d[0] for d in drawn]), [_truth(*d[1:]) for d in drawn])
    else:
        pictures = np.load(sys.argv[2])
        write(sys.argv[3], pictures, [None] * len(pictures))


if __name__ == '__main__':
    main()
