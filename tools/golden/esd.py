"""A finished `lacuna erase esd` or `erase inpaint` against the same training in PyTorch: same examples, same order, float32.

    build/bin/lacuna erase esd --concept red --retain retain.txt --iterations 50 --save-type f32 --precision f32 \\
        --out red.safetensors
    python tools/golden/esd.py red.safetensors [--run red.run] [--model assets/pico] [--json]

Three things are compared; the exit status says whether all of them lie within their bounds.

trajectories  Every cached trajectory that the run used: torch.randn of its seed, diffusers' DDIMScheduler and
              classifier-free guidance in PyTorch give the latents before each step again, and the frozen UNet gives
              the cached predictions at (latents, timestep). Timesteps must be the scheduler's: each is the noise level
              of its latents. Relative L2 errors per step; bound 1e-4.
loss          Of each iteration, as the log has it; bound 1e-3 relative.
change        The trained weights minus the original ones, of lacuna and of PyTorch; bound 1e-2 relative L2, over all
              tensors. For a LoRA the change is up down, merged by hand from kohya's names.

Adam divides each gradient by its own size, so that weights whose gradient is mostly rounding go where rounding says:
the larger the parameter set, the more float32 itself leaves open. --float64 trains in float64, too, and tells how far
lacuna and PyTorch's float32 are from that.

The training is written out below from the paper's formula (arXiv 2303.07345, equation 7), with torch.optim and
diffusers' UNet2DConditionModel. From lacuna come the examples' latents and predictions (checked as above), which
examples each iteration used (run.jsonl: "examples", "weights") and the options in the edit's metadata.

    echo "a blue circle" > retain.txt
    build/bin/lacuna erase esd --concept red --retain retain.txt \\
        --params "mid_block.*.attn2.to_[kv].weight,up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_out.0.bias" \\
        --iterations 10 --batch 2 --retain-batch 1 --trajectories 2 --retain-trajectories 1 --steps 5 --retain-steps 5 \\
        --lr 1e-3 --schedule linear --warmup 2 --optimizer adamw --weight-decay 0.01 --clip 0.0015 --eta 2 \\
        --precision f32 --save-type f32 --out short.safetensors
    python tools/golden/esd.py short.safetensors --fixture tests/fixtures/esd

(and `erase inpaint` with the same options and --mask left --mask cell:2,2 --outside-weight 0.5, without --retain, for
tests/fixtures/inpaint) writes the fixtures of tests/erase/methods/esd_golden.cpp: losses and changes of a run whose trajectories PyTorch samples itself.
Of lacuna's files only the options and the examples' places (trajectory, step, role) are used.

    python tools/golden/esd.py EDIT --pictures A.png B.png ...

draws the pictures again that `lacuna sample --edit EDIT --precision f32` wrote, with diffusers' StableDiffusionPipeline
on the merged weights (prompt, seed, steps and guidance come from the picture's text chunk; DDIM), and prints the largest
difference of a pixel; bound 2 of 255. For a LoRA, diffusers' own load_lora_weights (which needs peft) draws them, too,
and its prediction is compared with that of the merged UNet.
"""

import argparse
import copy
import json
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import CLIPTextModel, CLIPTokenizer, get_scheduler

ROOT = Path(__file__).parents[2]
BOUNDS = {"latents": 1e-4, "predictions": 1e-4, "loss": 1e-3, "change": 1e-2}


def relative(a, b):
    """||a - b|| / ||b|| in float64."""
    return ((a.double() - b.double()).norm() / b.double().norm()).item()


