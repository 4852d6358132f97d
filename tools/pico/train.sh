#!/bin/sh
# Retrains pico from nothing, or goes on where an earlier call stopped.
#   tools/pico/train.sh WORK_DIR [UNET_SECONDS] [DECAY_SECONDS]
# WORK_DIR keeps pictures, checkpoints and logs. The result is WORK_DIR/model with its table in
# WORK_DIR/evaluation. One thread; PYTHON names the interpreter (default python3).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$1
unet_seconds=${2:-21600}
decay_seconds=${3:-1800}
python=${PYTHON:-python3}
assets=$here/../../assets/pico
data=$work/data/train
clip=$work/clip/clip.pt
export OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PICO_BUILD=$work
mkdir -p "$work/data" "$work/clip" "$work/unet"
cd "$here"

# 60,000 pictures: a minute.
[ -f "$data.txt" ] || "$python" render.py "$data" 60000 1

# CLIP: the text tower first, until the states of all words are apart; it is frozen before the
# UNet learns to read it. The vision tower's tuning may come at any time afterwards.
for stage in joint:330 text:150 tune:900; do
  done_file=$work/clip/${stage%%:*}.done
  [ -f "$done_file" ] && continue
  "$python" train_clip.py "$data" "$assets/clip" "$assets/tokenizer" "$clip" \
    "${stage%%:*}" "${stage##*:}"
  touch "$done_file"
done

# The VAE is the first version's: only re-saved.
"$python" export.py "$work/model" --clip "$clip" --clip-config "$assets/clip" \
  --vae "$assets/vae" --tokenizer "$assets/tokenizer"

# Latents and text states, then the UNet: a constant learning rate, then the decay.
"$python" cache.py "$work/model" "$data"
"$python" train_unet.py "$work/model" "$data" "$work/unet/unet.pt" --seconds "$unet_seconds"
"$python" train_unet.py "$work/model" "$data" "$work/unet/unet.pt" --decay "$decay_seconds"
"$python" export.py "$work/model" --unet "$work/unet/unet-decayed.pt"
"$python" evaluate.py "$work/model" "$work/evaluation"
