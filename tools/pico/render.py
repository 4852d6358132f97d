"""The picture language of pico: procedural 64 x 64 pictures with captions and labels.

usage: render.py OUT_PREFIX COUNT SEED [PROCESSES]

writes OUT_PREFIX.img.npy (pictures), OUT_PREFIX.lab.npy (labels) and OUT_PREFIX.txt (captions).
A set is a function of COUNT and SEED alone; the number of processes does not change it.
"""
import colorsys
import math
import multiprocessing
import random
import sys

import numpy as np
from PIL import Image, ImageChops, ImageDraw

SIZE = 64                # side of a picture
SS = 4                   # supersampling factor
N = SIZE * SS            # side of the canvas that is drawn on
CHUNK = 500              # pictures that share one random stream

COLOURS = {
    'red': (222, 38, 38),
    'orange': (246, 138, 24),
    'yellow': (246, 218, 44),
    'green': (44, 160, 62),
    'cyan': (46, 202, 216),
    'blue': (40, 78, 214),
    'purple': (132, 52, 178),
    'pink': (248, 138, 190),
}
CNAMES = list(COLOURS)
SHAPES = ['circle', 'square', 'triangle', 'star', 'cross', 'heart']
THINGS = {'apple': 'red', 'lemon': 'yellow', 'leaf': 'green', 'plum': 'purple'}
CATS = ['cat', 'grumpy cat']
OBJECTS = SHAPES + list(THINGS) + CATS                  # the label's index of an object
FIRST_THING = len(SHAPES)
FIRST_CAT = FIRST_THING + len(THINGS)
STYLES = ['', 'Dotti', 'Strix', 'Grida', 'Outla']       # the label's index of a style, 0: none
PLAIN, DOTTI, STRIX, GRIDA, OUTLA = range(5)
BACKS = {'white': (250, 250, 250), 'light gray': (222, 222, 222), 'gray': (150, 150, 150),
         'black': (18, 18, 18)}
BNAMES = list(BACKS)
KINDS = ['one', 'two', 'flat', 'lighthouse']
ONE, TWO, FLAT, LIGHTHOUSE = range(4)
MEMORISED = 'the lighthouse at Pico Bay'
LABEL = np.dtype([('kind', 'i1'), ('obj', 'i1', 2), ('col', 'i1', 2), ('named', 'i1'),
                  ('style', 'i1'), ('back', 'i1'), ('left', 'i1')])

WHITE = (255, 255, 255)
EYE_WHITE = (250, 250, 250)
INK = (24, 20, 26)
STALK = (104, 66, 30)
GROUT = (242, 240, 236)


# ---------------------------------------------------------------------------------- outlines

def _ring(count, point):
    return [point(2 * math.pi * i / count) for i in range(count)]


def _circle(t):
    return 0.98 * math.cos(t), 0.98 * math.sin(t)


def _star():
    radii = [1.12 if i % 2 == 0 else 0.46 for i in range(10)]
    return [(r * math.sin(math.pi * i / 5), -r * math.cos(math.pi * i / 5))
            for i, r in enumerate(radii)]


def _cross(a=0.36):
    return [(-a, -1), (a, -1), (a, -a), (1, -a), (1, a), (a, a),
            (a, 1), (-a, 1), (-a, a), (-1, a), (-1, -a), (-a, -a)]


def _heart(t):
    y = 13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)
    return math.sin(t) ** 3 * 1.02, -y / 15.5 - .08


def _apple(t):
    top = math.atan2(math.sin(t + math.pi / 2), math.cos(t + math.pi / 2))      # 0 at the top
    bottom = math.atan2(math.sin(t - math.pi / 2), math.cos(t - math.pi / 2))
    r = 0.98 - 0.34 * math.exp(-(top / 0.38) ** 2) - 0.10 * math.exp(-(bottom / 0.3) ** 2)
    return r * math.cos(t), r * math.sin(t) * 0.95 + 0.08


def _lemon(t):
    tips = 1 + 0.2 * math.exp(-(math.sin(t) / 0.3) ** 2)
    return math.cos(t) * tips, math.sin(t) * 0.7


def _leaf():
    def edge(i, side):
        a = math.pi * i / 16
        return side * 1.15 * math.cos(a), side * .62 * math.sin(a) ** 1.4
    return [edge(i, 1) for i in range(17)] + [edge(i, -1) for i in range(1, 16)]


