"""Golden fixtures of the three models: inputs, outputs and, on request, gradients from PyTorch in float32.

    python tools/golden/models.py [--out tests/fixtures] [--only clip|unet|vae] [--gradients] [--inside]

Each fixture is a folder in the very format that save_pretrained writes (config.json and safetensors), a small random
model, plus golden.safetensors beside it. The weights are exact in 16 bits and stored so. Tensors are laid out as
PyTorch has them (N, C, H, W):

clip   input.input_ids (I32; B, T)   output.last_hidden_state, output.pooler_output,
       output.hidden_states.0 .. .L: the embeddings, then each layer's output before the final norm
unet   input.sample, input.timestep (F32; one per sample, one of them fractional), input.context
       output.epsilon
       with --inside, inside.<module>: outputs of conv_in, time_embedding, down_blocks.i, mid_block, up_blocks.i
vae    input.image, input.latent (as the decoder takes it: already divided by scaling_factor)
       output.mean, output.logvar (of the posterior; clamped to -30 .. 20, no value reaches that), output.decoded
       with --inside, inside.<module>: outputs of conv_in, mid_block and each block of encoder and decoder
--inside is for finding where a model goes wrong: no test reads it, so that the committed files lack it.

gradients.safetensors (--gradients): target.<output>, loss.<output> and gradient.<parameter> of
loss = mean((output - target)^2), all parameters under their names in the file, and gradient.input.<name>; float32.
The VAE has two losses on separate parameters: of the moments (mean and logvar concatenated on channels) and of decoded.
Configurations in WITHOUT_GRADIENTS, whose layers all occur elsewhere, are left out to keep the fixtures small.

The weights are random but not default: every linear and convolution has standard deviation 1 / sqrt(fan in)
(1.5 times that for queries and keys, so that attention is far from uniform), all biases are N(0, 0.2), norms are
N(1, 0.2) and N(0, 0.2). Reversing the order of any one parameter's values moves an output by 0.002 at least, mostly
by 0.05 and more; only the bias of the keys has no effect, because softmax ignores it. The script prints, for each output,
its standard deviation and how far float32 is from float64: a comparison cannot be tighter than that. The same for the
gradients, relative to each tensor's norm; key biases, whose gradient is zero but for rounding, apart.

Written with torch 2.15.0, diffusers 0.42.1, transformers 5.23.0, safetensors 0.8.0, on one thread.
"""

import argparse
import copy
import json
import logging
import warnings
from pathlib import Path

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel

# ---------------------------------------------------------------------------------------------------------------
# What is covered. Head sizes: CLIP 8, 40, 16; UNet 8, 16, 24, 40; VAE 16, 24.

CLIP = {
    # SD 1.x: quick_gelu; eos_token_id 2 is the old mistake that makes the pooler take the highest id's position.
    "quick_gelu": dict(
        num_hidden_layers=2, hidden_size=32, num_attention_heads=4, intermediate_size=128, hidden_act="quick_gelu",
        vocab_size=97, max_position_embeddings=77, bos_token_id=0, eos_token_id=2, pad_token_id=1, end=96, pad=96),
    # SD 2.x: gelu, padded with another token than the end token; head size 40 and a prime context.
    "gelu": dict(
        num_hidden_layers=3, hidden_size=40, num_attention_heads=1, intermediate_size=72, hidden_act="gelu",
        vocab_size=61, max_position_embeddings=13, bos_token_id=59, eos_token_id=60, pad_token_id=0, end=60, pad=0),
    # pico: the end token is also the padding, and not the highest id here; the pooler takes its first position.
    # Its tensors lack the prefix "text_model.", which transformers 5 leaves out when it saves a model it made.
    "first_eos": dict(
        num_hidden_layers=1, hidden_size=48, num_attention_heads=3, intermediate_size=192, hidden_act="quick_gelu",
        vocab_size=129, max_position_embeddings=32, bos_token_id=100, eos_token_id=101, pad_token_id=101, end=101,
        pad=101, prefix=""),
}

