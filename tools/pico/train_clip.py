"""Trains CLIP, whose text tower is pico's text encoder.

usage: train_clip.py DATA_PREFIX CONFIG_DIR TOKENIZER_DIR OUT.pt STAGE CPU_SECONDS

Contrastive training with two aids. Targets come from the labels: every caption that is true of a
picture counts, not only its own. Hard negatives are captions with their colours or objects
exchanged. Linear helper heads on both towers predict what the caption says (object and colour
pairs, style, background, order); their weight fades to zero, they are not part of the model.
Goes on from OUT.pt if it exists. The stages, in this order:

    joint   both towers, contrastively
    text    mostly the text tower with its helpers (a picture batch every fourth step), until
            each object word's state and the end token's state tell all that the caption says
    tune    the vision tower and the projections: the text tower stays as it is from here on,
            because the UNet depends on it

Time is measured in this process's seconds of CPU, so that other work on the machine does not
end the training early.
"""
import argparse
import math
import os
import time

import common
import numpy as np
import torch
import torch.nn.functional as F
from transformers import CLIPConfig, CLIPModel

import render as R

BATCH = 128
RATE = 1e-3
HELD_OUT = 2000             # pictures at the end of the set, for measurements
MAX_LOGIT_SCALE = math.log(100)
PAIRS = len(R.OBJECTS) * len(R.CNAMES)
FULL_CONTEXT_EVERY = 8      # steps; else the context ends with the longest caption
STAGES = ['joint', 'text', 'tune']
PICTURES_EVERY = dict(joint=1, text=4, tune=1)


# ------------------------------------------------------------------------------------ labels

class Claims:
    """What captions claim, as arrays with a row a caption."""

    def __init__(self, labels, named_back):
        self.kind = labels['kind'].astype(int)
        self.obj = labels['obj'].astype(int)
        self.col = labels['col'].astype(int).copy()
        self.style = labels['style'].astype(int)
        self.left = labels['left'].astype(int)
        self.back = named_back.astype(int)
        free = (labels['named'] == 0) & ((self.obj[:, 0] >= R.FIRST_CAT)
                                         | (self.obj[:, 0] < R.FIRST_THING))
        self.col[free & (self.kind == R.ONE), 0] = -1           # any colour

    def take(self, rows):
        new = object.__new__(Claims)
        for name, value in vars(self).items():
            setattr(new, name, value[rows].copy())
        return new

    def join(self, other):
        new = object.__new__(Claims)
        for name, value in vars(self).items():
            setattr(new, name, np.concatenate([value, getattr(other, name)]))
        return new


def truth(labels, claims):
    """matrix: is the caption of column j true of the picture of row i?"""
    def same(a, b):
        return a[:, None] == b[None]

    obj, col = labels['obj'].astype(int), labels['col'].astype(int)
    free = (claims.col < 0)[None]

    def part(i, j):
        """Does the picture's object i match the claim's object j?"""
        return same(obj[:, i], claims.obj[:, j]) & (same(col[:, i], claims.col[:, j])
                                                    | free[:, :, j])

    kind = same(labels['kind'].astype(int), claims.kind)
    straight = part(0, 0) & part(1, 1)
    crossed = part(0, 1) & part(1, 0) & (claims.left == 0)[None]
    ordered = (claims.left == 0)[None] | (labels['left'] == 1)[:, None]
    style = same(labels['style'].astype(int), claims.style)
    back = same(labels['back'].astype(int), claims.back) | (claims.back < 0)[None]
    scene = (straight & ordered | crossed) & style & back
    flat = same(col[:, 0], claims.col[:, 0])
    return kind & np.select([claims.kind[None] == R.LIGHTHOUSE, claims.kind[None] == R.FLAT],
                            [True, flat], scene)


