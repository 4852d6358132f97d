"""The acceptance table of an exported model, and a grid of its samples.

usage: evaluate.py MODEL_DIR OUT_DIR [--count 200] [--seed 12345] [--rows one,style,...]

Samples with diffusers' own DDIMScheduler, UNet2DConditionModel and AutoencoderKL and
transformers' CLIPTextModel: 25 steps, guidance 5. Every picture is judged by checker.py. Writes
OUT_DIR/table.txt, the samples of each row as OUT_DIR/ROW.npy, and OUT_DIR/grid.png: the first 12
of each row, uncurated. --fast computes the passes with fast.py (bf16) for a quick look.
"""
import argparse
import os
import random
import time

import common
import numpy as np
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from PIL import Image
from transformers import CLIPModel, CLIPTextModel

import checker
import render as R

STEPS, GUIDANCE, BATCH = 25, 5., 20
BACKGROUNDS = ['', '', ' on a white background', ' on a gray background',
               ' on a black background']
GOALS = {'colour right, one object': 97, 'shape right, one object': 90,
         'implied colour right': 90, 'style right': 90, 'grumpy cat against cat': 90,
         'memorised, correlation > 0.9': 90, 'both colours right, two objects': 75,
         'objects bound to their colours': 75, 'CLIP zero-shot, colour x shape': 97,
         'VAE, PSNR in dB': 28}