CROSS_DOWN, DOWN, CROSS_UP, UP = "CrossAttnDownBlock2D", "DownBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"
UNET = {
    # SD 1.x's four levels. In these configs attention_head_dim is, by an old slip, the number of heads.
    "sd1": dict(
        block_out_channels=(8, 8, 16, 24), layers_per_block=1, attention_head_dim=1, norm_num_groups=4,
        down_block_types=(CROSS_DOWN, CROSS_DOWN, CROSS_DOWN, DOWN), up_block_types=(UP, CROSS_UP, CROSS_UP, CROSS_UP),
        cross_attention_dim=24, size=(16, 8), context=77),
    # SD 2.x: heads per level, linear projections.
    "sd2": dict(
        block_out_channels=(8, 16, 24), layers_per_block=2, attention_head_dim=(1, 2, 3), norm_num_groups=4,
        down_block_types=(CROSS_DOWN, CROSS_DOWN, DOWN), up_block_types=(UP, CROSS_UP, CROSS_UP),
        cross_attention_dim=32, use_linear_projection=True, size=(12, 20), context=7),
    # Inpainting: latents, mask and masked latents; groups of 2, 10 and 12 channels; heads of SD 1.x's size, 40.
    "inpainting": dict(
        in_channels=9, block_out_channels=(8, 40), layers_per_block=1, attention_head_dim=1, norm_num_groups=4,
        down_block_types=(CROSS_DOWN, DOWN), up_block_types=(UP, CROSS_UP),
        cross_attention_dim=20, size=(8, 12), context=13),
    # 10 x 14 becomes 5 x 7, then 3 x 4: each upsampling must aim at the size of the skip connection. Two
    # transformer layers per block. Eight random channels this deep amplify rounding: PyTorch itself, with every
    # module's output rounded to half, is off by 3.5e-3 to 1.4e-2 for most seeds, and by 2.1e-3 for this one.
    "uneven": dict(
        seed=2001,
        block_out_channels=(8, 8, 16), layers_per_block=1, attention_head_dim=1, norm_num_groups=4,
        down_block_types=(CROSS_DOWN, CROSS_DOWN, DOWN), up_block_types=(UP, CROSS_UP, CROSS_UP),
        cross_attention_dim=16, transformer_layers_per_block=2, size=(10, 14), context=32),
    # No attention at the top level, attention at the bottom one.
    "down_first": dict(
        block_out_channels=(8, 16, 16), layers_per_block=1, attention_head_dim=2, norm_num_groups=4,
        down_block_types=(DOWN, CROSS_DOWN, CROSS_DOWN), up_block_types=(CROSS_UP, CROSS_UP, UP),
        cross_attention_dim=32, size=(8, 8), context=32),
}

VAE = {
    "two_levels": dict(
        block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4, scaling_factor=0.18215, size=(24, 16)),
    # As in the files of SD 1.5: old names of the attention's weights, no scaling_factor in config.json.
    "old_names": dict(
        block_out_channels=(8, 16, 16), layers_per_block=2, norm_num_groups=4, size=(16, 32), old_names=True),
    "four_levels": dict(
        block_out_channels=(8, 8, 16, 24), layers_per_block=1, norm_num_groups=2, scaling_factor=0.77414,
        size=(16, 24)),
}
OLD_NAMES = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}

# Other configurations have the same layers: unet/sd1 those of down_first, vae/four_levels those of old_names.
WITHOUT_GRADIENTS = ("unet/down_first", "vae/old_names")


# ---------------------------------------------------------------------------------------------------------------


def randomize(model, generator):
    """Weights that keep activations near unit size and in which no value can be mistaken for another. They are exact in
    16 bits, as checkpoints are, so that a comparison in f16 measures the arithmetic and not the conversion."""
    for name, parameter in sorted(model.named_parameters()):
        noise = torch.randn(parameter.shape, generator=generator)
        leaf = name.split(".")[-1]
        if leaf == "bias":
            value = 0.2 * noise
        elif parameter.dim() == 1:
            value = 1 + 0.2 * noise
        elif "embedding.weight" in name:
            value = 0.7 * noise
        else:
            sharpen = 1.5 if any(part in ("to_q", "to_k", "q_proj", "k_proj") for part in name.split(".")) else 1.0
            value = sharpen * noise / parameter[0].numel() ** 0.5
        parameter.data.copy_(value.half().float())
    return model.eval()


def hooked(model, names):
    """Outputs of the named modules during the next call, filled in as they appear."""
    seen, handles = {}, []
    for name in names:

        def keep(_, __, output, name=name):
            seen[f"inside.{name}"] = output[0] if isinstance(output, tuple) else output

        handles.append(model.get_submodule(name).register_forward_hook(keep))
    return seen, handles


def blocks(model, prefix=""):
    """down_blocks.0, ..., mid_block, up_blocks.0, ... below the prefix."""
    root = model.get_submodule(prefix.rstrip(".")) if prefix else model
    names = ["conv_in"]
    for group in ("down_blocks", "up_blocks"):
        names += [f"{group}.{i}" for i in range(len(getattr(root, group, [])))]
    return [prefix + name for name in names + ["mid_block"]]


