"""The judge of pico's pictures: programs, not opinions.

usage: checker.py [COUNT] [SEED]      verifies the checker itself on fresh pictures

look(picture) -> dict(kind, parts=[(object, colour, x, y), ...] by area, style, correlation);
names as in render.py.
"""
import colorsys
import random
import sys

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

import render as R

GRID = 32                   # side of a normalised mask
SPAN = 1.15                 # half the side of its frame, in square roots of the mask's area
FOREGROUND = 28             # difference from the background that makes a pixel foreground
MIN_AREA = 40               # smaller components are noise
MEMORISED = .9              # correlation with the lighthouse from which a picture is a copy

HUES = np.array([colorsys.rgb_to_hsv(*[v / 255 for v in R.COLOURS[c]])[0]
                 for c in R.CNAMES]) * 360
_gy, _gx = ((np.mgrid[0:GRID, 0:GRID] + .5) / GRID * 2 - 1) * SPAN
_Y, _X = np.mgrid[0:R.SIZE, 0:R.SIZE].astype(np.float32)


# ------------------------------------------------------------------------ masks, components

def _filtered(mask, kind, size):
    return np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).filter(kind(size))) > 127


def _flooded(mask, x, y):
    """The part of a mask that is connected with a pixel of it (4 neighbours)."""
    im = Image.fromarray(mask.astype(np.uint8) * 255).copy()    # the copy is writable
    ImageDraw.floodfill(im, (x, y), 128)
    return np.asarray(im) == 128


def hull(fg, close=True):
    """Closes small gaps of a mask and fills its holes."""
    m = np.pad(fg, 4)
    if close:
        m = _filtered(_filtered(m, ImageFilter.MaxFilter, 5), ImageFilter.MinFilter, 5) | m
    return ~_flooded(~m, 0, 0)[4:-4, 4:-4]


def components(mask):
    """4-connected components, the largest first."""
    out, left = [], mask.copy()
    while left.any():
        y, x = np.argwhere(left)[0]
        part = _flooded(left, int(x), int(y))
        out.append(part)
        left &= ~part
    return sorted(out, key=lambda part: -part.sum())


def _frame(part):
    """Centre and size of a component."""
    return _X[part].mean(), _Y[part].mean(), np.sqrt(part.sum())


def _resample(field, frame):
    """A field sampled bilinearly on the grid of a frame, flattened."""
    cx, cy, size = frame
    x = np.clip(cx + _gx * size, 0, 62.999)
    y = np.clip(cy + _gy * size, 0, 62.999)
    i, j = x.astype(int), y.astype(int)
    u, v = x - i, y - j
    f = field.astype(np.float32)
    return (f[j, i] * (1 - u) * (1 - v) + f[j, i + 1] * u * (1 - v)
            + f[j + 1, i] * (1 - u) * v + f[j + 1, i + 1] * u * v).ravel()


def _background(im):
    return np.median(np.concatenate([im[0], im[-1], im[:, 0], im[:, -1]]), 0)


def _ink(im, part, bg, outla):
    """How much each inner pixel looks like the lines of a face."""
    if outla:
        t = np.clip((np.abs(im - bg).max(2) - 20) / 40, 0, 1)
    else:
        t = np.clip((120 - np.abs(im - np.float32(R.INK)).max(2)) / 70, 0, 1)
    return t * _filtered(part, ImageFilter.MinFilter, 7)


# -------------------------------------------------------------------------------- templates

def _template(rng, obj, r, tilt, style):
    """(mask, ink) of one object in its own frame."""
    canvas = Image.new('RGB', (R.N, R.N), (250, 250, 250))
    R.draw_object(rng, canvas, obj, (60, 120, 200), 32, 32, r, style, tilt)
    im = np.asarray(canvas.reduce(R.SS)).astype(np.float32)
    bg = np.float32([250] * 3)
    part = components(hull(np.abs(im - bg).max(2) > FOREGROUND))[0]
    frame = _frame(part)
    return _resample(part, frame), _resample(_ink(im, part, bg, style == R.OUTLA), frame)