def pair_targets(obj, col):
    """Multi-hot (object, colour) pairs; a free colour spreads over all eight."""
    out = np.zeros((len(obj), len(R.OBJECTS), len(R.CNAMES)), np.float32)
    rows = np.arange(len(obj))
    for i in (0, 1):
        there, any_colour = obj[:, i] >= 0, col[:, i] < 0
        fixed = there & ~any_colour
        out[rows[fixed], obj[fixed, i], col[fixed, i]] = 1
        out[rows[there & any_colour], obj[there & any_colour, i]] = 1 / len(R.CNAMES)
    return torch.from_numpy(out.reshape(len(obj), -1))


# ------------------------------------------------------------------------------------- texts

class Captions:
    """Token rows of a set's captions, with the positions of colours and objects in them."""

    def __init__(self, texts, labels, tok):
        self.ids = common.tokens(tok, texts)
        self.claims = Claims(labels, np.array(
            [label['back'] if ' on ' in text else -1 for text, label in zip(texts, labels)]))
        word = {w: common.tokens(tok, [w])[0, 1] for w in R.CNAMES + R.OBJECTS if ' ' not in w}
        self.colour = np.full(int(self.ids.max()) + 1, -1)
        self.object = self.colour.copy()
        for i, name in enumerate(R.CNAMES):
            self.colour[word[name]] = i
        for i, name in enumerate(R.OBJECTS[:-1]):
            self.object[word[name]] = i
        self.colour_word = np.array([word[c] for c in R.CNAMES])
        self.object_word = np.array([word[o] for o in R.OBJECTS[:-1]])
        self.end = int(self.ids[0, -1])

    def nouns(self, ids):
        """Positions of the first and second object word (-1: none)."""
        is_noun = self.object[ids] >= 0
        first = np.where(is_noun.any(1), is_noun.argmax(1), -1)
        rest = is_noun.copy()
        rest[np.arange(len(ids)), np.maximum(first, 0)] = False
        return np.stack([first, np.where(rest.any(1), rest.argmax(1), -1)], 1)

    def wrong(self, rows, rng):
        """Captions that differ from those of rows in one exchange or one word, and their claims.
        Two objects: their colours exchanged. One object: another shape or another colour."""
        ids, claims, keep = self.ids[rows].copy(), self.claims.take(rows), []
        for n in range(len(rows)):
            colours = np.nonzero(self.colour[ids[n]] >= 0)[0]
            nouns = np.nonzero(self.object[ids[n]] >= 0)[0]
            if claims.kind[n] == R.TWO and len(colours) == 2:
                ids[n, colours] = ids[n, colours[::-1]]
                claims.col[n] = claims.col[n, ::-1]
            elif claims.kind[n] != R.ONE:
                continue
            elif len(colours) and rng.random() < .3:
                other = (claims.col[n, 0] + rng.integers(1, 8)) % 8
                ids[n, colours[0]], claims.col[n, 0] = self.colour_word[other], other
            elif claims.obj[n, 0] < R.FIRST_THING and len(nouns):
                other = (claims.obj[n, 0] + rng.integers(1, 6)) % 6
                ids[n, nouns[0]], claims.obj[n, 0] = self.object_word[other], other
            else:
                continue
            keep.append(n)
        return ids[keep], claims.take(keep)


# ------------------------------------------------------------------------------- helper heads