class Golden:
    """Runs one model in float32 and float64, writes its folder and golden tensors."""

    def __init__(self, folder, model, inputs, run, losses, rename=lambda name: name):
        self.folder, self.model, self.inputs, self.run, self.losses, self.rename = (
            folder, model, inputs, run, losses, rename)

    def write(self, inside):
        with torch.no_grad():
            outputs = self.run(self.model, self.inputs)
            exact = self.run(copy.deepcopy(self.model).double(), doubled(self.inputs))
        kept = {key: value for key, value in outputs.items() if inside or not key.startswith("inside.")}
        tensors = {f"input.{key}": value for key, value in self.inputs.items()} | kept
        save(tensors, self.folder / "golden.safetensors")
        parameters = sum(p.numel() for p in self.model.parameters())
        print(f"{self.folder.parent.name}/{self.folder.name}: {parameters} parameters")
        for key, value in outputs.items():
            if key.startswith("output."):
                assert value.isfinite().all()
                error = (value.double() - exact[key]).abs().max()
                print(f"  {key:28} {str(tuple(value.shape)):18} std {value.std():.3f}  float32 is off by {error:.1e}")

    def gradients(self, model, inputs, targets):
        """The gradients of all parameters and floating-point inputs, and the losses."""
        differentiable = lambda k, v: v.is_floating_point() and k != "timestep"
        inputs = {k: v.clone().requires_grad_(differentiable(k, v)) for k, v in inputs.items()}
        model.zero_grad()
        outputs = self.run(model, inputs)
        losses = {
            name: torch.nn.functional.mse_loss(of(outputs), targets[name].to(of(outputs).dtype))
            for name, of in self.losses.items()}
        sum(losses.values()).backward()
        leaves = {f"gradient.{self.rename(k)}": p for k, p in model.named_parameters()}
        leaves |= {f"gradient.input.{k}": v for k, v in inputs.items() if v.requires_grad}
        missing = [k for k, leaf in leaves.items() if leaf.grad is None]
        assert not missing, missing
        return {k: leaf.grad for k, leaf in leaves.items()}, losses

    def write_gradients(self, generator):
        with torch.no_grad():
            outputs = self.run(self.model, self.inputs)
        targets = {name: torch.randn(of(outputs).shape, generator=generator) for name, of in self.losses.items()}
        gradients, losses = self.gradients(self.model, self.inputs, targets)
        exact, _ = self.gradients(copy.deepcopy(self.model).double(), doubled(self.inputs), targets)
        tensors = {f"target.{name}": target for name, target in targets.items()}
        tensors |= {f"loss.{name}": loss.reshape(1) for name, loss in losses.items()}
        save(tensors | gradients, self.folder / "gradients.safetensors")
        norm = {k: g.norm().item() for k, g in exact.items()}
        largest = max(norm.values())
        zero = [k for k in norm if norm[k] < 1e-12 * largest]
        off = {k: (gradients[k].double() - exact[k]).norm().item() / norm[k] for k in norm if k not in zero}
        worst, smallest = max(off, key=off.get), min(off, key=norm.get)
        print(f"  {len(off)} gradients: float32 is off by {off[worst]:.1e} at most, in {worst}; smallest norm "
              f"{norm[smallest] / largest:.1e} of the largest, in {smallest}")
        if zero:
            noise = max(gradients[k].norm().item() for k in zero)
            print(f"  {len(zero)} gradients are zero and {noise / largest:.1e} of the largest norm in float32: "
                  f"{', '.join(sorted({'.'.join(k.split('.')[-2:]) for k in zero}))}")


def doubled(inputs):
    return {k: v.double() if v.is_floating_point() else v for k, v in inputs.items()}


def save(tensors, path):
    save_file({k: v.detach().contiguous() for k, v in tensors.items()}, path)


def save_halves(path, rename=lambda name: name):
    """Stores a checkpoint's tensors again in 16 bits, in which they are exact."""
    tensors = {rename(k): v.half() for k, v in load_file(path).items()}
    save_file(tensors, path, metadata={"format": "pt"})


# ---------------------------------------------------------------------------------------------------------------


def clip(folder, config, generator):
    config = dict(config)
    end, pad, prefix = config.pop("end"), config.pop("pad"), config.pop("prefix", "text_model.")
    model = randomize(CLIPTextModel(CLIPTextConfig(**config)), generator)
    model.save_pretrained(folder)
    # A model made afresh by transformers 5 is saved without the prefix that all published files have; a loaded one
    # keeps what it was loaded with. Both are therefore found in the wild.
    save_halves(folder / "model.safetensors", lambda name: prefix + name)
    again = CLIPTextModel.from_pretrained(folder, dtype=torch.float32)
    assert all(torch.equal(a, b) for a, b in zip(again.parameters(), model.parameters()))
    # Three prompts: the empty one, one of some tokens, and one that fills the context.
    context, vocab = config["max_position_embeddings"], config["vocab_size"]
    ids = torch.full((3, context), pad, dtype=torch.int32)
    for row, words in enumerate((0, 5, context - 2)):
        plain = [i for i in range(3, vocab) if i not in (end, config["bos_token_id"])]
        picks = torch.randint(len(plain), (words,), generator=generator)
        ids[row, 0] = config["bos_token_id"]
        ids[row, 1 : words + 1] = torch.tensor([plain[i] for i in picks], dtype=torch.int32)
        ids[row, words + 1] = end

    def run(model, inputs):
        result = model(input_ids=inputs["input_ids"].long(), output_hidden_states=True)
        states = {f"output.hidden_states.{i}": state for i, state in enumerate(result.hidden_states)}
        return {
            "output.last_hidden_state": result.last_hidden_state, "output.pooler_output": result.pooler_output,
        } | states

    losses = {"last_hidden_state": lambda outputs: outputs["output.last_hidden_state"]}
    return Golden(folder, model, {"input_ids": ids}, run, losses, lambda name: prefix + name)


