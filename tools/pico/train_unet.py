"""Trains the UNet, resumably.

usage: train_unet.py MODEL_DIR DATA_PREFIX OUT.pt [--batch N] [--rate R] [--repeat-two N]
                     [--repeat-outline N] [--seconds WALL] [--decay WALL]

Warm-up, then a constant learning rate for as long as it runs: OUT.pt is written every few minutes
and on SIGTERM, and a later call goes on from it. --decay ends the run: the learning rate falls to
zero within that many seconds of the clock; the state goes to OUT-decayed.pt, so that the constant
phase can go on from OUT.pt afterwards.

DATA_PREFIX is a rendered set after cache.py. Min-SNR weights (gamma 5), stratified timesteps,
10 % empty captions, averaged weights. --repeat-two shows two-object pictures N times as often,
--repeat-outline those in the style of Outla.
"""
import argparse
import json
import os
import signal
import time

import common
import numpy as np
import torch
from diffusers import UNet2DConditionModel

import fast
import render

RATE = 8e-4
WARM_UP = 300               # steps
GAMMA = 5.
EMPTY = .1
SAVE_EVERY = 180            # seconds
LOG_EVERY = 60
CONFIG = dict(
    sample_size=16, in_channels=4, out_channels=4,
    down_block_types=('CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'),
    up_block_types=('UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'),
    block_out_channels=(64, 128, 128), layers_per_block=1, cross_attention_dim=128,
    attention_head_dim=4, norm_num_groups=16)


def build():
    """The model, with residual branches that begin small and a prediction of zero."""
    model = UNet2DConditionModel(**CONFIG)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.startswith('conv_out.'):
                p.zero_()
            elif name.endswith(('conv2.weight', 'proj_out.weight')):
                p.mul_(.1)
    return model


def alphas():
    """Products of 1 - beta for SD 1.x's betas."""
    betas = torch.linspace(0.00085 ** .5, 0.012 ** .5, 1000) ** 2
    return torch.cumprod(1 - betas, 0)