class Helpers(torch.nn.Module):
    """Linear heads that say what a state knows."""

    def __init__(self, width=128):
        super().__init__()
        sizes = dict(pairs=PAIRS, style=len(R.STYLES), kind=len(R.KINDS), back=len(R.BACKS))
        self.image = torch.nn.ModuleDict({k: torch.nn.Linear(width, n) for k, n in sizes.items()})
        sizes = dict(sizes, back=len(R.BACKS) + 1, left=2, first=PAIRS, second=PAIRS)
        self.end = torch.nn.ModuleDict({k: torch.nn.Linear(width, n) for k, n in sizes.items()})
        self.noun = torch.nn.Linear(width, PAIRS)

    @staticmethod
    def _pairs(logits, targets):
        """Softmax for how the pairs share the picture."""
        return -(targets * logits.log_softmax(1)).sum(1).mean()

    def image_loss(self, states, labels):
        col, obj = labels['col'].astype(int), labels['obj'].astype(int)
        scene = torch.from_numpy(labels['kind'] < R.FLAT)
        loss = F.cross_entropy(self.image['kind'](states), torch.from_numpy(
            labels['kind'].astype(int)))
        s, rows = states[scene], scene.numpy()
        loss = loss + self._pairs(self.image['pairs'](s), pair_targets(obj[rows], col[rows]))
        for name in ('style', 'back'):
            target = torch.from_numpy(labels[name][rows].astype(int))
            loss = loss + .5 * F.cross_entropy(self.image[name](s), target)
        return loss

    def _one(self, head, states, obj, col):
        there = obj >= 0
        if not there.any():
            return 0.
        none = np.full((there.sum(), 1), -1)
        targets = pair_targets(np.concatenate([obj[there, None], none], 1),
                               np.concatenate([col[there, None], none], 1))
        return self._pairs(head(states[torch.from_numpy(there)]), targets)

    def text_loss(self, states, ids, captions, claims):
        """States of all tokens; the first end token must know everything, an object word its
        own object and colour."""
        rows = torch.arange(len(ids))
        end = states[rows, torch.from_numpy((ids == captions.end).argmax(1))]
        loss = F.cross_entropy(self.end['kind'](end), torch.from_numpy(claims.kind))
        scene = claims.kind < R.FLAT
        s = end[torch.from_numpy(scene)]
        for name, extra in (('style', 0), ('back', 1), ('left', 0)):
            target = torch.from_numpy(getattr(claims, name)[scene] + extra)
            loss = loss + .5 * F.cross_entropy(self.end[name](s), target)
        nouns = captions.nouns(ids)
        for i, name in ((0, 'first'), (1, 'second')):
            obj = np.where(scene, claims.obj[:, i], -1)
            loss = loss + .5 * self._one(self.end[name], end, obj, claims.col[:, i])
            at = torch.from_numpy(np.maximum(nouns[:, i], 0))
            obj = np.where(nouns[:, i] >= 0, obj, -1)
            loss = loss + .5 * self._one(self.noun, states[rows, at], obj, claims.col[:, i])
        return loss


# ---------------------------------------------------------------------------------- the model

def build(config_dir):
    config = CLIPConfig.from_pretrained(config_dir)
    model = CLIPModel(config)
    model.set_attn_implementation('eager')              # the fastest for bf16 on a CPU
    return model


def embed_images(model, images):
    """(pooled state, normalised embedding)"""
    state = model.vision_model(pixel_values=images).pooler_output.float()
    return state, F.normalize(model.visual_projection(state).float(), dim=-1)


def embed_texts(model, ids):
    """(all states, normalised embedding)"""
    out = model.text_model(input_ids=ids)
    return (out.last_hidden_state.float(),
            F.normalize(model.text_projection(out.pooler_output).float(), dim=-1))