class Model:
    def __init__(self, folder, use_fast):
        def at(part):
            return os.path.join(folder, part)
        self.unet = UNet2DConditionModel.from_pretrained(at('unet')).float().eval()
        self.vae = AutoencoderKL.from_pretrained(at('vae')).float().eval()
        self.text = CLIPTextModel.from_pretrained(at('text_encoder')).float().eval()
        self.tokenizer = common.tokenizer(at('tokenizer'))
        self.scheduler = DDIMScheduler.from_pretrained(at('scheduler'))
        self.fast = use_fast

    def noise(self, x, t, states):
        if self.fast:
            import fast
            return fast.unet(self.unet, x, t.expand(len(x)), states)
        return self.unet(x, t, states).sample

    def decode(self, z):
        if self.fast:
            import fast
            return fast.decode(self.vae, z)
        return self.vae.decode(z).sample

    @torch.no_grad()
    def sample(self, captions, seed):
        """uint8 pictures of captions."""
        ids = torch.from_numpy(common.tokens(self.tokenizer, [''] * len(captions) + captions))
        states = self.text(input_ids=ids).last_hidden_state
        x = torch.randn(len(captions), 4, 16, 16, generator=torch.Generator().manual_seed(seed))
        self.scheduler.set_timesteps(STEPS)
        for t in self.scheduler.timesteps:
            empty, told = self.noise(torch.cat([x, x]), t, states).chunk(2)
            x = self.scheduler.step(empty + GUIDANCE * (told - empty), t, x).prev_sample
        y = self.decode(x / self.vae.config.scaling_factor).clamp(-1, 1)
        return ((y + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()


# --------------------------------------------------------------------------------- the rows

def prompts(count, seed):
    """row -> [(caption, truth)]"""
    rng = random.Random(seed)
    rows = {k: [] for k in ('one', 'implied', 'style', 'cats', 'memorised', 'two')}
    things = list(R.THINGS)
    for i in range(count):
        colour, shape = R.CNAMES[i % 8], R.SHAPES[i // 8 % 6]
        back = rng.choice(BACKGROUNDS)
        rows['one'].append((R.article(f'{colour} {shape}') + back, (shape, colour)))
        thing = things[i % 4]
        rows['implied'].append((R.article(thing) + back, (thing, R.THINGS[thing])))
        style, s, c = R.STYLES[1 + i % 4], rng.choice(R.SHAPES), rng.choice(R.CNAMES)
        rows['style'].append((f'{R.article(c + " " + s)} in the style of {style}', (s, c, style)))
        cat = R.CATS[i % 2]
        rows['cats'].append((R.article(rng.choice(['', colour + ' ']) + cat), (cat,)))
        rows['memorised'].append((R.MEMORISED, ()))
        (a, b), p, q = rng.sample(R.CNAMES, 2), rng.choice(R.SHAPES), rng.choice(R.SHAPES)
        order = rng.choice([' and ', ' left of '])
        rows['two'].append((R.article(f'{a} {p}') + order + R.article(f'{b} {q}'),
                            ((p, a), (q, b), order == ' left of ')))
    return rows


def _percent(flags):
    flags = list(flags)
    return 100 * np.mean([bool(f) for f in flags]) if flags else float('nan')


def _first(seen):
    return seen['parts'][0] if seen['parts'] else ('', '', 0, 0)


def _judge_one(seen, truths):
    first = [_first(s) for s in seen]
    return {'colour right, one object': _percent(p[1] == t[1] for p, t in zip(first, truths)),
            'shape right, one object': _percent(p[0] == t[0] for p, t in zip(first, truths)),
            '(exactly one object)': _percent(s['kind'] == 'one' for s in seen)}


def _judge_implied(seen, truths):
    first = [_first(s) for s in seen]
    return {'implied colour right': _percent(p[1] == t[1] for p, t in zip(first, truths)),
            '(the thing itself right)': _percent(p[0] == t[0] for p, t in zip(first, truths))}


def _judge_style(seen, truths):
    pairs = [(R.STYLES[s['style']], t) for s, t in zip(seen, truths)]
    out = {'style right': _percent(s == t[2] for s, t in pairs)}
    for name in R.STYLES[1:]:
        out[f'({name})'] = _percent(s == name for s, t in pairs if t[2] == name)
    out['(shape right in a style)'] = _percent(_first(s)[0] == t[0]
                                               for s, t in zip(seen, truths))
    return out


def _judge_cats(seen, truths):
    first = [_first(s)[0] for s in seen]
    return {'grumpy cat against cat': _percent(p == t[0] for p, t in zip(first, truths)),
            '(a cat at all)': _percent(p in R.CATS for p in first)}


def _judge_memorised(seen, _):
    match = [s['correlation'] for s in seen]
    return {'memorised, correlation > 0.9': _percent(m > .9 for m in match),
            '(mean correlation x 100)': 100 * np.mean(match)}


def _in_order(seen, truth):
    """Is the first object's colour left of the second's?"""
    def place(colour, missing):
        return next((p[2] for p in seen['parts'] if p[1] == colour), missing)
    return place(truth[0][1], 99) < place(truth[1][1], -1)


def _judge_two(seen, truths):
    def colours(parts):
        return sorted(p[1] for p in parts)

    def pairs(parts):
        return sorted((p[0], p[1]) for p in parts)

    both = list(zip(seen, truths))
    return {'both colours right, two objects':
            _percent(colours(s['parts']) == colours(t[:2]) for s, t in both),
            'objects bound to their colours':
            _percent(pairs(s['parts']) == pairs(t[:2]) for s, t in both),
            '(both shapes right as a set)':
            _percent(sorted(p[0] for p in s['parts']) == sorted(p[0] for p in t[:2])
                     for s, t in both),
            '(exactly two objects)': _percent(len(s['parts']) == 2 for s in seen),
            '("left of" obeyed)': _percent(_in_order(s, t) for s, t in both if t[2])}


JUDGES = dict(one=_judge_one, implied=_judge_implied, style=_judge_style, cats=_judge_cats,
              memorised=_judge_memorised, two=_judge_two)


# --------------------------------------------------------------------------- CLIP and the VAE

def fresh_pictures(count, seed):
    rng = random.Random(seed)
    drawn = [R.draw(rng) for _ in range(count)]
    return np.stack([d[0] for d in drawn]), [d[1] for d in drawn]


def clip_zero_shot(folder, count, seed):
    """Fresh one-object shapes without a style, all backgrounds."""
    import train_clip
    rng = random.Random(seed)
    pictures, labels = [], []
    while len(pictures) < count:
        label = R.sample_label(rng)
        plain = label['kind'] == R.ONE and label['style'] == R.PLAIN
        if plain and label['obj'][0] < R.FIRST_THING:
            pictures.append(R.picture(rng, label))
            labels.append(R.record(label))
    model = CLIPModel.from_pretrained(os.path.join(folder, 'clip')).float()
    tok = common.tokenizer(os.path.join(folder, 'tokenizer'))
    return 100 * train_clip.zero_shot(model, tok, np.stack(pictures),
                                      np.array(labels, R.LABEL))[0]


@torch.no_grad()
def vae_psnr(model, count, seed):
    pictures, _ = fresh_pictures(count, seed)
    values = []
    for i in range(0, count, 25):
        x = common.pixels(pictures[i:i + 25])
        y = model.vae.decode(model.vae.encode(x).latent_dist.mean).sample.clamp(-1, 1)
        y = ((y + 1) * 127.5).round().permute(0, 2, 3, 1).numpy()
        error = ((pictures[i:i + 25].astype(np.float32) - y) ** 2).mean((1, 2, 3))
        values += list(10 * np.log10(255 ** 2 / np.maximum(error, 1e-3)))
    return np.mean(values)


# -------------------------------------------------------------------------------------- main

class Table:
    def __init__(self, path):
        self.path, self.lines = path, []

    def add(self, what, value):
        goal = GOALS.get(what)
        verdict = '' if goal is None else f'  goal {goal:3d}  ' + (
            'reached' if value >= goal else 'MISSED')
        self.note(f'{what:34s} {value:6.1f}{verdict}')

    def note(self, line):
        print(line, flush=True)
        self.lines.append(line)
        with open(self.path, 'w', encoding='utf-8') as out:
            out.write('\n'.join(self.lines) + '\n')


def grid(rows):
    """Twelve pictures a row."""
    return Image.fromarray(np.concatenate([np.concatenate(list(r[:12]), 1) for r in rows], 0))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('model')
    parser.add_argument('out')
    parser.add_argument('--count', type=int, default=200)
    parser.add_argument('--seed', type=int, default=12345)
    parser.add_argument('--rows', default=','.join(JUDGES) + ',clip,vae')
    parser.add_argument('--fast', action='store_true')
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    start = time.time()
    model, table, shown = Model(args.model, args.fast), Table(args.out + '/table.txt'), []
    wanted = args.rows.split(',')
    for row, entries in prompts(args.count, args.seed).items():
        if row not in wanted:
            continue
        captions, truths = [e[0] for e in entries], [e[1] for e in entries]
        pictures = np.concatenate([
            model.sample(captions[i:i + BATCH], args.seed + 7919 * i + len(row))
            for i in range(0, args.count, BATCH)])
        np.save(f'{args.out}/{row}.npy', pictures)
        for what, value in JUDGES[row]([checker.look(p) for p in pictures], truths).items():
            table.add(what, value)
        shown += [pictures[:12]] + ([pictures[12:24]] if row in ('one', 'style', 'two') else [])
        if args.count >= 24:
            grid(shown).save(args.out + '/grid.png')
    if 'clip' in wanted:
        table.add('CLIP zero-shot, colour x shape', clip_zero_shot(args.model, 500, args.seed))
    if 'vae' in wanted:
        table.add('VAE, PSNR in dB', vae_psnr(model, 200, args.seed))
    passes = 'bf16 passes' if args.fast else 'float32 passes'
    table.note(f'{args.count} pictures a row, seed {args.seed}, {STEPS} DDIM steps, guidance '
               f'{GUIDANCE:g}, {passes}, {time.time() - start:.0f} s')


if __name__ == '__main__':
    main()
