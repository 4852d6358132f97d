"""Golden trajectories for tests/models/samplers/sampler.cpp: diffusers' schedulers in float32.

The model is replaced by model(x, t) = 0.3 cos(t / 100) x + pattern, which C++ computes alike.
Run from the repository root: python tools/golden/samplers.py
"""

import json
import math
import pathlib

import diffusers
import numpy as np
import torch

OUT = pathlib.Path("tests/fixtures/samplers")
N = 32  # at least 16, where torch.randn fills by blocks

CLASSES = {
    "ddim": diffusers.DDIMScheduler,
    "pndm": diffusers.PNDMScheduler,
    "lms": diffusers.LMSDiscreteScheduler,
    "euler": diffusers.EulerDiscreteScheduler,
    "euler_a": diffusers.EulerAncestralDiscreteScheduler,
    "dpmpp_2m": diffusers.DPMSolverMultistepScheduler,
}

SD1 = {
    "_class_name": "PNDMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
    "clip_sample": False, "num_train_timesteps": 1000, "set_alpha_to_one": False, "skip_prk_steps": True,
    "steps_offset": 1, "trained_betas": None,
}
SD2_V = SD1 | {"_class_name": "DDIMScheduler", "prediction_type": "v_prediction"}
PICO = json.loads(pathlib.Path("assets/pico/scheduler/scheduler_config.json").read_text())
COSINE = SD1 | {"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1}


def cases():
    """(sampler, steps, eta, config)"""
    for name in CLASSES:
        for config in (SD1, SD2_V):
            for spacing in (None, "leading", "trailing", "linspace"):
                spaced = config if spacing is None else config | {"timestep_spacing": spacing}
                for steps in (1, 2, 7, 20) if config is SD1 else (9,):
                    yield name, steps, 0.0, spaced
        yield name, 50, 0.0, SD1
        yield name, 25, 0.0, PICO
        yield name, 6, 0.0, {}  # every default is the class's own
        yield name, 6, 0.0, {"beta_start": 0.001, "beta_end": 0.03, "num_train_timesteps": 100}
    for eta in (0.5, 1.0):
        yield "ddim", 12, eta, SD1
        yield "ddim", 5, eta, SD2_V | {"set_alpha_to_one": True, "clip_sample": True, "clip_sample_range": 2.0}
    for name in ("ddim", "euler", "euler_a", "dpmpp_2m"):
        zero = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
        yield name, 10, 0.0, SD2_V | zero
    for name in ("lms", "euler", "dpmpp_2m"):
        yield name, 10, 0.0, SD1 | {"use_karras_sigmas": True}
        yield name, 15, 0.0, PICO | {"use_karras_sigmas": True, "timestep_spacing": "leading"}
    for name in ("ddim", "pndm", "lms", "euler", "dpmpp_2m"):
        yield name, 10, 0.0, COSINE
    for steps in (4, 16):
        for more in ({"solver_type": "heun"}, {"final_sigmas_type": "sigma_min"}, {"euler_at_final": True},
                     {"solver_type": "bh2", "final_sigmas_type": "sigma_min", "lower_order_final": False}):
            yield "dpmpp_2m", steps, 0.0, SD1 | more
    yield "euler", 5, 0.0, SD1 | {"final_sigmas_type": "sigma_min"}
    yield "ddim", 20, 0.0, {"num_train_timesteps": 40, "trained_betas": [0.001 * (i + 1) for i in range(40)]}


def pattern(multiplier, modulus):
    return torch.tensor([(i * multiplier % modulus) / modulus - 0.5 for i in range(N)], dtype=torch.float32)


def model(x, t):
    return float(np.float32(0.3 * math.cos(float(t) / 100))) * x + pattern(37, 101)


def trajectory(name, steps, eta, config):
    scheduler = CLASSES[name].from_config(config)
    scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(5)
    x = 4 * pattern(53, 97) * scheduler.init_noise_sigma
    rows = [x]
    for t in scheduler.timesteps:
        out = model(scheduler.scale_model_input(x, t), t)
        extra = {"eta": eta, "generator": generator} if name == "ddim" else {}
        if name == "euler_a":
            extra = {"generator": generator}
        x = scheduler.step(out, t, x, **extra).prev_sample
        rows.append(x)
    return scheduler, torch.stack(rows).to(torch.float32).numpy()


def main():
    torch.set_grad_enabled(False)
    OUT.mkdir(parents=True, exist_ok=True)
    index, data = [], bytearray()
    for name, steps, eta, config in cases():
        try:
            scheduler, rows = trajectory(name, steps, eta, config)
        except (ValueError, IndexError) as error:
            print("skipped:", name, steps, config.get("timestep_spacing"), "skip_prk_steps" in config, error)
            continue
        if not np.isfinite(rows).all():
            print("not finite:", name, steps, config)
            continue
        # Long trajectories: every tenth row.
        keep = list(range(len(rows))) if len(rows) < 12 else sorted({*range(0, len(rows), 5), len(rows) - 1})
        index.append({
            "sampler": name, "steps": steps, "eta": eta, "config": config,
            "init_noise_sigma": float(scheduler.init_noise_sigma),
            "timesteps": [float(t) for t in scheduler.timesteps], "rows": keep, "offset": len(data) // 4,
        })
        data += rows[keep].astype("<f4").tobytes()
    schedules = []
    for config in (SD1, SD2_V | {"rescale_betas_zero_snr": True}, COSINE, {}):
        scheduler = diffusers.DDIMScheduler.from_config(config)
        schedules.append({"config": config, "offset": len(data) // 4})
        data += scheduler.alphas_cumprod.numpy().astype("<f4").tobytes()
    noisy = diffusers.DDIMScheduler.from_config(SD1).add_noise(
        pattern(53, 97)[None].repeat(3, 1), pattern(37, 101)[None].repeat(3, 1), torch.tensor([0, 500, 999]))
    (OUT / "index.json").write_text(json.dumps({
        "diffusers": diffusers.__version__, "n": N, "cases": index, "schedules": schedules,
        "add_noise": {"timesteps": [0, 500, 999], "rows": noisy.tolist()}}) + "\n")
    (OUT / "trajectories.f32").write_bytes(data)
    print(len(index), "trajectories,", len(data), "bytes")


main()
