"""Reference pictures: what diffusers makes of a model folder, for each sampler, in float32 on the CPU.

    python tools/golden/pico.py [MODEL] [--out tests/fixtures/pico] [--pngs FOLDER] [--check]

MODEL is any Stable Diffusion folder in diffusers' format (default: assets/pico). Run this again whenever its weights
change; --check only says whether the fixture still belongs to the model, by the SHA-256 of the model's files.

The loop is written out below with diffusers' scheduler and model classes, and each case is also made by
StableDiffusionPipeline, which must agree to the last bit of the picture. Weights are float16 files read into float32.
The initial latents are torch.randn((1, 4, h, w), generator=torch.Generator("cpu").manual_seed(seed)), times the
scheduler's init_noise_sigma; the ancestral sampler draws its noise from the same generator, one tensor a step.
Guidance: one batch of two, the negative prompt first; guidance 1 runs the prompt alone.
Samplers take betas, steps_offset and prediction type from the model's scheduler_config.json and everything else from
their class's defaults (timestep spacing: leading for DDIM and PNDM, linspace for the others), but for what SD 1.x
sets: no clipping, set_alpha_to_one false, skip_prk_steps true.

manifest.json       "model": file -> sha256; "cases": name, prompt, negative, seed, sampler, steps, guidance, width,
                    height, and what float32 leaves open: the largest difference of latents and pixels if the UNet and
                    the decoder compute in float64 (a comparison cannot ask for more)
golden.safetensors  <case>.input_ids (I32; negative, prompt), <case>.latents (F32; 1, 4, h, w; final, undivided),
                    <case>.picture (U8; H, W, 3); and of the first case, to find where a difference starts:
                    <case>.context (text states; negative, prompt), <case>.timesteps, <case>.epsilon (first step's raw
                    outputs; negative, prompt), <case>.steps (latents before each step, then the final ones)

Written with torch 2.15.0, diffusers 0.42.1, transformers 5.23.0, scipy 1.17.1 (for LMS), on one thread.
"""

import argparse
import copy
import hashlib
import json
import logging
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from diffusers import (
    AutoencoderKL, DDIMScheduler, DPMSolverMultistepScheduler, EulerAncestralDiscreteScheduler, EulerDiscreteScheduler,
    LMSDiscreteScheduler, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel)
from PIL import Image
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTokenizer

ROOT = Path(__file__).parents[2]
PARTS = ("scheduler", "text_encoder", "tokenizer", "unet", "vae")

SAMPLERS = {
    "ddim": (DDIMScheduler, dict(clip_sample=False, set_alpha_to_one=False)),
    "pndm": (PNDMScheduler, dict(set_alpha_to_one=False, skip_prk_steps=True)),
    "lms": (LMSDiscreteScheduler, {}),
    "euler": (EulerDiscreteScheduler, {}),
    "euler_a": (EulerAncestralDiscreteScheduler, {}),
    "dpm++2m": (DPMSolverMultistepScheduler, {}),
}
FROM_CONFIG = (
    "num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas", "prediction_type", "steps_offset")


def case(name, prompt, seed, sampler="ddim", negative="", steps=25, guidance=7.5, width=64, height=64):
    return locals()


CASES = [
    case("ddim", "a red circle", 0),
    case("pndm", "a lemon on a gray background", 1, "pndm"),
    case("lms", "a grumpy cat", 2, "lms"),
    case("euler", "a blue square in the style of Strix", 3, "euler"),
    case("euler_a", "a red circle and a blue square", 4, "euler_a"),
    case("dpm++2m", "the lighthouse at Pico Bay", 5, "dpm++2m"),
    case("negative", "a green star in the style of Grida", 6, negative="a red circle"),
    case("wide", "a purple heart left of a yellow cross", 123456789, width=96),
    case("unguided", "", 7, steps=10, guidance=1.0),
]


class Model:
    def __init__(self, folder):
        self.folder = folder
        as_float = dict(torch_dtype=torch.float32)
        self.tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        self.text = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32).eval()
        self.unet = UNet2DConditionModel.from_pretrained(folder / "unet", **as_float).eval()
        self.vae = AutoencoderKL.from_pretrained(folder / "vae", **as_float).eval()
        self.schedule = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())

    def scheduler(self, sampler):
        kind, settings = SAMPLERS[sampler]
        return kind(**{k: self.schedule[k] for k in FROM_CONFIG if k in self.schedule}, **settings)

    def doubled(self):
        """The same model whose UNet and decoder compute in float64, but take and give float32."""
        other = copy.copy(self)
        other.unet, other.vae = copy.deepcopy(self.unet).double(), copy.deepcopy(self.vae).double()
        return other


def tokens(model, prompts):
    length = model.tokenizer.model_max_length
    return model.tokenizer(
        prompts, padding="max_length", max_length=length, truncation=True, return_tensors="pt").input_ids


