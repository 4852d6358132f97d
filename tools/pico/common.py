"""What the training scripts share: one thread, atomic files, averages, captions as tokens."""
import os

for _name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS'):
    os.environ.setdefault(_name, '1')
os.environ.setdefault('HF_HUB_OFFLINE', '1')

import numpy as np
import torch

torch.set_num_threads(1)
CONTEXT = 32                # tokens of a text, padding included


def save(path, state):
    """Saves atomically: a file is either the old or the new one."""
    torch.save(state, path + '.tmp')
    os.replace(path + '.tmp', path)


def load(path):
    return torch.load(path, map_location='cpu', weights_only=False)


class Log:
    """Lines to the screen and to the end of a file."""

    def __init__(self, path):
        self.path = path

    def __call__(self, *words):
        line = ' '.join(map(str, words))
        print(line, flush=True)
        with open(self.path, 'a', encoding='utf-8') as out:
            out.write(line + '\n')


class Average:
    """Exponential moving average of parameters; young averages follow faster."""

    def __init__(self, parameters, decay, ramp):
        self.parameters, self.decay, self.ramp, self.steps = list(parameters), decay, ramp, 0
        self.values = [p.detach().clone() for p in self.parameters]

    @torch.no_grad()
    def update(self):
        self.steps += 1
        d = min(self.decay, 1 - 1 / (self.steps / self.ramp + 1))
        torch._foreach_lerp_(self.values, self.parameters, 1 - d)

    @torch.no_grad()
    def swap(self):
        """Exchanges the averages and the parameters."""
        for p, v in zip(self.parameters, self.values):
            kept = p.clone()
            p.copy_(v)
            v.copy_(kept)

    def state(self):
        return dict(steps=self.steps, values=self.values)

    def restore(self, state):
        self.steps = state['steps']
        for v, kept in zip(self.values, state['values']):
            v.copy_(kept)


def tokenizer(folder):
    from transformers import CLIPTokenizer
    return CLIPTokenizer.from_pretrained(folder)


def tokens(tok, texts):
    """int64 array of CONTEXT tokens a text."""
    ids = tok(list(texts), padding='max_length', max_length=CONTEXT, truncation=True)
    return np.array(ids['input_ids'], np.int64)


def read_captions(prefix):
    with open(prefix + '.txt', encoding='utf-8') as lines:
        return lines.read().split('\n')[:-1]


def pixels(images):
    """Model input (-1..1, channels first) of uint8 pictures."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float() / 127.5 - 1