def _templates():
    """Masks of all objects and inks of both cats, over size, tilt, fill or outline."""
    rng = random.Random(0)
    masks, objects, inks, faces = [], [], [], []
    for obj in R.OBJECTS:
        for r in (10.5, 13, 17, 21):
            for tilt in np.arange(-.24, .25, .06):
                for style in (R.PLAIN, R.OUTLA):
                    if r < 12 and (style or obj in R.CATS):
                        continue
                    mask, ink = _template(rng, obj, r, tilt, style)
                    if obj in R.CATS:
                        inks.append(ink)
                        faces.append((R.OBJECTS.index(obj), style == R.OUTLA))
                    if obj != 'grumpy cat':             # its outline is the cat's
                        masks.append(mask)
                        objects.append(R.OBJECTS.index(obj))
    return np.array(masks), np.array(objects), np.array(inks), np.array(faces)


MASKS, MASK_OBJECT, _inks, FACES = _templates()
MASK_NORM = (MASKS ** 2).sum(1)
INKS = _inks - _inks.mean(1, keepdims=True)
INKS /= np.linalg.norm(INKS, axis=1, keepdims=True)
_light = R.lighthouse().astype(np.float32)
LIGHT = (_light - _light.mean()) / _light.std()


# -------------------------------------------------------------------------------- attributes

def correlation(picture):
    """Correlation with the memorised picture over all pixels and channels."""
    a = np.asarray(picture).astype(np.float32)
    spread = a.std()
    return float((LIGHT * (a - a.mean())).mean() / spread) if spread > 1 else 0.


def hue_votes(pixels):
    """Votes of pixels (n x 3) for the eight colours, weighted by squared chroma."""
    high, low = pixels.max(1), pixels.min(1)
    c = np.maximum(high - low, 1e-6)
    r, g, b = pixels.T
    hue = np.where(high == r, ((g - b) / c) % 6,
                   np.where(high == g, (b - r) / c + 2, (r - g) / c + 4)) * 60
    distance = np.abs((hue[:, None] - HUES + 180) % 360 - 180)
    return np.bincount(distance.argmin(1), c ** 2, len(HUES))


def shape(part):
    """(object index, intersection over union) of the best template."""
    q = _resample(part, _frame(part))
    dot = MASKS @ q
    iou = dot / (MASK_NORM + (q ** 2).sum() - dot)
    best = iou.argmax()
    return MASK_OBJECT[best], float(iou[best])


def texture(im, part, bg, cat):
    """Style index of a component: mostly background inside (Outla), even (none), or the
    strongest of the three textures' spatial frequencies."""
    inner = _filtered(part, ImageFilter.MinFilter, 5)
    if inner.sum() < 30:
        inner = part
    pixels, whole = im[inner], im[part]
    chroma = whole.max(1) - whole.min(1)
    w = np.maximum(chroma - np.median(chroma) * .5, 0) ** 2 + 1e-3
    colour = (whole * w[:, None]).sum(0) / w.sum()
    dark = np.abs(pixels - np.float32(R.INK)).max(1) < 70
    empty = np.abs(pixels - bg).max(1) < 26
    if empty.mean() > .5 and np.abs(colour - bg).max() > 40:
        return R.OUTLA
    d = np.abs(pixels - colour).max(1)
    d = np.where(dark, np.median(d), d).astype(np.float32)
    if np.mean((d > 45) & ~dark) < (.33 if cat else .16):       # a plain cat has eyes
        return R.PLAIN
    d = np.minimum(d, 110)
    d = d - d.mean()
    y, x = _Y[inner], _X[inner]
    energy = (d ** 2).sum() * len(d) + 1e-6

    def power(u, v):
        return abs((d * np.exp(-2j * np.pi * (u * x + v * y))).sum()) ** 2 / energy

    diagonal = 1 / (6 * 2 ** .5)
    return 1 + int(np.argmax([power(1 / 6, 0) + power(0, 1 / 6),
                              1.4 * power(diagonal, diagonal),
                              power(1 / 8, 0) + power(0, 1 / 8)]))


