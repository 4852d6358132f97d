"""The names and shapes of Stable Diffusion 1.5's UNet, for tests/erase/selection.cpp.

Writes tests/fixtures/sd15_unet_tensors.txt, one tensor a line ("conv_in.weight 320x4x3x3"), from the model that
diffusers makes of SD 1.5's configuration; on the meta device, so no weight exists at any time.
Run from the repository root: python tools/golden/unet_tensors.py
"""

import pathlib

import torch
from diffusers import UNet2DConditionModel

OUT = pathlib.Path("tests/fixtures/sd15_unet_tensors.txt")
# What differs from the defaults of the class, which are those of SD 1.x otherwise.
CONFIG = {"sample_size": 64, "cross_attention_dim": 768}

with torch.device("meta"):
    model = UNet2DConditionModel(**CONFIG)
tensors = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
scalars = sum(tensor.numel() for tensor in model.state_dict().values())
assert (len(tensors), scalars) == (686, 859_520_964)
OUT.write_text("".join(f"{name} {'x'.join(map(str, shape))}\n" for name, shape in sorted(tensors.items())))
print(f"{OUT}: {len(tensors)} tensors, {scalars} scalars")
