"""Encodes a rendered set once, for the UNet.

usage: cache.py MODEL_DIR DATA_PREFIX [COUNT]

writes DATA_PREFIX.lat.npy (mean and deviation of the VAE's latents, float16, unscaled) and
DATA_PREFIX.ctx.npy, .cid.npy (text states of the distinct captions, float16; row 0 is the empty
caption; and each picture's row). COUNT encodes the first pictures only. What an earlier call
encoded is kept: a later call with a larger COUNT adds the rest.
"""
import os
import sys

import common
import numpy as np
import torch
from diffusers import AutoencoderKL
from transformers import CLIPTextModel

import fast

BATCH = 32


@torch.no_grad()
def latents(model_dir, prefix, count):
    vae = AutoencoderKL.from_pretrained(os.path.join(model_dir, 'vae')).float()
    images = np.load(prefix + '.img.npy', mmap_mode='r')
    path = prefix + '.lat.npy'
    old = np.load(path) if os.path.exists(path) else np.empty((0, 8, 16, 16), np.float16)
    out = np.empty((count, 8, 16, 16), np.float16)
    start = min(count, len(old))
    out[:start] = old[:start]
    for i in range(start, count, BATCH):
        mean, logvar = fast.encode(vae, common.pixels(images[i:min(count, i + BATCH)]))
        out[i:i + BATCH, :4] = mean.numpy()
        out[i:i + BATCH, 4:] = (.5 * logvar.clamp(-20, 10)).exp().numpy()
    np.save(path, out)


@torch.no_grad()
def text_states(model_dir, prefix, count):
    tok = common.tokenizer(os.path.join(model_dir, 'tokenizer'))
    encoder = CLIPTextModel.from_pretrained(os.path.join(model_dir, 'text_encoder')).float()
    texts = common.read_captions(prefix)[:count]
    distinct = [''] + sorted(set(texts))
    row = {t: i for i, t in enumerate(distinct)}
    out = np.empty((len(distinct), common.CONTEXT, encoder.config.hidden_size), np.float16)
    for i in range(0, len(distinct), 256):
        ids = torch.from_numpy(common.tokens(tok, distinct[i:i + 256]))
        out[i:i + 256] = encoder(input_ids=ids).last_hidden_state.numpy()
    np.save(prefix + '.ctx.npy', out)
    np.save(prefix + '.cid.npy', np.array([row[t] for t in texts], np.int32))
    return len(distinct)


def main():
    model_dir, prefix = sys.argv[1:3]
    total = len(np.load(prefix + '.img.npy', mmap_mode='r'))
    count = min(total, int(sys.argv[3])) if len(sys.argv) > 3 else total
    print(text_states(model_dir, prefix, count), 'distinct captions', flush=True)
    latents(model_dir, prefix, count)
    print(count, 'pictures', flush=True)


if __name__ == '__main__':
    main()