class Trainer:
    def __init__(self, args):
        self.args = args
        self.log = common.Log(os.path.splitext(args.out)[0] + '.log')
        self.read_data(args.model, args.data)
        torch.manual_seed(7)
        self.rng = np.random.default_rng(7)
        self.alphas = alphas()
        self.model = build()
        self.parameters = list(self.model.parameters())
        self.average = common.Average(self.parameters, .999, 6)
        self.optimizer = torch.optim.AdamW(self.parameters, lr=0, betas=(.9, .99),
                                           weight_decay=.01, fused=True)
        self.step, self.samples, self.spent, self.decayed = 0, 0, 0., 0.
        self.stop = False
        if os.path.exists(args.out):
            self.restore(common.load(args.out))
        self.order = np.empty(0, int)
        self.batch = args.batch

    def read_data(self, model_dir, prefix):
        self.latents = np.load(prefix + '.lat.npy')
        self.states = np.load(prefix + '.ctx.npy', mmap_mode='r')
        self.rows = np.load(prefix + '.cid.npy')
        labels = np.load(prefix + '.lab.npy')[:len(self.latents)]
        times = np.where(labels['kind'] == render.TWO, self.args.repeat_two, 1)
        outline = labels['style'] == render.STYLES.index('Outla')
        times = np.where(outline, self.args.repeat_outline, times)
        self.pool = np.repeat(np.arange(len(self.latents)), times)
        vae = part_config(os.path.join(model_dir, 'vae'))
        self.scale = vae['scaling_factor']

    def restore(self, state):
        self.model.load_state_dict(state['model'])
        self.average.restore(state['average'])
        self.optimizer.load_state_dict(state['optimizer'])
        self.step, self.samples, self.spent = (state[k] for k in ('step', 'samples', 'spent'))
        self.rng.bit_generator.state = state['rng']
        torch.set_rng_state(state['torch_rng'])
        self.log(f'goes on from step {self.step}')

    def save(self):
        base, extension = os.path.splitext(self.args.out)
        path = base + '-decayed' + extension if self.args.decay else self.args.out
        common.save(path, dict(
            model=self.model.state_dict(), average=self.average.state(),
            optimizer=self.optimizer.state_dict(), step=self.step,
            samples=self.samples, spent=self.spent,
            rng=self.rng.bit_generator.state, torch_rng=torch.get_rng_state()))

    def pictures(self):
        """Row numbers of a batch: the whole pool once before any row again."""
        if len(self.order) < self.batch:
            self.order = self.rng.permutation(self.pool)
        rows, self.order = self.order[:self.batch], self.order[self.batch:]
        return rows

    def batch_loss(self):
        rows = self.pictures()
        moments = torch.from_numpy(self.latents[rows].astype(np.float32))
        noise = torch.randn(self.batch, 4, 16, 16)
        clean = (moments[:, :4] + moments[:, 4:] * torch.randn_like(noise)) * self.scale
        text = np.where(self.rng.random(self.batch) < EMPTY, 0, self.rows[rows])
        context = torch.from_numpy(self.states[text].astype(np.float32))
        t = (torch.randperm(self.batch) + torch.rand(self.batch)) * (len(self.alphas) / self.batch)
        t = t.long().clamp(0, len(self.alphas) - 1)
        a = self.alphas[t].view(-1, 1, 1, 1)
        noisy = a.sqrt() * clean + (1 - a).sqrt() * noise
        error = ((fast.unet(self.model, noisy, t, context) - noise) ** 2).mean((1, 2, 3))
        snr = (a / (1 - a)).flatten()
        return (error * snr.clamp(max=GAMMA) / snr).mean(), error.detach().numpy(), t.numpy()

    def rate(self):
        left = max(0., 1 - self.decayed / self.args.decay) if self.args.decay else 1.
        return self.args.rate * min(1, (self.step + 1) / WARM_UP) * left

    def one_step(self):
        loss, error, t = self.batch_loss()
        for group in self.optimizer.param_groups:
            group['lr'] = self.rate()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.parameters, 1.).item()
        if np.isfinite(norm):
            self.optimizer.step()
            self.average.update()
        self.step += 1
        self.samples += self.batch
        return norm, error, t

    def finished(self, start):
        limit = self.args.decay or self.args.seconds
        return self.stop or limit and time.time() - start >= limit

    def run(self):
        start = saved = logged = time.time()
        sums, norms = np.zeros((10, 2)), []
        while not self.finished(start):
            before = time.process_time()
            norm, error, t = self.one_step()
            self.spent += time.process_time() - before
            self.decayed = time.time() - start
            norms.append(norm)
            np.add.at(sums, t // 100, np.stack([error, np.ones_like(error)], 1))
            if time.time() - logged > LOG_EVERY:
                self.report(sums, norms)
                sums, norms, logged = np.zeros((10, 2)), [], time.time()
            if time.time() - saved > SAVE_EVERY:
                self.save()
                saved = time.time()
        self.save()
        self.log(f'stopped at step {self.step}, {self.samples} samples')

    def report(self, sums, norms):
        means = sums[:, 0] / np.maximum(1, sums[:, 1])
        self.log(f'step {self.step} samples {self.samples} cpu {self.spent:.0f}s '
                 f'rate {self.rate():.1e} norm {np.mean(norms):.2f} mse {means.mean():.4f} by t '
                 + ' '.join(f'{m:.3f}' for m in means))


def part_config(folder):
    """A part's config.json, without building the part."""
    with open(os.path.join(folder, 'config.json'), encoding='utf-8') as file:
        return json.load(file)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('model')
    parser.add_argument('data')
    parser.add_argument('out')
    parser.add_argument('--batch', type=int, default=32)
    parser.add_argument('--repeat-two', type=int, default=1)
    parser.add_argument('--repeat-outline', type=int, default=1)
    parser.add_argument('--rate', type=float, default=RATE)
    parser.add_argument('--seconds', type=float, default=0)
    parser.add_argument('--decay', type=float, default=0)
    trainer = Trainer(parser.parse_args())
    signal.signal(signal.SIGTERM, lambda *_: setattr(trainer, 'stop', True))
    trainer.run()


if __name__ == '__main__':
    main()