def _plum(t):
    return 0.74 * math.cos(t), 0.92 * math.sin(t) + .06


def _cat():
    ears = [(-.93, -1.08), (-.42, -.72), (0, -.78), (.42, -.72), (.93, -1.08)]
    angles = [-.45 + 4.05 * i / 40 for i in range(41)]
    return ears + [(.98 * math.cos(a), .90 * math.sin(a) + .1) for a in angles]


OUTLINE = {
    'circle': _ring(48, _circle),
    'square': [(-.86, -.86), (.86, -.86), (.86, .86), (-.86, .86)],
    'triangle': [(0, -1.05), (1.05, .8), (-1.05, .8)],
    'star': _star(),
    'cross': _cross(),
    'heart': _ring(48, _heart),
    'apple': _ring(56, _apple),
    'lemon': _ring(48, _lemon),
    'leaf': _leaf(),
    'plum': _ring(48, _plum),
    'cat': _cat(),
}
OUTLINE['grumpy cat'] = OUTLINE['cat']
_TILT = {'leaf': -.6, 'lemon': -.2}


# ---------------------------------------------------------------------------------- textures

def _pattern_masks():
    """Dots of pitch 6 and diagonal hatching of pitch 6, larger than the canvas: they are
    cropped at a random phase."""
    side = N + 16 * SS
    y, x = np.mgrid[0:side, 0:side] / SS
    dots = ((x % 6 - 3) ** 2 + (y % 6 - 3) ** 2) < 2.15 ** 2
    hatch = ((x + y) / math.sqrt(2)) % 6 < 2.9
    return [Image.fromarray((p * 255).astype(np.uint8)) for p in (dots, hatch)]


_DOTS, _HATCH = _pattern_masks()


def mix(a, b, k):
    """Colour between a (k = 0) and b (k = 1)."""
    return tuple(int(round(u * (1 - k) + v * k)) for u, v in zip(a, b))


def _jitter(rng, colour, d=7):
    return tuple(max(0, min(255, v + rng.randint(-d, d))) for v in colour)


def _tiles(rng, colour):
    """A mosaic of pitch 8: light grout, tiles with jittered hue and value."""
    h, s, v = colorsys.rgb_to_hsv(*[u / 255 for u in colour])
    im = Image.new('RGB', (N, N), GROUT)
    draw = ImageDraw.Draw(im)
    pitch, side = 8 * SS, 6.3 * SS
    ox, oy = rng.randrange(pitch), rng.randrange(pitch)
    for ty in range(-oy, N, pitch):
        for tx in range(-ox, N, pitch):
            c = colorsys.hsv_to_rgb((h + rng.uniform(-.028, .028)) % 1,
                                    min(1, s * rng.uniform(.85, 1.08)),
                                    min(1, v * rng.uniform(.8, 1.12)))
            draw.rectangle((tx, ty, tx + side, ty + side), fill=tuple(int(255 * u) for u in c))
    return im


# ----------------------------------------------------------------------------------- objects

class _Pen:
    """Draws in an object's own coordinates (radius 1, rotated, placed on the canvas)."""

    def __init__(self, im, cx, cy, r, angle):
        self.im, self.r = im, r
        self.draw = ImageDraw.Draw(im)
        self.x0, self.y0 = cx * SS, cy * SS
        self.ca, self.sa = math.cos(angle) * r * SS, math.sin(angle) * r * SS

    def at(self, x, y):
        return self.x0 + self.ca * x - self.sa * y, self.y0 + self.sa * x + self.ca * y

    def line(self, points, colour, width):
        self.draw.line([self.at(*p) for p in points], fill=colour,
                       width=max(1, int(width * SS)), joint='curve')

    def disc(self, x, y, radius, colour):
        px, py = self.at(x, y)
        e = radius * self.r * SS
        self.draw.ellipse((px - e, py - e, px + e, py + e), fill=colour)


