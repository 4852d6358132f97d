"""Names of Stable Diffusion 1.5's tensors in single files, for tests/models/files/ldm_names.cpp.

Writes tests/fixtures/sd15_ldm_names.txt, one tensor a line: part, diffusers' name, CompVis' name, shape there. The
CompVis names and shapes are listed here from that code's module tree; which of diffusers' tensors each one becomes is
asked of diffusers' own converter: every tensor is filled with its number, and the number is looked up in what the
converter returns.
Run from the repository root: python tools/golden/ldm_names.py
"""

import pathlib

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint

OUT = pathlib.Path("tests/fixtures/sd15_ldm_names.txt")
UNET = {"sample_size": 64, "cross_attention_dim": 768, "layers_per_block": 2}
VAE = {"down_block_types": ["DownEncoderBlock2D"] * 4, "up_block_types": ["UpDecoderBlock2D"] * 4,
       "block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "latent_channels": 4}


def layer(names, path, *shape, bias=True):
    names[path + ".weight"] = shape
    if bias:
        names[path + ".bias"] = shape[:1]


def unet_names():
    names = {}

    def resnet(path, i, o):
        layer(names, path + ".in_layers.0", i)
        layer(names, path + ".in_layers.2", o, i, 3, 3)
        layer(names, path + ".emb_layers.1", o, 1280)
        layer(names, path + ".out_layers.0", o)
        layer(names, path + ".out_layers.3", o, o, 3, 3)
        if i != o:
            layer(names, path + ".skip_connection", o, i, 1, 1)

    def transformer(path, c):
        layer(names, path + ".norm", c)
        layer(names, path + ".proj_in", c, c, 1, 1)
        block = path + ".transformer_blocks.0"
        for attention, width in ((".attn1", c), (".attn2", 768)):
            layer(names, block + attention + ".to_q", c, c, bias=False)
            layer(names, block + attention + ".to_k", c, width, bias=False)
            layer(names, block + attention + ".to_v", c, width, bias=False)
            layer(names, block + attention + ".to_out.0", c, c)
        layer(names, block + ".ff.net.0.proj", 8 * c, c)
        layer(names, block + ".ff.net.2", c, 4 * c)
        for norm in ("norm1", "norm2", "norm3"):
            layer(names, f"{block}.{norm}", c)
        layer(names, path + ".proj_out", c, c, 1, 1)

    layer(names, "time_embed.0", 1280, 320)
    layer(names, "time_embed.2", 1280, 1280)
    layer(names, "input_blocks.0.0", 320, 4, 3, 3)
    widths, skips, c, place = [320, 640, 1280, 1280], [320], 320, 1
    for level, width in enumerate(widths):
        for _ in range(2):
            resnet(f"input_blocks.{place}.0", c, width)
            c = width
            if level < 3:
                transformer(f"input_blocks.{place}.1", c)
            skips.append(c)
            place += 1
        if level < 3:
            layer(names, f"input_blocks.{place}.0.op", c, c, 3, 3)
            skips.append(c)
            place += 1
    resnet("middle_block.0", c, c)
    transformer("middle_block.1", c)
    resnet("middle_block.2", c, c)
    place = 0
    for level, width in reversed(list(enumerate(widths))):
        for j in range(3):
            resnet(f"output_blocks.{place}.0", c + skips.pop(), width)
            c = width
            if level < 3:
                transformer(f"output_blocks.{place}.1", c)
            if level and j == 2:
                layer(names, f"output_blocks.{place}.{2 if level < 3 else 1}.conv", c, c, 3, 3)
            place += 1
    layer(names, "out.0", 320)
    layer(names, "out.2", 4, 320, 3, 3)
    return {"model.diffusion_model." + name: shape for name, shape in names.items()}


def vae_names():
    names = {}

    def resnet(path, i, o):
        layer(names, path + ".norm1", i)
        layer(names, path + ".conv1", o, i, 3, 3)
        layer(names, path + ".norm2", o)
        layer(names, path + ".conv2", o, o, 3, 3)
        if i != o:
            layer(names, path + ".nin_shortcut", o, i, 1, 1)

    def middle(side):
        resnet(side + ".mid.block_1", 512, 512)
        layer(names, side + ".mid.attn_1.norm", 512)
        for which in ("q", "k", "v", "proj_out"):
            layer(names, f"{side}.mid.attn_1.{which}", 512, 512, 1, 1)
        resnet(side + ".mid.block_2", 512, 512)

    widths, c = [128, 256, 512, 512], 128
    layer(names, "encoder.conv_in", 128, 3, 3, 3)
    for level, width in enumerate(widths):
        for j in range(2):
            resnet(f"encoder.down.{level}.block.{j}", c, width)
            c = width
        if level < 3:
            layer(names, f"encoder.down.{level}.downsample.conv", c, c, 3, 3)
    middle("encoder")
    layer(names, "encoder.norm_out", 512)
    layer(names, "encoder.conv_out", 8, 512, 3, 3)
    layer(names, "decoder.conv_in", 512, 4, 3, 3)
    middle("decoder")
    for level, width in reversed(list(enumerate(widths))):
        for j in range(3):
            resnet(f"decoder.up.{level}.block.{j}", c, width)
            c = width
        if level:
            layer(names, f"decoder.up.{level}.upsample.conv", c, c, 3, 3)
    layer(names, "decoder.norm_out", 128)
    layer(names, "decoder.conv_out", 3, 128, 3, 3)
    layer(names, "quant_conv", 8, 8, 1, 1)
    layer(names, "post_quant_conv", 4, 4, 1, 1)
    return {"first_stage_model." + name: shape for name, shape in names.items()}


def lines(part, names, convert, config, model):
    listed = list(names)
    # Four axes so that the converter may take some away.
    numbered = {name: torch.full((1,) * len(names[name]), float(i)) for i, name in enumerate(listed)}
    converted = convert(dict(numbered), config)
    with torch.device("meta"):
        expected = {name: tuple(t.shape) for name, t in model(**config).state_dict().items()}
    assert set(converted) == set(expected) and len(converted) == len(listed)
    for name, tensor in sorted(converted.items()):
        ldm = listed[int(tensor.item())]
        assert [n for n in names[ldm] if n != 1] == [n for n in expected[name] if n != 1], name
        yield f"{part} {name} {ldm} {'x'.join(map(str, names[ldm]))}\n"


text = list(lines("unet", unet_names(), convert_ldm_unet_checkpoint, UNET, UNet2DConditionModel))
text += lines("vae", vae_names(), convert_ldm_vae_checkpoint, VAE, AutoencoderKL)
OUT.write_text("".join(text))
print(f"{OUT}: {len(text)} tensors")
