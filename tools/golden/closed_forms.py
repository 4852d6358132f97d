"""The fixture of tests/erase/closed/closed_form.cpp: UCE, RECE and SPEED on small random matrices, written out from the
papers' formulas with full matrices and inverses in float64.

    python tools/golden/closed_forms.py

writes tests/fixtures/closed_form.safetensors: states as rows, matrices as in checkpoints, and what each method makes of
the matrices. Numbers that go in are float32, so that both sides start from the same."""

from pathlib import Path

import torch
from safetensors.torch import save_file

ROOT = Path(__file__).parents[2]
WIDTH, CONCEPTS, RETAINED, CONTEXT = 12, 3, 20, 6
SEED, COPIES, THRESHOLD = 5, 4, 1.0
eye = torch.eye(WIDTH, dtype=torch.float64)


def uce(w, c, a, r, erase, preserve, lam):
    """W' for one matrix; c, a, r hold one state a row. The anchors' targets are w's own."""
    left, right = lam * w, lam * eye
    for concept, anchor in zip(c, a):
        left = left + erase * torch.outer(w @ anchor, concept)
        right = right + erase * torch.outer(concept, concept)
    for state in r:
        left = left + preserve * torch.outer(w @ state, state)
        right = right + preserve * torch.outer(state, state)
    return left @ torch.linalg.inv(right)


def rece(ws, c, a, r, erase, preserve, lam, revive, epochs):
    old = ws
    ws = [uce(w, c, a, r, erase, preserve, lam) for w in ws]
    for _ in range(epochs):
        squares = revive * eye + sum(w.T @ w for w in ws)
        mixed = sum(w.T @ o for w, o in zip(ws, old))
        revived = torch.stack([torch.linalg.inv(squares) @ mixed @ state for state in c])
        ws = [uce(w, revived, a, r, erase, preserve, lam) for w in ws]
    return ws


def centroids(states, k):
    centres = states[:1]
    while len(centres) < k:
        centres = torch.cat([centres, states[torch.cdist(states, centres).amin(1).argmax()][None]])
    for _ in range(100):
        nearest = torch.cdist(states, centres).argmin(1)
        centres = torch.stack([states[nearest == i].mean(0) for i in range(k)])
    return centres


def speed(w, c, a, r, empty, rho, lam):
    t = torch.stack([torch.outer(x, x) for x in c]).mean(0)
    anchors = torch.stack([torch.outer(y, x) for x, y in zip(c, a)]).mean(0)
    probe = w @ (anchors - t) @ torch.linalg.inv(eye + t)

    def above_mean(states):
        moved = (states @ probe.T).norm(dim=1)
        return states[moved > moved.mean()]

    kept = above_mean(r)
    singular = torch.linalg.svd(w)
    assert singular.S[-1] < 0.9 * singular.S[-2]  # else there is no one smallest direction
    v = singular.Vh[-1]
    v = v * v[v.abs().argmax()].sign()
    # Normal noise, projected on v.
    noise = torch.randn(len(kept) * COPIES, generator=torch.Generator().manual_seed(SEED), dtype=torch.float64)
    used = torch.cat([kept, above_mean(kept.repeat_interleave(COPIES, 0) + torch.outer(noise, v))])
    values, vectors = torch.linalg.eigh(used.T @ used / len(used))
    unused = vectors[:, values < THRESHOLD]
    assert 0 < unused.shape[1] < WIDTH
    p = unused @ unused.T
    k = torch.cat([empty[:1], centroids(empty[1:], 3)]).T
    m = torch.linalg.inv(t @ p + rho * eye)
    corner = torch.linalg.pinv(k.T @ p @ m @ k + lam * torch.eye(k.shape[1], dtype=torch.float64))
    return w + w @ (anchors - t) @ p @ (eye - m @ k @ corner @ k.T @ p) @ m


torch.manual_seed(3)
rows = lambda *shape: torch.randn(*shape).double()
matrices = [rows(16, WIDTH), rows(24, WIDTH)]
# Retained states that leave some directions nearly unused, as texts do.
scales = torch.logspace(0.5, -2, WIDTH, dtype=torch.float64)
concepts, anchors = rows(CONCEPTS, WIDTH), rows(CONCEPTS, WIDTH)
retained, empty = (rows(RETAINED, WIDTH) * scales).float().double(), rows(CONTEXT, WIDTH)

out = {"concepts": concepts, "anchors": anchors, "retained": retained, "empty": empty}
revived = rece(matrices, concepts, anchors, retained, 1, 0.1, 0.1, 1e-3, 2)
for i, w in enumerate(matrices):
    out[f"matrix.{i}"] = w
    out[f"uce.{i}"] = uce(w, concepts, anchors, retained, 1.5, 0.7, 0.5)
    out[f"rece.{i}"] = revived[i]
    out[f"speed.{i}"] = speed(w, concepts, anchors, retained, empty, 0.8, 0)
    out[f"speed-lambda.{i}"] = speed(w, concepts, anchors, retained, empty, 1, 0.3)
save_file({name: value.float().contiguous() for name, value in out.items()},
          ROOT / "tests/fixtures/closed_form.safetensors")
