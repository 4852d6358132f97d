"""Writes pico's parts as diffusers and transformers write them (float16 safetensors).

usage: export.py OUT_DIR [--clip clip.pt] [--vae DIR] [--unet unet.pt] [--tokenizer DIR]

Only the named parts are written; the others stay as they are. `clip` writes clip/ and
text_encoder/ (the same text tower), `vae` re-saves an AutoencoderKL folder, `unet` writes the
averaged weights of a checkpoint.
"""
import argparse
import json
import os
import shutil

import common
import diffusers
import torch
import transformers

OUTSIDE = ['_name_or_path']                             # where a part was once read from


def _clean(folder):
    """Takes from a config file what says something about this machine alone."""
    path = os.path.join(folder, 'config.json')
    with open(path, encoding='utf-8') as file:
        config = json.load(file)
    for key in OUTSIDE:
        config.pop(key, None)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(json.dumps(config, indent=2, sort_keys=True) + '\n')


def _save(module, folder):
    module.to(torch.float16).save_pretrained(folder)
    _clean(folder)


def export_clip(checkpoint, config_dir, out):
    import train_clip
    state = common.load(checkpoint)
    model = train_clip.build(config_dir)
    average = common.Average(model.parameters(), .9, 1)
    average.restore(state['average'])
    average.swap()
    _save(model, os.path.join(out, 'clip'))
    text = transformers.CLIPTextModel(model.config.text_config)
    text.load_state_dict(model.text_model.state_dict())
    _save(text, os.path.join(out, 'text_encoder'))
    transformers.CLIPImageProcessor(
        size=dict(shortest_edge=64), crop_size=dict(height=64, width=64), resample=3,
        image_mean=[.5] * 3, image_std=[.5] * 3, do_resize=True, do_center_crop=True,
        do_rescale=True, do_normalize=True, do_convert_rgb=True,
    ).save_pretrained(os.path.join(out, 'clip'))


def export_vae(source, out):
    _save(diffusers.AutoencoderKL.from_pretrained(source), os.path.join(out, 'vae'))


def export_unet(checkpoint, out):
    import train_unet
    state = common.load(checkpoint)
    model = train_unet.build()
    average = common.Average(model.parameters(), .9, 1)
    average.restore(state['average'])
    average.swap()
    _save(model, os.path.join(out, 'unet'))
    scheduler().save_pretrained(os.path.join(out, 'scheduler'))


def scheduler():
    """SD 1.x's noise schedule, for DDIM."""
    return diffusers.DDIMScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule='scaled_linear',
        num_train_timesteps=1000, clip_sample=False, set_alpha_to_one=False, steps_offset=1,
        prediction_type='epsilon')


def export_index(out):
    index = dict(_class_name='StableDiffusionPipeline', _diffusers_version=diffusers.__version__,
                 feature_extractor=[None, None], requires_safety_checker=False,
                 safety_checker=[None, None], scheduler=['diffusers', 'DDIMScheduler'],
                 text_encoder=['transformers', 'CLIPTextModel'],
                 tokenizer=['transformers', 'CLIPTokenizer'],
                 unet=['diffusers', 'UNet2DConditionModel'], vae=['diffusers', 'AutoencoderKL'])
    with open(os.path.join(out, 'model_index.json'), 'w', encoding='utf-8') as file:
        file.write(json.dumps(index, indent=2, sort_keys=True) + '\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('out')
    parser.add_argument('--clip')
    parser.add_argument('--clip-config')
    parser.add_argument('--vae')
    parser.add_argument('--unet')
    parser.add_argument('--tokenizer')
    args = parser.parse_args()
    os.makedirs(args.out, exist_ok=True)
    if args.clip:
        export_clip(args.clip, args.clip_config, args.out)
    if args.vae:
        export_vae(args.vae, args.out)
    if args.unet:
        export_unet(args.unet, args.out)
    if args.tokenizer:
        shutil.copytree(args.tokenizer, os.path.join(args.out, 'tokenizer'), dirs_exist_ok=True)
    export_index(args.out)
    size = sum(os.path.getsize(os.path.join(d, f)) for d, _, files in os.walk(args.out)
               for f in files if f.endswith(('.safetensors', '.json', '.txt')))
    print(f'{args.out}: {size / 2 ** 20:.1f} MiB of model files')


if __name__ == '__main__':
    main()
