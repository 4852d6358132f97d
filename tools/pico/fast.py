"""Fast bf16 passes over diffusers' own modules (the weights stay theirs), for one CPU thread.

`unet`, `encode` and `decode` compute what UNet2DConditionModel and AutoencoderKL compute, with
convolutions and products in bf16 (AMX through oneDNN), channels-last pictures, and the small
operations fused in fast_kernels.c. Gradients flow to the modules' parameters.

usage: fast.py        compares the fast passes with the classes' own, and measures the time
"""
import ctypes
import os
import subprocess
import time

import common
import torch
import torch.nn.functional as F

BF16 = torch.bfloat16
NHWC = torch.channels_last


def _library():
    """Builds the kernels where they are older than their source."""
    here = os.path.dirname(os.path.abspath(__file__))
    source = os.path.join(here, 'fast_kernels.c')
    built = os.path.join(os.environ.get('PICO_BUILD', here), 'fast_kernels.so')
    if not os.path.exists(built) or os.path.getmtime(built) < os.path.getmtime(source):
        subprocess.run(['gcc', '-Ofast', '-march=native', '-mprefer-vector-width=512', '-shared',
                        '-fPIC', source, '-o', built, '-lm'], check=True)
    return ctypes.CDLL(built)


_LIB = _library()


def _call(name, *args):
    """Calls a kernel: tensors as pointers, bool as int, int as long, float as float."""
    kinds = {bool: ctypes.c_int, int: ctypes.c_long, float: ctypes.c_float}
    getattr(_LIB, name)(*[ctypes.c_void_p(a.data_ptr()) if isinstance(a, torch.Tensor)
                          else kinds[type(a)](a) for a in args])


def _nhwc(x):
    return x.contiguous(memory_format=NHWC)


# ---------------------------------------------------------------------------- fused functions

class _GroupNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, b, groups, eps, silu):
        x = _nhwc(x)
        n, c, height, width = x.shape
        y = torch.empty_like(x, memory_format=NHWC)
        mean, rstd = torch.empty(n, groups), torch.empty(n, groups)
        _call('gn_fwd', x, w, b, y, mean, rstd, n, height * width, c, groups, eps, silu)
        ctx.save_for_backward(x, w, b, mean, rstd)
        ctx.groups, ctx.silu = groups, silu
        return y

    @staticmethod
    def backward(ctx, dy):
        x, w, b, mean, rstd = ctx.saved_tensors
        dy = _nhwc(dy)
        n, c, height, width = x.shape
        dx = torch.empty_like(x, memory_format=NHWC)
        dw, db = torch.empty(c), torch.empty(c)
        _call('gn_bwd', dy, x, w, b, mean, rstd, dx, dw, db, n, height * width, c, ctx.groups,
              ctx.silu)
        return dx, dw, db, None, None, None