@torch.no_grad()
def zero_shot(model, tok, pictures, labels):
    """Share of one-object pictures whose colour and shape are the best of all 48 prompts."""
    prompts = [R.article(f'{c} {s}') for c in R.CNAMES for s in R.SHAPES]
    _, texts = embed_texts(model, torch.from_numpy(common.tokens(tok, prompts)))
    found = []
    for i in range(0, len(pictures), 100):
        _, images = embed_images(model, common.pixels(pictures[i:i + 100]))
        found.append((images @ texts.t()).argmax(1).numpy())
    found = np.concatenate(found)
    colour, thing = labels['col'][:, 0], labels['obj'][:, 0]
    return (found == colour * len(R.SHAPES) + thing).mean(), (found // 6 == colour).mean()


@torch.no_grad()
def binding(model, pictures, ids, swapped):
    """Share of two-object pictures that prefer their caption to the colour-swapped one."""
    images = embed_images(model, common.pixels(pictures))[1]
    right, wrong = (embed_texts(model, torch.from_numpy(t))[1] for t in (ids, swapped))
    return ((images * right).sum(1) > (images * wrong).sum(1)).float().mean().item()


@torch.no_grad()
def word_distances(model, tok):
    """(name, at the word, at the end token): the smallest distance between the text states of
    two words of a family, relative to the size of a state."""
    families = {'colours': ['a %s square' % c for c in R.CNAMES],
                'shapes': ['a red %s' % s for s in R.SHAPES],
                'things': ['a %s' % t for t in R.THINGS],
                'artists': ['a red square in the style of %s' % s for s in R.STYLES[1:]]}
    word_at = dict(colours=2, shapes=3, things=2, artists=8)
    out = []
    for name, texts in families.items():
        ids = common.tokens(tok, texts)
        states = embed_texts(model, torch.from_numpy(ids))[0]
        end = int((ids[0] == ids[0, -1]).argmax())
        near = []
        for at in (word_at[name], end):
            s = states[:, at]
            d = torch.cdist(s, s) / s.norm(dim=1).mean()
            near.append(d[~torch.eye(len(s), dtype=bool)].min().item())
        out.append((name, *near))
    return out


# ----------------------------------------------------------------------------------- training

class Trainer:
    def __init__(self, args):
        self.args = args
        self.log = common.Log(os.path.splitext(args.out)[0] + '.log')
        self.tok = common.tokenizer(args.tokenizer)
        self.images = np.load(args.data + '.img.npy', mmap_mode='r')
        self.labels = np.load(args.data + '.lab.npy')
        self.captions = Captions(common.read_captions(args.data), self.labels, self.tok)
        self.count = len(self.images) - HELD_OUT
        torch.manual_seed(4)
        self.rng = np.random.default_rng(4)
        self.model, self.helpers = build(args.config), Helpers()
        self.average = common.Average(self.model.parameters(), .997, 4)
        if args.stage == 'tune':
            self.model.text_model.requires_grad_(False)
        trained = [p for p in self.model.parameters() if p.requires_grad]
        trained += self.helpers.parameters()
        self.trained = trained
        self.optimizer = torch.optim.AdamW(
            [dict(params=[p for p in trained if p.ndim > 1], weight_decay=.02),
             dict(params=[p for p in trained if p.ndim < 2], weight_decay=0)],
            lr=0, betas=(.9, .98))
        self.step, self.spent = 0, 0.
        if os.path.exists(args.out):
            self.restore(common.load(args.out))

    def restore(self, state):
        self.model.load_state_dict(state['model'])
        self.helpers.load_state_dict(state['helpers'])
        if self.args.stage != state['stage']:           # a new stage: begins with the averages
            self.average.restore(state['average'])
            self.average.swap()
            self.average = common.Average(self.model.parameters(), .997, 4)
            return
        self.average.restore(state['average'])
        self.optimizer.load_state_dict(state['optimizer'])
        self.step, self.spent = state['step'], state['spent']
        self.rng.bit_generator.state = state['rng']

    def state(self):
        return dict(model=self.model.state_dict(), helpers=self.helpers.state_dict(),
                    average=self.average.state(), optimizer=self.optimizer.state_dict(),
                    step=self.step, spent=self.spent, rng=self.rng.bit_generator.state,
                    stage=self.args.stage)

    def contrastive_loss(self, images, texts, labels, claims, extra):
        """Cross-entropy both ways; each true caption or picture has an equal share."""
        right = torch.from_numpy(np.concatenate([truth(labels, claims), truth(labels, extra)], 1))
        right = right.float()
        scores = self.model.logit_scale.clamp(max=MAX_LOGIT_SCALE).exp() * images @ texts.t()
        by_image = right / right.sum(1, keepdim=True)
        own = right[:, :BATCH] / right[:, :BATCH].sum(0, keepdim=True)
        return -.5 * ((by_image * scores.log_softmax(1)).sum(1).mean()
                      + (own * scores[:, :BATCH].log_softmax(0)).sum(0).mean())

    def batch_loss(self, fade):
        """The loss of one batch, and its parts for the log."""
        captions, none = self.captions, torch.zeros(())
        rows = np.sort(self.rng.choice(self.count, BATCH, replace=False))
        labels, claims = self.labels[rows], captions.claims.take(rows)
        extra_ids, extra = captions.wrong(rows, self.rng)
        ids = np.concatenate([captions.ids[rows], extra_ids])
        if self.step % FULL_CONTEXT_EVERY:
            ids = ids[:, :(ids == captions.end).argmax(1).max() + 1]
        ids = np.ascontiguousarray(ids)
        with_pictures = self.step % PICTURES_EVERY[self.args.stage] == 0
        contrastive = image = text = none
        with torch.autocast('cpu', torch.bfloat16):
            states, texts = embed_texts(self.model, torch.from_numpy(ids))
            if with_pictures:
                state, images = embed_images(self.model, common.pixels(self.images[rows]))
        if with_pictures:
            contrastive = self.contrastive_loss(images, texts, labels, claims, extra)
            image = self.helpers.image_loss(state, labels)
        if self.args.stage != 'tune':
            text = self.helpers.text_loss(states, ids, captions, claims.join(extra))
        parts = [p.item() if p is not none else np.nan for p in (contrastive, image, text)]
        return contrastive + fade * (image + text), parts

    def rate(self, done):
        cosine = .5 * (1 + math.cos(math.pi * max(0, done - .4) / .6))
        return RATE * min(1, (self.step + 1) / 100) * (.02 + .98 * cosine)

    def run(self):
        last_log, seen = time.time(), []
        while self.spent < self.args.seconds:
            start = time.process_time()
            done = self.spent / self.args.seconds
            for group in self.optimizer.param_groups:
                group['lr'] = self.rate(done)
            loss, parts = self.batch_loss(fade=min(1, .1 + (1 - done) / .3))
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.trained, 1.)
            self.optimizer.step()
            self.average.update()
            seen.append(parts)
            self.step += 1
            self.spent += time.process_time() - start
            if time.time() - last_log > 60:
                self.report(np.array(seen))
                last_log, seen = time.time(), []
        self.report(np.array(seen or [[0, 0, 0]]))
        self.log('done')

    def report(self, losses):
        mean = [np.mean(c[~np.isnan(c)]) if not np.isnan(c).all() else 0 for c in losses.T]
        held = np.arange(self.count, len(self.images))
        labels = self.labels[held]
        one = held[(labels['kind'] == R.ONE) & (labels['style'] == 0)
                   & (labels['obj'][:, 0] < R.FIRST_THING)][:200]
        two = held[labels['kind'] == R.TWO][:150]
        self.average.swap()
        both, colour = zero_shot(self.model, self.tok, self.images[one], self.labels[one])
        swapped = self.captions.wrong(two, np.random.default_rng(0))[0]
        bound = binding(self.model, self.images[two], self.captions.ids[two], swapped)
        far = ' '.join(f'{n} {a:.2f} {b:.2f}' for n, a, b in word_distances(self.model, self.tok))
        self.average.swap()
        self.log(f'{self.args.stage} {self.spent:.0f}s step {self.step} '
                 f'contrastive {mean[0]:.3f} helpers {mean[1]:.3f} {mean[2]:.3f} '
                 f'zero-shot {both:.3f} colour {colour:.3f} binding {bound:.3f} '
                 f'nearest words: {far}')
        common.save(self.args.out, self.state())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('data')
    parser.add_argument('config')
    parser.add_argument('tokenizer')
    parser.add_argument('out')
    parser.add_argument('stage', choices=STAGES)
    parser.add_argument('seconds', type=float)
    Trainer(parser.parse_args()).run()


if __name__ == '__main__':
    main()