class Model:
    """The frozen model: what lacuna starts from."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.unet = UNet2DConditionModel.from_pretrained(folder, subfolder="unet", torch_dtype=torch.float32).eval()
        self.unet.requires_grad_(False)
        self.encoder = CLIPTextModel.from_pretrained(folder, subfolder="text_encoder", dtype=torch.float32).eval()
        self.tokenizer = CLIPTokenizer.from_pretrained(folder, subfolder="tokenizer")
        self.known = {}

    @torch.no_grad()
    def states(self, text):
        if text not in self.known:
            ids = self.tokenizer(
                text, padding="max_length", max_length=self.tokenizer.model_max_length, truncation=True,
                return_tensors="pt").input_ids
            self.known[text] = self.encoder(ids).last_hidden_state
        return self.known[text]

    @torch.no_grad()
    def predict(self, latents, timesteps, text):
        states = self.states(text).expand(len(latents), -1, -1)
        return self.unet(latents, timesteps, states).sample

    def ddim(self, steps):
        scheduler = DDIMScheduler.from_pretrained(self.folder, subfolder="scheduler")
        scheduler.set_timesteps(steps)
        return scheduler


@dataclass
class Trajectory:
    path: str  # the prompt that guided the sampling
    concept: str
    seed: int
    steps: int
    guidance: float
    shape: tuple  # of the latents: C, H, W
    latents: torch.Tensor = None  # before each step
    timesteps: torch.Tensor = None
    path_noise: torch.Tensor = None  # the frozen predictions there
    concept_noise: torch.Tensor = None
    neutral_noise: torch.Tensor = None

    @staticmethod
    def read(file, channels):
        with safe_open(file, "pt") as opened:
            version, _, dtype, path, concept, seed, sampler, steps, guidance, size, _ = (
                opened.metadata()["trajectory"].split("\n"))
            tensors = {k: opened.get_tensor(k) for k in opened.keys()}
        assert version == "1" and sampler == "ddim", f"{file} is of another version"
        assert dtype == "f32", f"{file} is in {dtype}: run lacuna with --precision f32"
        width, height = (int(n) for n in size.split("x"))
        shape = (channels, height, width)
        t = Trajectory(path, concept, int(seed), int(steps), float(guidance), shape)
        images = {k: v.reshape(-1, *shape) for k, v in tensors.items() if k != "timesteps"}
        t.latents, t.timesteps = images["latents"], tensors["timesteps"]
        t.path_noise, t.neutral_noise = images["path"], images["neutral"]
        t.concept_noise = images.get("concept", t.path_noise)
        return t

    def sampled(self, model):
        """The same trajectory made by PyTorch alone."""
        scheduler = model.ddim(self.steps)
        z = torch.randn(1, *self.shape, generator=torch.Generator("cpu").manual_seed(self.seed))
        z = z * scheduler.init_noise_sigma
        latents, path, neutral = [], [], []
        for timestep in scheduler.timesteps:
            latents.append(z)
            neutral.append(model.predict(z, timestep, ""))
            path.append(model.predict(z, timestep, self.path))
            guided = neutral[-1] + self.guidance * (path[-1] - neutral[-1])
            z = scheduler.step(guided, timestep, z).prev_sample
        t = copy.copy(self)
        t.latents, t.timesteps = torch.cat(latents), scheduler.timesteps.float()
        t.path_noise, t.neutral_noise = torch.cat(path), torch.cat(neutral)
        same = self.concept == self.path
        t.concept_noise = t.path_noise if same else model.predict(t.latents, t.timesteps, self.concept)
        return t

    def check(self, model):
        """Largest relative errors of the cached latents and predictions over all steps."""
        ours = self.sampled(model)
        assert torch.equal(self.timesteps, ours.timesteps), "the cached timesteps are not the scheduler's"
        latents = max(relative(a, b) for a, b in zip(self.latents, ours.latents))
        predictions = 0
        for text, cached in (
                (self.path, self.path_noise), ("", self.neutral_noise), (self.concept, self.concept_noise)):
            again = model.predict(self.latents, self.timesteps, text)
            predictions = max([predictions] + [relative(a, b) for a, b in zip(cached, again)])
        return latents, predictions

    def example(self, step, role, eta):
        """The prompt for the edited model and what it shall predict: equation 7, with a parent text if the path's
        prompt is not the concept; or, retained, what the frozen model predicts."""
        if role == "neutral":
            return "", self.neutral_noise[step]
        if role == "retain":
            return self.path, self.path_noise[step]
        assert role.split(" ")[0] == "erase", role
        direction = self.concept_noise[step] - self.neutral_noise[step]
        if self.concept == self.path:
            return self.path, self.neutral_noise[step] - eta * direction
        return self.path, self.path_noise[step] - (1 + eta) * direction


def mask_of(name, width, height):
    """A mask averaged over the pixels of each latent; pixel centres decide."""
    factor = 4  # pixels of a latent: pico's
    y, x = ((torch.arange(n * factor) + 0.5) / (n * factor) for n in (height, width))
    if name == "left":
        rows, columns = y >= 0, x < 0.5
    else:
        row, column = (int(n) - 1 for n in name.removeprefix("cell:").split(","))
        rows, columns = ((v >= n / 3) & (v < (n + 1) / 3) for v, n in ((y, row), (x, column)))
    pixels = rows[:, None].float() * columns[None, :].float()
    return torch.nn.functional.avg_pool2d(pixels[None, None], factor)[0]


def masked_loss(predicted, target, kept, mask, outside_weight):
    """The mean inside the mask, and that outside against the frozen prediction."""
    channels = predicted.shape[0]
    inside = (mask * (predicted - target) ** 2).sum() / (channels * mask.sum())
    outside = ((1 - mask) * (predicted - kept) ** 2).sum() / (channels * (1 - mask).sum())
    return inside + outside_weight * outside


class Run:
    """What lacuna left: options, log and edit."""

    def __init__(self, edit, folder, model):
        with safe_open(edit, "pt") as opened:
            metadata = opened.metadata()
        self.options = {k.removeprefix("options."): v for k, v in metadata.items() if k.startswith("options.")}
        assert metadata["method"] in ("esd", "inpaint") and self.options["compat"] == "none" and (
            self.options["trajectory"] == "frozen"), "only runs on cached trajectories can be replayed"
        self.edit, self.tensors = edit, load_file(edit)
        events = [json.loads(line) for line in (folder / "run.jsonl").read_text().splitlines()]
        self.iterations = [e for e in events if e["event"] == "iteration"]
        assert len(self.iterations) == int(self.options["iterations"]), "the run is not finished"
        names = sorted({hash for e in self.iterations for hash, _, _ in e["examples"]})
        cache = folder / "trajectories"
        channels = model.unet.config.in_channels
        self.trajectories = {
            name: Trajectory.read(cache / f"trajectory-{name}.safetensors", channels) for name in names}

    def number(self, name):
        return float(self.options[name])

    @property
    def rank(self):
        return int(self.options["rank"])


def kohya(name):
    return "lora_unet_" + name.removesuffix(".weight").replace(".", "_")


class Trained:
    """The edited UNet and the tensors that are trained, from the same start as lacuna's."""

    def __init__(self, model, run, dtype=torch.float32):
        self.unet = copy.deepcopy(model.unet).requires_grad_(False).to(dtype)
        parameters = dict(self.unet.named_parameters())
        self.rank, self.original = run.rank, {}
        if not run.rank:
            self.leaves = {name: parameters[name].requires_grad_(True) for name in sorted(run.tensors)}
            self.original = {name: p.detach().clone() for name, p in self.leaves.items()}
            return
        # Kaiming-uniform with a = sqrt(5) from one generator, tensor by tensor in the order of names; up is zero. The
        # values of a tensor are drawn with the inputs (kh, kw, in) as rows and the ranks as columns.
        generator = torch.Generator("cpu").manual_seed(int(run.options["seed"]))
        self.leaves = {}
        for name in sorted(parameters):
            if f"{kohya(name)}.lora_down.weight" not in run.tensors:
                continue
            self.original[name] = w = parameters[name].detach().clone()
            rows = w[0].numel()
            draws = (2 * torch.rand(rows, run.rank, generator=generator) - 1) / torch.tensor(float(rows)).sqrt()
            order = [w.shape[2], w.shape[3], w.shape[1]] if w.dim() == 4 else [w.shape[1]]
            down = draws.reshape(*order, run.rank)
            down = down.permute(3, 2, 0, 1) if w.dim() == 4 else down.T
            self.leaves[f"{kohya(name)}.lora_down.weight"] = down.contiguous().to(dtype).requires_grad_(True)
            self.leaves[f"{kohya(name)}.lora_up.weight"] = torch.zeros(
                [w.shape[0], run.rank] + [1] * (w.dim() - 2), dtype=dtype, requires_grad=True)

    def predict(self, latents, timesteps, states):
        if not self.rank:
            return self.unet(latents, timesteps, states).sample
        merged = {name: w + product(self.leaves, name, w.shape) for name, w in self.original.items()}
        return torch.func.functional_call(self.unet, merged, (latents, timesteps, states)).sample

    def changes(self, tensors):
        """Trained minus original, from these values of what is trained."""
        if self.rank:
            return {name: product(tensors, name, w.shape) * (tensors.get(f"{kohya(name)}.alpha", self.rank) / self.rank)
                    for name, w in self.original.items()}
        return {name: tensors[name] - w for name, w in self.original.items()}