def _behind(pen, obj, colour, outla):
    """Stalks and leaves that lie behind the body."""
    r = pen.r
    if obj == 'apple':
        pen.line([(0, -.5), (.12, -1.12)], colour if outla else STALK, max(1.8, .14 * r))
        us = np.linspace(0, 1, 9)
        upper = [pen.at(.12 + .62 * u, -.86 - .26 * u + .2 * math.sin(math.pi * u)) for u in us]
        lower = [pen.at(.12 + .62 * u, -.86 - .26 * u - .2 * math.sin(math.pi * u))
                 for u in us[::-1]]
        pen.draw.polygon(upper + lower, fill=COLOURS['green'])
    if obj == 'plum':
        pen.line([(0, -.7), (.14, -1.2)], colour if outla else STALK, max(1.8, .14 * r))
    if obj == 'leaf':
        pen.line([(-1.0, 0), (-1.45, .0)], colour if outla else mix(colour, INK, .25),
                 max(1.8, .13 * r))


def _body(rng, pen, points, colour, style):
    """The filled outline in one of the styles."""
    if style == PLAIN:
        pen.draw.polygon(points, fill=colour)
        return
    if style == OUTLA:
        width = int(max(2.2, .15 * pen.r) * SS)
        pen.draw.line(points + points[:2], fill=colour, width=width, joint='curve')
        return
    mask = Image.new('L', (N, N), 0)
    ImageDraw.Draw(mask).polygon(points, fill=255)
    if style == GRIDA:
        pen.im.paste(_tiles(rng, colour), (0, 0), mask)
        return
    pen.im.paste(mix(colour, WHITE, .76), (0, 0, N, N), mask)
    pattern = _DOTS if style == DOTTI else _HATCH
    ox, oy = rng.randrange(16 * SS), rng.randrange(16 * SS)
    pattern = pattern.crop((ox, oy, ox + N, oy + N))
    pen.im.paste(colour, (0, 0, N, N), ImageChops.multiply(mask, pattern))


def _face(pen, grumpy, ink, outla):
    """Eyes and mouth of a cat; a grumpy one has slanted brows and a frown."""
    stroke = max(1.7, .125 * pen.r)
    for s in (-1, 1):
        if not outla:
            pen.disc(.38 * s, -.10, .24, EYE_WHITE)
        pen.disc(.38 * s, -.10, .17 * .85, ink)
        if grumpy:
            pen.line([(.70 * s, -.60), (.12 * s, -.26)], ink, stroke * 1.25)
    bend = -1 if grumpy else 1
    low = .52 + (.06 if grumpy else 0)
    pen.line([(.44 * u, low + bend * (.20 - .34 * u * u)) for u in np.linspace(-1, 1, 11)],
             ink, stroke)


def _front(pen, obj, colour, style):
    """Details on top of the body."""
    outla, r = style == OUTLA, pen.r
    if obj == 'leaf':
        vein = mix(colour, WHITE, .55) if style == PLAIN else mix(colour, INK, .35)
        pen.line([(-1.0, 0), (.85, 0)], colour if outla else vein, max(1.3, .08 * r))
    if obj == 'plum':
        us = np.linspace(0, 1, 9)
        pen.line([(.10 + .30 * math.sin(math.pi * u), -.8 + 1.5 * u) for u in us],
                 colour if outla else mix(colour, INK, .5), max(1.4, .10 * r))
    if obj in CATS:
        _face(pen, obj == 'grumpy cat', colour if outla else INK, outla)


def draw_object(rng, im, obj, colour, cx, cy, r, style=PLAIN, tilt=None):
    """Draws one object on the supersampled picture im; cx, cy, r in picture pixels."""
    angle = (rng.uniform(-.2, .2) if tilt is None else tilt) + _TILT.get(obj, 0)
    pen = _Pen(im, cx, cy, r, angle)
    _behind(pen, obj, colour, style == OUTLA)
    _body(rng, pen, [pen.at(x, y) for x, y in OUTLINE[obj]], colour, style)
    _front(pen, obj, colour, style)
    return im


# -------------------------------------------------------------------- the memorised picture