def unet(folder, config, generator):
    config = dict(config)
    (height, width), length = config.pop("size"), config.pop("context")
    model = randomize(UNet2DConditionModel(sample_size=max(height, width), **config), generator)
    model.save_pretrained(folder)
    save_halves(folder / "diffusion_pytorch_model.safetensors")
    inputs = {
        "sample": torch.randn(2, model.config.in_channels, height, width, generator=generator),
        "timestep": torch.tensor([981.0, 20.8125]),
        "context": torch.randn(2, length, config["cross_attention_dim"], generator=generator),
    }
    if model.config.in_channels == 9:
        inputs["sample"][:, 4] = (inputs["sample"][:, 4] > 0).float()

    def run(model, inputs):
        inside, handles = hooked(model, ["time_embedding"] + blocks(model))
        epsilon = model(inputs["sample"], inputs["timestep"], inputs["context"]).sample
        for handle in handles:
            handle.remove()
        return {"output.epsilon": epsilon} | inside

    return Golden(folder, model, inputs, run, {"epsilon": lambda outputs: outputs["output.epsilon"]})


def vae(folder, config, generator):
    config = dict(config)
    (height, width), old = config.pop("size"), config.pop("old_names", False)
    levels = len(config["block_out_channels"])
    model = AutoencoderKL(
        down_block_types=["DownEncoderBlock2D"] * levels, up_block_types=["UpDecoderBlock2D"] * levels,
        sample_size=max(height, width), **config)
    randomize(model, generator).save_pretrained(folder)

    def rename(name):
        for new, former in OLD_NAMES.items():
            if old and "attentions" in name:
                name = name.replace(f".{new}.", f".{former}.")
        return name

    save_halves(folder / "diffusion_pytorch_model.safetensors", rename)
    if old:
        text = json.loads((folder / "config.json").read_text())
        del text["scaling_factor"]
        (folder / "config.json").write_text(json.dumps(text, indent=2, sort_keys=True) + "\n")
        again = AutoencoderKL.from_pretrained(folder)
        assert again.config.scaling_factor == 0.18215
        assert all(torch.equal(a, b) for a, b in zip(again.parameters(), model.parameters()))

    shrink = 2 ** (levels - 1)
    inputs = {
        "image": torch.rand(2, 3, height, width, generator=generator) * 2 - 1,
        "latent": torch.randn(2, 4, height // shrink, width // shrink, generator=generator)
        / model.config.scaling_factor,
    }

    def run(model, inputs):
        inside, handles = hooked(model, blocks(model, "encoder.") + blocks(model, "decoder."))
        posterior = model.encode(inputs["image"]).latent_dist
        decoded = model.decode(inputs["latent"]).sample
        for handle in handles:
            handle.remove()
        return {
            "output.mean": posterior.mean, "output.logvar": posterior.logvar, "output.decoded": decoded,
        } | inside

    losses = {
        "moments": lambda outputs: torch.cat([outputs["output.mean"], outputs["output.logvar"]], dim=1),
        "decoded": lambda outputs: outputs["output.decoded"],
    }
    return Golden(folder, model, inputs, run, losses, rename)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parents[2] / "tests" / "fixtures")
    parser.add_argument("--only", choices=("clip", "unet", "vae"))
    parser.add_argument("--gradients", action="store_true", help="also write gradients.safetensors")
    parser.add_argument("--inside", action="store_true", help="also write the outputs of modules inside")
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    for kind, make, table in (("clip", clip, CLIP), ("unet", unet, UNET), ("vae", vae, VAE)):
        if arguments.only not in (None, kind):
            continue
        for seed, (name, config) in enumerate(table.items()):
            folder = arguments.out / kind / name
            folder.mkdir(parents=True, exist_ok=True)
            config = dict(config)
            generator = torch.Generator("cpu").manual_seed(config.pop("seed", 1000 + seed))
            golden = make(folder, config, generator)
            golden.write(arguments.inside)
            if arguments.gradients and f"{kind}/{name}" not in WITHOUT_GRADIENTS:
                golden.write_gradients(generator)


if __name__ == "__main__":
    main()