def _which_cat(im, part, bg, outla):
    q = _resample(_ink(im, part, bg, outla), _frame(part))
    q = q - q.mean()
    q /= np.linalg.norm(q) + 1e-6
    drawn = FACES[:, 1] == outla
    return R.OBJECTS[FACES[drawn][(INKS[drawn] @ q).argmax(), 0]]


def _parts(fg):
    """Components that count as objects."""
    if fg.mean() <= .012:
        return []
    found = [c for c in components(hull(fg)) if c.sum() >= MIN_AREA]
    if len(found) == 1:                                 # two objects that nearly touch
        apart = [c for c in components(hull(fg, False)) if c.sum() > 8]
        if len(apart) == 2 and apart[1].sum() >= 80 and apart[1].sum() > .3 * apart[0].sum():
            return apart
    return found


def look(picture):
    """What a picture shows."""
    im = np.asarray(picture).astype(np.float32)
    match = correlation(im)
    if match > MEMORISED:
        return dict(kind='lighthouse', parts=[], style=R.PLAIN, correlation=match)
    bg = _background(im)
    fg = np.abs(im - bg).max(2) > FOREGROUND
    found = _parts(fg)
    if not found:
        flat = bg.max() - bg.min() > 40
        name = R.CNAMES[hue_votes(im.reshape(-1, 3)).argmax()]
        return dict(kind='flat' if flat else 'blank', parts=[('', name, 32., 32.)] if flat else [],
                    style=R.PLAIN, correlation=match)
    names = [R.OBJECTS[shape(part)[0]] for part in found[:3]]
    style = texture(im, found[0], bg, names[0] == 'cat')
    parts = []
    for part, name in zip(found, names):
        if name == 'cat':
            name = _which_cat(im, part, bg, style == R.OUTLA)
        colour = R.CNAMES[hue_votes(im[part & fg]).argmax()]
        parts.append((name, colour, float(_X[part].mean()), float(_Y[part].mean())))
    return dict(kind='one' if len(parts) == 1 else 'two', parts=parts, style=style,
                correlation=match)


# ------------------------------------------------------------------------------ verification

def judge(label, seen):
    """(what, right or not) of each claim that a label makes about a picture."""
    yield 'kind', seen['kind'] == R.KINDS[label['kind']]
    if seen['kind'] != R.KINDS[label['kind']]:
        return
    parts = seen['parts']
    colours = [R.CNAMES[c] for c in label['col'] if c >= 0]
    objects = [R.OBJECTS[o] for o in label['obj'] if o >= 0]
    if label['kind'] == R.FLAT:
        yield 'flat colour', parts[0][1] == colours[0]
    if label['kind'] == R.ONE:
        yield 'colour', parts[0][1] == colours[0]
        yield 'style', seen['style'] == label['style']
        if objects[0] in R.CATS:
            yield 'cat', parts[0][0] in R.CATS
            yield 'grumpy or not', parts[0][0] == objects[0]
        else:
            yield 'shape', parts[0][0] == objects[0]
    if label['kind'] == R.TWO:
        yield 'two colours', sorted(p[1] for p in parts) == sorted(colours)
        yield 'two objects', sorted(p[:2] for p in parts) == sorted(zip(objects, colours))


def verify(count, seed):
    rng = random.Random(seed)
    tally, wrong = {}, []
    for i in range(count):
        picture, label, text = R.draw(rng)
        seen = look(picture)
        for what, right in judge(label, seen):
            tally.setdefault(what, []).append(right)
            if not right:
                wrong.append((what, i, text, seen))
    for what, rights in tally.items():
        print(f'{what:14s} {sum(rights):5d}/{len(rights):5d} {100 * np.mean(rights):.2f} %')
    for row in wrong[:40]:
        print(row)


if __name__ == '__main__':
    verify(int(sys.argv[1]) if len(sys.argv) > 1 else 1000,
           int(sys.argv[2]) if len(sys.argv) > 2 else 99)