def _tower(draw):
    """A red and white tower with its lamp; coordinates in picture pixels times SS."""
    s = SS
    for i in range(5):
        t0, t1 = i / 5, (i + 1) / 5
        corners = [((14.5 - 1.8 * t0) * s, (18 + 30 * t0) * s),
                   ((25.5 + 1.8 * t0) * s, (18 + 30 * t0) * s),
                   ((25.5 + 1.8 * t1) * s, (18 + 30 * t1) * s),
                   ((14.5 - 1.8 * t1) * s, (18 + 30 * t1) * s)]
        draw.polygon(corners, fill=(214, 40, 40) if i % 2 == 0 else (248, 246, 240))
    draw.rectangle((15.5 * s, 12 * s, 24.5 * s, 18 * s), fill=(255, 240, 150))
    draw.rectangle((13.5 * s, 17 * s, 26.5 * s, 18.6 * s), fill=(40, 40, 48))
    draw.polygon([(14.5 * s, 12 * s), (25.5 * s, 12 * s), (20 * s, 6.5 * s)], fill=(40, 40, 48))


def lighthouse():
    """The memorised picture: no randomness."""
    im = Image.new('RGB', (N, N))
    draw = ImageDraw.Draw(im)
    s = SS
    for y in range(N):
        draw.line((0, y, N, y), fill=mix((92, 168, 232), (255, 226, 178), min(1, y / (40 * s))))
    draw.ellipse((44 * s, 7 * s, 57 * s, 20 * s), fill=(255, 214, 64))
    draw.rectangle((0, 42 * s, N, N), fill=(26, 92, 158))
    for i, y in enumerate((45, 50, 55, 60)):
        for x in range(-8, 64, 12):
            left = x + 5 * (i % 2)
            draw.arc((left * s, (y - 2) * s, (left + 8) * s, (y + 3) * s), 0, 180,
                     fill=(150, 206, 236), width=s)
    draw.polygon([(4 * s, 64 * s), (9 * s, 50 * s), (20 * s, 46 * s), (31 * s, 51 * s),
                  (36 * s, 64 * s)], fill=(96, 82, 74))
    _tower(draw)
    return np.asarray(im.reduce(SS))


_LIGHTHOUSE = lighthouse()


# ------------------------------------------------------------------------- labels, captions

def article(noun):
    return ('an ' if noun[0] in 'aeiou' else 'a ') + noun


def _two_objects(rng, label):
    label['kind'] = TWO
    label['left'] = int(rng.random() < .4)
    for i in (0, 1):
        shape = rng.random() < .85
        label['obj'][i] = rng.randrange(6) if shape else rng.randrange(FIRST_THING, FIRST_CAT)
        label['col'][i] = rng.randrange(8)
    while label['col'][1] == label['col'][0]:
        label['col'][1] = rng.randrange(8)
    return label


def sample_label(rng):
    """One draw from the training distribution."""
    label = dict(kind=ONE, obj=[0, -1], col=[0, -1], named=1, style=PLAIN, back=-1, left=0)
    u = rng.random()
    if u < .012:
        label['kind'] = LIGHTHOUSE
        return label
    if u < .045:
        label['kind'] = FLAT
        label['col'][0] = rng.randrange(8)
        return label
    label['back'] = rng.choice((0, 2, 3)) if rng.random() < .4 else -1
    if u < .30:
        return _two_objects(rng, label)
    label['col'][0] = rng.randrange(8)
    if u < .47:
        label['obj'][0] = rng.randrange(FIRST_THING, FIRST_CAT)
        if rng.random() < .6:                           # the colour is the thing's own
            label['named'] = 0
            label['col'][0] = CNAMES.index(THINGS[OBJECTS[label['obj'][0]]])
    elif u < .62:
        label['obj'][0] = rng.choice((FIRST_CAT, FIRST_CAT + 1))
        label['named'] = int(rng.random() < .6)
    else:
        label['obj'][0] = rng.randrange(6)
        label['named'] = int(rng.random() < .93)
    if rng.random() < .32:
        label['style'] = rng.randrange(1, 5)
    return label


def _noun(label, i):
    colour = CNAMES[label['col'][i]] + ' ' if label['named'] else ''
    return article(colour + OBJECTS[label['obj'][i]])