def product(tensors, name, shape):
    up, down = (tensors[f"{kohya(name)}.lora_{which}.weight"] for which in ("up", "down"))
    return (up.flatten(1) @ down.flatten(1)).reshape(shape)


def replay(model, run, trajectories, dtype=torch.float32):
    """The training in PyTorch: losses, the gradients' norms and the trained tensors."""
    trained = Trained(model, run, dtype)
    leaves = list(trained.leaves.values())
    decoupled = run.options["optimizer"] == "adamw"
    optimizer = (torch.optim.AdamW if decoupled else torch.optim.Adam)(
        leaves, lr=run.number("lr"), weight_decay=run.number("weight-decay"))
    schedule = run.options["schedule"]
    rates = get_scheduler(
        "constant_with_warmup" if schedule == "constant" else schedule, optimizer,
        num_warmup_steps=int(run.options["warmup"]), num_training_steps=int(run.options["iterations"]))
    micro = int(run.options["batch"]) + int(run.options["retain-batch"])
    losses, norms = [], []
    for event in run.iterations:
        total = 0
        optimizer.zero_grad()
        for begin in range(0, len(event["examples"]), micro):
            latents, timesteps, states, targets, weights, masks, kept = [], [], [], [], [], [], []
            for place in range(begin, begin + micro):
                name, step, role = event["examples"][place]
                t = trajectories[name]
                text, target = t.example(step, role, run.number("eta"))
                latents.append(t.latents[step])
                timesteps.append(t.timesteps[step])
                states.append(model.states(text)[0])
                targets.append(target)
                # The loss is mean(erased) + retain-weight * mean(retained).
                erased = role.split(" ")[0] == "erase"
                height, width = t.shape[1:]
                masks.append(mask_of(role.split(" ")[1], width, height) if " " in role else None)
                kept.append(t.path_noise[step])
                count = int(run.options["batch" if erased else "retain-batch"])
                weights.append((1 if erased else run.number("retain-weight")) / count)
                assert abs(weights[-1] * micro - event["weights"][place]) < 1e-6
            latents, states, targets = (torch.stack(x).to(dtype) for x in (latents, states, targets))
            predicted = trained.predict(latents, torch.stack(timesteps), states)
            each = torch.stack([
                ((p - t) ** 2).mean() if m is None
                else masked_loss(p, t, k.to(dtype), m.to(dtype), run.number("outside-weight"))
                for p, t, k, m in zip(predicted, targets, kept, masks)])
            loss = (each * torch.tensor(weights, dtype=dtype)).sum() / (len(event["examples"]) // micro)
            loss.backward()
            total += loss.item()
        largest = run.number("clip") or float("inf")
        norms.append(torch.nn.utils.clip_grad_norm_(leaves, largest).item())
        optimizer.step()
        rates.step()
        losses.append(total)
    return losses, norms, trained


def check_trajectories(model, run):
    worst = {"latents": 0, "predictions": 0}
    for t in run.trajectories.values():
        for key, error in zip(worst, t.check(model)):
            worst[key] = max(worst[key], error)
    return worst


def differences(losses, exact_losses, changes, exact_changes):
    """The largest relative error of a loss; the relative L2 error of the change, overall and of the worst tensor."""
    flat = lambda by_name: torch.cat([by_name[name].double().flatten() for name in sorted(exact_changes)])
    each = {name: relative(changes[name], change) for name, change in exact_changes.items() if change.norm() > 0}
    worst = max(each, key=each.get)
    loss = max(abs(a - b) / b for a, b in zip(losses, exact_losses))
    return loss, relative(flat(changes), flat(exact_changes)), worst, each[worst]


@torch.no_grad()
def compare(model, run, with_float64):
    report = {"trajectories": len(run.trajectories)} | check_trajectories(model, run)
    with torch.enable_grad():
        losses, norms, trained = replay(model, run, run.trajectories)
    theirs, ours = trained.changes(trained.leaves), trained.changes(run.tensors)
    logged = [e["loss"] for e in run.iterations]
    report |= {
        "iterations": len(losses), "first loss": losses[0], "last loss": losses[-1], "tensors": len(theirs),
        "numbers": sum(c.numel() for c in theirs.values()),
        "norm of the change": torch.cat([c.flatten() for c in theirs.values()]).norm().item()}
    report["loss"], report["change"], report["worst tensor"], report["its change"] = differences(
        logged, losses, ours, theirs)
    report["gradient norm"] = max(abs(e["gradient_norm"] - n) / n for e, n in zip(run.iterations, norms))
    if with_float64:
        with torch.enable_grad():
            exact_losses, _, exact = replay(model, run, run.trajectories, torch.float64)
        exact_changes = exact.changes(exact.leaves)
        for name, its_losses, its_changes in (("lacuna", logged, ours), ("PyTorch f32", losses, theirs)):
            loss, change, _, _ = differences(its_losses, exact_losses, its_changes, exact_changes)
            report |= {f"loss, {name} to f64": loss, f"change, {name} to f64": change}
    return report


def compare_pictures(model, run, files):
    """lacuna's pictures against those of the merged weights, and of diffusers' own LoRA."""
    trained = Trained(model, run)
    merged = copy.deepcopy(model.unet)
    merged.load_state_dict(
        {name: trained.original[name] + change for name, change in trained.changes(run.tensors).items()}, strict=False)
    pipeline = StableDiffusionPipeline.from_pretrained(
        model.folder, unet=merged, torch_dtype=torch.float32, safety_checker=None, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    unets = {"merged": merged}
    if run.rank:
        pipeline.unet = copy.deepcopy(model.unet)
        pipeline.load_lora_weights(str(run.edit.parent.resolve()), weight_name=run.edit.name)
        unets["diffusers' LoRA"] = pipeline.unet
    report = {}
    for name, unet in unets.items():
        pipeline.unet, largest = unet, 0
        for file in files:
            picture = Image.open(file)
            prompt, settings = picture.text["parameters"].rsplit("\n", 1)
            settings = dict(s.split(": ", 1) for s in settings.split(", "))
            assert settings["Sampler"] == "DDIM" and "Negative prompt" not in prompt
            pipeline.scheduler = DDIMScheduler.from_pretrained(model.folder, subfolder="scheduler")
            again = pipeline(
                prompt, num_inference_steps=int(settings["Steps"]), guidance_scale=float(settings["CFG scale"]),
                generator=torch.Generator("cpu").manual_seed(int(settings["Seed"])), width=picture.width,
                height=picture.height).images[0]
            pixels = [np.asarray(p.convert("RGB")).astype(int) for p in (picture, again)]
            largest = max(largest, int(abs(pixels[0] - pixels[1]).max()))
        report[f"{name}, of 255"] = largest
    z = torch.randn(2, *next(iter(run.trajectories.values())).shape, generator=torch.Generator().manual_seed(1))
    states, timesteps = model.states(run.options["concept"]).expand(2, -1, -1), torch.tensor([501.0, 21.0])
    with torch.no_grad():
        plain, *predictions = (u(z, timesteps, states).sample for u in (model.unet, *unets.values()))
    report["effect of the edit"] = relative(predictions[0], plain)
    if run.rank:
        report["LoRA's prediction"] = relative(predictions[1], predictions[0])
    return report, all(v <= 2 for k, v in report.items() if k.endswith("of 255"))


def write_fixture(model, run, folder):
    """Losses and changes with trajectories that PyTorch samples, for a test without Python."""
    own = {name: t.sampled(model) for name, t in run.trajectories.items()}
    losses, norms, trained = replay(model, run, own)
    with torch.no_grad():
        changes = trained.changes(trained.leaves)
    folder.mkdir(parents=True, exist_ok=True)
    names = {name: i for i, name in enumerate(run.trajectories)}
    golden = {
        "options": run.options,
        "examples": [[[names[name], step, role] for name, step, role in e["examples"]] for e in run.iterations],
        "trajectories": [{"prompt": t.path, "seed": t.seed} for t in own.values()],
        "loss": losses, "gradient_norm": norms,
        "change_norm": {name: change.norm().item() for name, change in changes.items()},
    }
    line = lambda value: json.dumps(value, sort_keys=True)
    lines = lambda values: "[\n  " + ",\n  ".join(map(line, values)) + "]"
    listed = ("examples", "trajectories")
    text = ",\n ".join(f'"{k}": {(lines if k in listed else line)(v)}' for k, v in golden.items())
    (folder / "golden.json").write_text("{" + text + "}\n")
    path = folder / "change.safetensors"
    save_file({name: change.half().contiguous() for name, change in changes.items()}, path)
    path.chmod(0o644)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("edit", type=Path)
    parser.add_argument("--run", type=Path, help="default: beside the edit, with the ending .run")
    parser.add_argument("--model", type=Path, default=ROOT / "assets" / "pico")
    parser.add_argument("--float64", action="store_true", help="also tell how far lacuna and PyTorch are from float64")
    parser.add_argument("--fixture", type=Path, help="write a fixture into this folder instead")
    parser.add_argument("--pictures", type=Path, nargs="+", help="compare these pictures of the edit instead")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    model = Model(arguments.model)
    run = Run(arguments.edit, arguments.run or arguments.edit.with_suffix(".run"), model)
    if arguments.fixture:
        write_fixture(model, run, arguments.fixture)
        return
    if arguments.pictures:
        report, good = compare_pictures(model, run, arguments.pictures)
    else:
        report = compare(model, run, arguments.float64)
        good = all(report[key] <= bound for key, bound in BOUNDS.items())
    if arguments.json:
        print(json.dumps(report))
    else:
        for key, value in report.items():
            bound = f"   bound {BOUNDS[key]:g}" if key in BOUNDS else ""
            print(f"{key:32} {value:.3g}{bound}" if isinstance(value, float) else f"{key:32} {value}")
    sys.exit(not good)


if __name__ == "__main__":
    main()