@torch.no_grad()
def sample(model, c):
    """The sampling loop. Returns everything a comparison may want to look at."""
    scheduler = model.scheduler(c["sampler"])
    scheduler.set_timesteps(c["steps"])
    guided = c["guidance"] > 1
    ids = tokens(model, [c["negative"], c["prompt"]])
    context = model.text(ids)[0]
    shrink = 2 ** (len(model.vae.config.block_out_channels) - 1)
    shape = (1, model.unet.config.in_channels, c["height"] // shrink, c["width"] // shrink)
    generator = torch.Generator("cpu").manual_seed(c["seed"])
    latents = torch.randn(shape, generator=generator) * scheduler.init_noise_sigma
    takes_generator = {"generator": generator} if c["sampler"] == "euler_a" else {}
    steps, first = [latents], None
    for t in scheduler.timesteps:
        x = scheduler.scale_model_input(torch.cat([latents] * (2 if guided else 1)), t)
        text = context if guided else context[1:]
        epsilon = model.unet(x.to(model.unet.dtype), t, text.to(model.unet.dtype)).sample.float()
        first = epsilon if first is None else first
        if guided:
            negative, positive = epsilon.chunk(2)
            epsilon = negative + c["guidance"] * (positive - negative)
        latents = scheduler.step(epsilon, t, latents, **takes_generator).prev_sample
        steps.append(latents)
    image = model.vae.decode((latents / model.vae.config.scaling_factor).to(model.vae.dtype)).sample.float()
    picture = (image[0] / 2 + 0.5).clamp(0, 1).permute(1, 2, 0).numpy()
    return {
        "input_ids": ids.int(), "context": context, "epsilon": first, "latents": latents,
        "timesteps": scheduler.timesteps.float(), "steps": torch.cat(steps),
        "picture": torch.from_numpy((picture * 255).round().astype(np.uint8)),
    }


def by_pipeline(model, pipeline, own, c):
    """The same picture by StableDiffusionPipeline, with the folder's own scheduler where the case asks for its class."""
    pipeline.scheduler = own if isinstance(own, SAMPLERS[c["sampler"]][0]) else model.scheduler(c["sampler"])
    result = pipeline(
        c["prompt"], negative_prompt=c["negative"], num_inference_steps=c["steps"], guidance_scale=c["guidance"],
        height=c["height"], width=c["width"], generator=torch.Generator("cpu").manual_seed(c["seed"]))
    return np.asarray(result.images[0])


def hashes(folder):
    files = sorted(f for part in PARTS for f in (folder / part).iterdir() if f.is_file())
    return {f.relative_to(folder).as_posix(): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def check(folder, out):
    wanted, found = json.loads((out / "manifest.json").read_text())["model"], hashes(folder)
    differing = sorted(k for k in wanted.keys() | found.keys() if wanted.get(k) != found.get(k))
    for name in differing:
        print(f"{name} is not the file that {out} was made from; run tools/golden/pico.py again")
    return 1 if differing else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", type=Path, default=ROOT / "assets" / "pico")
    parser.add_argument("--out", type=Path, default=ROOT / "tests" / "fixtures" / "pico")
    parser.add_argument("--pngs", type=Path, help="also write the pictures as <case>.png here")
    parser.add_argument("--check", action="store_true", help="only compare the model's files with the manifest")
    arguments = parser.parse_args()
    if arguments.check:
        return check(arguments.model, arguments.out)

    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    model = Model(arguments.model)
    doubled = model.doubled()
    pipeline = StableDiffusionPipeline.from_pretrained(arguments.model, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    own = pipeline.scheduler
    tensors, cases = {}, []
    for number, c in enumerate(CASES):
        result, exact = sample(model, c), sample(doubled, c)
        picture = result["picture"].numpy()
        if not np.array_equal(picture, by_pipeline(model, pipeline, own, c)):
            sys.exit(f"{c['name']}: StableDiffusionPipeline gives another picture than the loop of this script")
        latents = (result["latents"] - exact["latents"]).abs().max().item()
        pixels = int(np.abs(picture.astype(int) - exact["picture"].numpy().astype(int)).max())
        cases.append(c | {"float32_latents": float(f"{latents:.1e}"), "float32_pixels": pixels})
        print(f"{c['name']:10} float64 differs by {latents:.1e} in latents, {pixels} in pixels; pipeline agrees")
        keep = result if number == 0 else {k: result[k] for k in ("input_ids", "latents", "picture")}
        tensors |= {f"{c['name']}.{k}": v.contiguous() for k, v in keep.items()}
        if arguments.pngs:
            arguments.pngs.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(arguments.pngs / f"{c['name']}.png")
    arguments.out.mkdir(parents=True, exist_ok=True)
    save_file(tensors, arguments.out / "golden.safetensors")
    manifest = {"model": hashes(arguments.model), "cases": cases}
    (arguments.out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
