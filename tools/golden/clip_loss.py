"""The losses of `lacuna erase clip` and their gradients in PyTorch, in float32, on pico.

    python tools/golden/clip_loss.py [--model assets/pico] [--out tests/fixtures/clip_loss]

writes golden.safetensors, which tests/erase/methods/clip_golden.cpp compares lacuna's training graph with:

ids, latents, timesteps, target        two captions of "red" (I32; B, T), latents and timesteps of a batch of two
retained_ids, retained_states          two retained texts, and states near theirs
ascent.loss, esd.loss                  -mean((eps - target)^2), and +mean(...) + 0.5 mean((T(r) - states)^2)
ascent.<parameter>, esd.<parameter>    gradients: all biases and norms, and two matrices

The UNet is frozen; the gradient flows through its cross-attention into the text encoder. Written with torch 2.15.0,
diffusers 0.42.1, transformers 5.23.0, safetensors 0.8.0, on one thread. The script prints how far float32 is from
float64, which no comparison can undercut.
"""

import argparse
from pathlib import Path

import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTokenizer

ROOT = Path(__file__).parents[2]
CAPTIONS, RETAINED = ["red", "a picture of a red star"], ["a blue circle", ""]
MATRICES = ("layers.1.self_attn.q_proj.weight", "layers.3.self_attn.v_proj.weight")


def ids_of(tokenizer, texts):
    return tokenizer(
        texts, padding="max_length", max_length=tokenizer.model_max_length, truncation=True,
        return_tensors="pt").input_ids


def losses(encoder, unet, given):
    states = encoder(given["ids"]).last_hidden_state
    epsilon = unet(given["latents"], given["timesteps"], states).sample
    erase = ((epsilon - given["target"]) ** 2).mean()
    retain = ((encoder(given["retained_ids"]).last_hidden_state - given["retained_states"]) ** 2).mean()
    return {"ascent": -erase, "esd": erase + 0.5 * retain}


def gradients(folder, given, dtype):
    """{"ascent.loss": ..., "ascent.<parameter>": ...}, of both losses."""
    encoder = CLIPTextModel.from_pretrained(folder, subfolder="text_encoder", dtype=dtype).eval()
    unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet", torch_dtype=dtype).eval()
    unet.requires_grad_(False)
    given = {k: v.to(dtype) if v.is_floating_point() else v for k, v in given.items()}
    result = {}
    for name, loss in losses(encoder, unet, given).items():
        encoder.zero_grad()
        loss.backward(retain_graph=True)
        result[f"{name}.loss"] = loss.detach().reshape(1)
        for parameter, value in encoder.named_parameters():
            # As pico's file names them.
            key = parameter.removeprefix("text_model.")
            if value.dim() == 1 or key.endswith(MATRICES):
                result[f"{name}.{key}"] = value.grad.clone()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=Path, default=ROOT / "assets/pico")
    parser.add_argument("--out", type=Path, default=ROOT / "tests/fixtures/clip_loss")
    args = parser.parse_args()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(1)
    tokenizer = CLIPTokenizer.from_pretrained(args.model, subfolder="tokenizer")
    encoder = CLIPTextModel.from_pretrained(args.model, subfolder="text_encoder", dtype=torch.float32).eval()
    given = {"ids": ids_of(tokenizer, CAPTIONS), "retained_ids": ids_of(tokenizer, RETAINED),
             "latents": torch.randn(2, 4, 16, 16, generator=generator), "timesteps": torch.tensor([120.0, 700.0]),
             "target": torch.randn(2, 4, 16, 16, generator=generator)}
    with torch.no_grad():
        states = encoder(given["retained_ids"]).last_hidden_state
    given["retained_states"] = states + 0.1 * torch.randn(states.shape, generator=generator)
    golden = gradients(args.model, given, torch.float32)
    exact = gradients(args.model, given, torch.float64)
    worst = max(
        ((golden[k] - v).norm() / v.norm()).item() for k, v in exact.items() if not k.endswith("k_proj.bias"))
    print(f"{len(golden)} tensors; float32 is off by {worst:.1e} at most")
    args.out.mkdir(parents=True, exist_ok=True)
    given = {k: v.int() if not v.is_floating_point() else v for k, v in given.items()}
    save_file({k: v.float().contiguous() if v.is_floating_point() else v.contiguous()
               for k, v in {**given, **golden}.items()}, args.out / "golden.safetensors")


if __name__ == "__main__":
    main()
