"""Golden values for tests/engine/ops/optimizer.cpp: steps of torch.optim.Adam and AdamW in float32.

Run from the repository root: python tools/golden/adam.py
"""

import json
import pathlib

import torch

OUT = pathlib.Path("tests/fixtures/optimizer/adam.json")
CASES = [
    dict(decoupled=False, lr=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, largest_norm=0.0),
    dict(decoupled=False, lr=1e-2, beta1=0.95, beta2=0.99, eps=1e-6, weight_decay=0.1, largest_norm=1.0),
    dict(decoupled=True, lr=1e-5, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01, largest_norm=0.5),
    dict(decoupled=True, lr=1e-2, beta1=0.4, beta2=0.98, eps=1e-8, weight_decay=0.2, largest_norm=0.0),
]


def run(seed, case):
    g = torch.Generator().manual_seed(seed)
    weight = torch.nn.Parameter(torch.randn(9, generator=g))
    start = weight.tolist()
    kind = torch.optim.AdamW if case["decoupled"] else torch.optim.Adam
    optimizer = kind([weight], lr=case["lr"], betas=(case["beta1"], case["beta2"]), eps=case["eps"],
                     weight_decay=case["weight_decay"], foreach=False)
    steps = []
    for t in range(4):
        # Gradients of many sizes, from below eps to above the largest norm.
        weight.grad = torch.randn(9, generator=g) * 10.0 ** torch.arange(-8, 1) * 4.0 ** t
        gradient = weight.grad.tolist()
        if case["largest_norm"]:
            torch.nn.utils.clip_grad_norm_([weight], case["largest_norm"])
        optimizer.step()
        state = optimizer.state[weight]
        steps.append(dict(gradient=gradient, weight=weight.tolist(), moment1=state["exp_avg"].tolist(),
                          moment2=state["exp_avg_sq"].tolist()))
    return dict(**case, start=start, steps=steps)


def main():
    cases = [run(seed, case) for seed, case in enumerate(CASES)]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(dict(torch=torch.__version__, cases=cases)) + "\n")


if __name__ == "__main__":
    main()