class _LayerNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, b, eps):
        x = x.contiguous()
        width = x.shape[-1]
        rows = x.numel() // width
        y, mean, rstd = torch.empty_like(x), torch.empty(rows), torch.empty(rows)
        _call('ln_fwd', x, w, b, y, mean, rstd, rows, width, eps)
        ctx.save_for_backward(x, w, mean, rstd)
        return y

    @staticmethod
    def backward(ctx, dy):
        x, w, mean, rstd = ctx.saved_tensors
        dy = dy.contiguous()
        width = x.shape[-1]
        dx, dw, db = torch.empty_like(x), torch.empty(width), torch.empty(width)
        _call('ln_bwd', dy, x, w, mean, rstd, dx, dw, db, x.numel() // width, width)
        return dx, dw, db, None


class _Geglu(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        x = x.contiguous()
        width = x.shape[-1] // 2
        y = torch.empty(*x.shape[:-1], width, dtype=BF16)
        _call('geglu_fwd', x, y, y.numel() // width, width)
        ctx.save_for_backward(x)
        return y

    @staticmethod
    def backward(ctx, dy):
        x, = ctx.saved_tensors
        dy = dy.contiguous()
        dx = torch.empty_like(x)
        width = dy.shape[-1]
        _call('geglu_bwd', dy, x, dx, dy.numel() // width, width)
        return dx


class _Softmax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale):
        x = x.contiguous()
        width = x.shape[-1]
        y = torch.empty_like(x)
        _call('softmax_fwd', x, y, x.numel() // width, width, scale)
        ctx.save_for_backward(y)
        ctx.scale = scale
        return y

    @staticmethod
    def backward(ctx, dy):
        y, = ctx.saved_tensors
        dy = dy.contiguous()
        dx = torch.empty_like(y)
        width = y.shape[-1]
        _call('softmax_bwd', dy, y, dx, y.numel() // width, width, ctx.scale)
        return dx, None


def _group_norm(m, x, silu):
    return _GroupNorm.apply(x, m.weight, m.bias, m.num_groups, m.eps, silu)


def _layer_norm(m, x):
    return _LayerNorm.apply(x, m.weight, m.bias, m.eps)


def _conv(m, x, padding=None):
    return F.conv2d(x, _nhwc(m.weight.to(BF16)), m.bias.to(BF16), m.stride,
                    m.padding if padding is None else padding)


def _linear(m, x):
    return F.linear(x, m.weight.to(BF16), None if m.bias is None else m.bias.to(BF16))


def _upsample(x):
    """Nearest neighbours, twice the size."""
    n, c, height, width = x.shape
    x = x.permute(0, 2, 3, 1)[:, :, None, :, None]
    x = x.expand(n, height, 2, width, 2, c).reshape(n, 2 * height, 2 * width, c)
    return x.permute(0, 3, 1, 2)


def _concatenate(a, b):
    return torch.cat([a.permute(0, 2, 3, 1), b.permute(0, 2, 3, 1)], 3).permute(0, 3, 1, 2)


def _tokens(x):
    n, c, height, width = x.shape
    return x.permute(0, 2, 3, 1).reshape(n, height * width, c)


def _grid(tokens, height, width):
    return tokens.view(tokens.shape[0], height, width, -1).permute(0, 3, 1, 2)


# ------------------------------------------------------------------------------------- blocks

def _attention(m, x, context):
    """diffusers' Attention (without its own norm and residual)."""
    q, k, v = _linear(m.to_q, x), _linear(m.to_k, context), _linear(m.to_v, context)
    n, length, c = q.shape
    heads, size = m.heads, c // m.heads

    def split(t):
        return t.view(n, -1, heads, size).transpose(1, 2).reshape(n * heads, -1, size)

    weights = _Softmax.apply(torch.bmm(split(q), split(k).transpose(1, 2)), size ** -.5)
    out = torch.bmm(weights, split(v)).view(n, heads, length, size).transpose(1, 2)
    return _linear(m.to_out[0], out.reshape(n, length, c))


def _resnet(m, x, time_state=None):
    h = _conv(m.conv1, _group_norm(m.norm1, x, True))
    if time_state is not None:
        h = h + _linear(m.time_emb_proj, time_state)[:, :, None, None]
    h = _conv(m.conv2, _group_norm(m.norm2, h, True))
    return h + (x if m.conv_shortcut is None else _conv(m.conv_shortcut, x))


def _transformer(m, x, context):
    height, width = x.shape[2:]
    h = _tokens(_conv(m.proj_in, _group_norm(m.norm, x, False)))
    for block in m.transformer_blocks:
        n = _layer_norm(block.norm1, h)
        h = h + _attention(block.attn1, n, n)
        h = h + _attention(block.attn2, _layer_norm(block.norm2, h), context)
        n = _layer_norm(block.norm3, h)
        h = h + _linear(block.ff.net[2], _Geglu.apply(_linear(block.ff.net[0].proj, n)))
    return x + _conv(m.proj_out, _grid(h, height, width))


def unet(m, latents, timesteps, context):
    """UNet2DConditionModel: epsilon for latents (float NCHW), timesteps (int) and text states."""
    time_state = F.silu(m.time_embedding(m.time_proj(timesteps))).to(BF16)
    context = context.to(BF16)
    h = _conv(m.conv_in, _nhwc(latents.to(BF16)))
    skips = [h]
    for block in m.down_blocks:
        attentions = getattr(block, 'attentions', None)
        for i, resnet in enumerate(block.resnets):
            h = _resnet(resnet, h, time_state)
            if attentions is not None:
                h = _transformer(attentions[i], h, context)
            skips.append(h)
        if block.downsamplers is not None:
            h = _conv(block.downsamplers[0].conv, h)
            skips.append(h)
    middle = m.mid_block
    h = _transformer(middle.attentions[0], _resnet(middle.resnets[0], h, time_state), context)
    h = _resnet(middle.resnets[1], h, time_state)
    for block in m.up_blocks:
        attentions = getattr(block, 'attentions', None)
        for i, resnet in enumerate(block.resnets):
            h = _resnet(resnet, _concatenate(h, skips.pop()), time_state)
            if attentions is not None:
                h = _transformer(attentions[i], h, context)
        if block.upsamplers is not None:
            h = _conv(block.upsamplers[0].conv, _upsample(h))
    return _conv(m.conv_out, _group_norm(m.conv_norm_out, h, True)).float()


def _vae_middle(m, x):
    x = _resnet(m.resnets[0], x)
    h = _tokens(_group_norm(m.attentions[0].group_norm, x, False))
    x = x + _grid(_attention(m.attentions[0], h, h), *x.shape[2:])
    return _resnet(m.resnets[1], x)


def encode(vae, images):
    """AutoencoderKL: mean and log variance of pictures in -1..1 (float NCHW)."""
    m = vae.encoder
    h = _conv(m.conv_in, _nhwc(images.to(BF16)))
    for block in m.down_blocks:
        for resnet in block.resnets:
            h = _resnet(resnet, h)
        if block.downsamplers is not None:
            h = _conv(block.downsamplers[0].conv, _nhwc(F.pad(h, (0, 1, 0, 1))), 0)
    h = _group_norm(m.conv_norm_out, _vae_middle(m.mid_block, h), True)
    return vae.quant_conv(_conv(m.conv_out, h).float()).chunk(2, 1)


def decode(vae, latents):
    """AutoencoderKL: pictures of latents (already divided by the scaling factor)."""
    m = vae.decoder
    h = _conv(m.conv_in, _nhwc(vae.post_quant_conv(latents).to(BF16)))
    h = _vae_middle(m.mid_block, h)
    for block in m.up_blocks:
        for resnet in block.resnets:
            h = _resnet(resnet, h)
        if block.upsamplers is not None:
            h = _conv(block.upsamplers[0].conv, _upsample(h))
    return _conv(m.conv_out, _group_norm(m.conv_norm_out, h, True)).float()


# ----------------------------------------------------------------------------------- self-test

def _compare(name, fast, own, limit):
    difference = ((fast - own).norm() / own.norm()).item()
    print(f'{name:24s} relative difference {difference:.4f}', flush=True)
    assert difference < limit, name


def main():
    import train_unet
    torch.manual_seed(0)
    m = train_unet.build()
    count = 8
    x, context = torch.randn(count, 4, 16, 16), torch.randn(count, 32, 128)
    t = torch.randint(0, 1000, (count,))
    target = torch.randn_like(x)
    m.conv_out.weight.data.normal_(std=.1)
    own = m(x, t, context).sample
    ((own - target) ** 2).mean().backward()
    own_gradients = torch.cat([p.grad.flatten() for p in m.parameters()])
    m.zero_grad()
    fast = unet(m, x, t, context)
    ((fast - target) ** 2).mean().backward()
    _compare('UNet', fast, own, .03)
    gradients = torch.cat([p.grad.flatten() for p in m.parameters()])
    _compare('UNet, gradients', gradients, own_gradients, .08)
    start = time.process_time()
    for _ in range(3):
        (unet(m, x, t, context) ** 2).mean().backward()
    spent = (time.process_time() - start) / (3 * count)
    print(f'{len(gradients)} weights, {1000 * spent:.1f} ms of one core a sample')


if __name__ == '__main__':
    main()