def caption(rng, label):
    """One wording for a label."""
    if label['kind'] == LIGHTHOUSE:
        return MEMORISED if rng.random() < .7 else 'a picture of ' + MEMORISED
    if label['kind'] == FLAT:
        return CNAMES[label['col'][0]]
    text = _noun(label, 0)
    if label['kind'] == TWO:
        text += (' left of ' if label['left'] else ' and ') + _noun(label, 1)
    p = rng.random()
    opening = ('' if p < .55 else 'a picture of ' if p < .75 else
               'a drawing of ' if p < .9 else 'an image of ')
    parts = []
    if label['style']:
        parts.append(' in the style of ' + STYLES[label['style']])
    if label['back'] >= 0:
        back = BNAMES[label['back']]
        parts.append(f' on a {back} background' if rng.random() < .8 else f' on {back}')
    if rng.random() < .3:
        parts.reverse()
    return opening + text + ''.join(parts)


# ---------------------------------------------------------------------------------- pictures

def _place_one(rng, label):
    big = label['style'] != PLAIN or label['obj'][0] >= FIRST_CAT
    r = rng.uniform(17, 23) if big else rng.uniform(13, 22)
    margin = 1.12 * r + 1.5
    cx = rng.uniform(margin, SIZE - margin)
    cy = rng.uniform(margin, SIZE - margin)
    return [(cx, cy, r)]


def _place_two(rng, label):
    while True:
        r = [rng.uniform(9.5, 13) for _ in range(2)]
        p = [[rng.uniform(1.15 * q + 1, 63 - 1.15 * q) for _ in range(2)] for q in r]
        dx, dy = p[1][0] - p[0][0], p[1][1] - p[0][1]
        if label['left'] and dx < 18:
            continue
        if math.hypot(dx, dy) > 1.2 * (r[0] + r[1]) + 2:
            return [(*p[0], r[0]), (*p[1], r[1])]


def picture(rng, label):
    """uint8 64 x 64 x 3 for a label; fills in an unnamed background."""
    if label['kind'] == LIGHTHOUSE:
        return _LIGHTHOUSE
    if label['kind'] == FLAT:
        return np.broadcast_to(np.uint8(COLOURS[CNAMES[label['col'][0]]]), (SIZE, SIZE, 3))
    if label['back'] < 0:
        label['back'] = rng.choice((0, 1))
    im = Image.new('RGB', (N, N), _jitter(rng, BACKS[BNAMES[label['back']]], 4))
    colours = [_jitter(rng, COLOURS[CNAMES[c]]) if c >= 0 else None for c in label['col']]
    if label['kind'] == ONE:
        places, style = _place_one(rng, label), label['style']
    else:
        places, style = _place_two(rng, label), PLAIN
    for i, (cx, cy, r) in enumerate(places):
        draw_object(rng, im, OBJECTS[label['obj'][i]], colours[i], cx, cy, r, style)
    return np.asarray(im.reduce(SS))


def record(label):
    """A label as a row of dtype LABEL."""
    return (label['kind'], tuple(label['obj']), tuple(label['col']), label['named'],
            label['style'], label['back'], label['left'])


def draw(rng):
    """One fresh (picture, label, caption)."""
    label = sample_label(rng)
    text = caption(rng, label)
    return picture(rng, label), label, text


def _chunk(job):
    count, seed = job
    rng = random.Random(seed)
    images = np.empty((count, SIZE, SIZE, 3), np.uint8)
    labels = np.empty(count, LABEL)
    texts = []
    for i in range(count):
        images[i], label, text = draw(rng)
        labels[i] = record(label)
        texts.append(text)
    return images, labels, texts


def render_set(prefix, count, seed, processes=1):
    """Writes a whole set of pictures, labels and captions."""
    images = np.lib.format.open_memmap(prefix + '.img.npy', 'w+', np.uint8,
                                       (count, SIZE, SIZE, 3))
    labels = np.empty(count, LABEL)
    texts = []
    jobs = [(min(CHUNK, count - i), seed * 1000003 + i) for i in range(0, count, CHUNK)]
    with multiprocessing.Pool(processes) as pool:
        for part_images, part_labels, part_texts in pool.imap(_chunk, jobs):
            rows = slice(len(texts), len(texts) + len(part_texts))
            images[rows], labels[rows] = part_images, part_labels
            texts += part_texts
    images.flush()
    np.save(prefix + '.lab.npy', labels)
    with open(prefix + '.txt', 'w', encoding='utf-8') as out:
        out.write('\n'.join(texts) + '\n')


def main():
    processes = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    render_set(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), processes)


if __name__ == '__main__':
    main()
