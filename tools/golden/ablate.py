"""The losses of `lacuna erase ablate` and their gradients in PyTorch, in float32, on pico.

    python tools/golden/ablate.py [--model assets/pico] [--out tests/fixtures/ablate]

writes golden.safetensors, which tests/erase/methods/ablate_golden.cpp compares lacuna's training graph with:

latents, noise, timesteps, mask        a batch of two; the first mask is ones, the second covers 5 x 7 latents
<case>.loss, <case>.<parameter>        of each case below; of the token embedding
<case>.rows, <case>.embedding          the rows that any of the texts has, and their gradients (all others are 0)

Written out from the published programs (methods of Concept Ablation, arXiv 2303.13516): the error of an entry, times its
mask, summed over channels and places and divided by the mask's area (their factor of 4), or the plain mean; keys and
values of the start token detached in every cross-attention; the target of the model-based loss detached. float32, one
thread; torch 2.15.0, diffusers 0.42.1, transformers 5.23.0, safetensors 0.8.0. The script prints how far float32 is
from float64, and what the start token's detachment changes.
"""

import argparse
from pathlib import Path

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTokenizer

ROOT = Path(__file__).parents[2]
TARGETS = ["a red circle in the style of Dotti", "a blue cat in the style of Dotti"]
ANCHORS = ["a red circle", "a blue cat"]
# name: loss, weight of the prior (None: no prior), which program's sums, whether the text encoder is trained
CASES = {
    "model": ("model", None, "none", False),
    "noise": ("noise", None, "none", False),
    "prior": ("model", 0.7, "none", False),
    "compvis": ("noise", 0.2, "compvis", False),
    "diffusers": ("model", 1.0, "diffusers", False),
    "embedding": ("model", 0.7, "none", True),
}
TRAINED = ("mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight",
           "up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_v.weight",
           "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight",
           "down_blocks.0.resnets.0.norm1.weight")


def detach_start(module, inputs, output):
    return torch.cat([output[:, :1].detach(), output[:, 1:]], 1)


def masked(error, mask, summed):
    """Of each entry: sum(err^2 m) / sum(m), or that divided by the channels."""
    total = (error ** 2 * mask).sum((1, 2, 3)) / mask.sum((1, 2, 3))
    return total if summed else total / error.shape[1]


def loss_of(case, unet, states, z):
    kind, prior, compat, _ = CASES[case]
    concept = unet(z["latents"], z["timesteps"], states(TARGETS)).sample
    anchor = unet(z["latents"], z["timesteps"], states(ANCHORS)).sample
    target = anchor.detach() if kind == "model" else z["noise"]
    loss = masked(concept - target, z["mask"], compat != "none").mean()
    if prior is not None:
        loss = loss + prior * masked(anchor - z["noise"], z["mask"], compat == "compvis").mean()
    return loss


def gradients(folder, z, dtype, detach=True):
    tokenizer = CLIPTokenizer.from_pretrained(folder, subfolder="tokenizer")
    encoder = CLIPTextModel.from_pretrained(folder, subfolder="text_encoder", dtype=dtype).eval()
    unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet", torch_dtype=dtype).eval()
    for name, module in unet.named_modules():
        if detach and name.endswith(("attn2.to_k", "attn2.to_v")):
            module.register_forward_hook(detach_start)
    z = {k: v.to(dtype) for k, v in z.items()}

    def states(texts):
        ids = tokenizer(texts, padding="max_length", max_length=tokenizer.model_max_length, truncation=True,
                        return_tensors="pt").input_ids
        return encoder(ids).last_hidden_state

    result = {}
    for case, (_, _, _, of_text) in CASES.items():
        encoder.zero_grad(), unet.zero_grad()
        encoder.requires_grad_(of_text), unet.requires_grad_(not of_text)
        loss = loss_of(case, unet, states, z)
        loss.backward()
        result[f"{case}.loss"] = loss.detach().reshape(1)
        if of_text:
            name, = (n for n, _ in encoder.named_parameters() if n.endswith("token_embedding.weight"))
            gradient = encoder.get_parameter(name).grad
            result[f"{case}.rows"] = gradient.abs().sum(1).nonzero().flatten().to(dtype)
            result[f"{case}.embedding"] = gradient[result[f"{case}.rows"].long()].clone()
            continue
        for name in TRAINED:
            result[f"{case}.{name}"] = unet.get_parameter(name).grad.clone()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=ROOT / "assets" / "pico")
    parser.add_argument("--out", type=Path, default=ROOT / "tests" / "fixtures" / "ablate")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(8)
    shape = (2, 4, 16, 16)
    mask = torch.ones(2, 1, 16, 16)
    mask[1] = 0
    mask[1, :, 3:8, 4:11] = 1
    # As in training: smooth latents under the noise that belongs to the timestep. On others the gradients of the prior
    # are differences of large numbers, and float32 itself leaves 5e-5 open.
    smooth = torch.nn.functional.interpolate(torch.randn(2, 4, 4, 4, generator=generator), size=(16, 16), mode="bicubic")
    noise, timesteps = torch.randn(shape, generator=generator), torch.tensor([650, 420])
    scheduler = DDIMScheduler.from_pretrained(arguments.model, subfolder="scheduler")
    z = {"latents": scheduler.add_noise(smooth, noise, timesteps), "noise": noise, "timesteps": timesteps.float(),
         "mask": mask}
    golden = gradients(arguments.model, z, torch.float32)
    exact, attached = (gradients(arguments.model, z, torch.float64, d) for d in (True, False))
    for name in golden:
        error, moved = ((((a[name] - b[name]).double().norm() / b[name].norm()).item())
                        for a, b in ((golden, exact), (attached, exact)))
        print(f"{name:90} float32 off by {error:.1e}, without detaching by {moved:.1e}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / "golden.safetensors"
    save_file({k: v.contiguous().float() for k, v in (z | golden).items()}, path)
    path.chmod(0o644)


if __name__ == "__main__":
    main()
