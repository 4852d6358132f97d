"""Golden values for tests/base/rng.cpp: sequences of calls on PyTorch's CPU generator.

Run from the repository root: python tools/golden/rng.py
"""

import json
import pathlib

import torch

OUT = pathlib.Path("tests/fixtures/rng/torch.json")


def run(seed, calls):
    """Replays calls such as ["randn", 5] on one generator and stores what each returned."""
    g = torch.Generator().manual_seed(seed)
    steps = []
    for name, n in calls:
        if name == "randn":
            values = torch.randn(n, generator=g).tolist()
        elif name == "randn64":
            values = torch.randn(n, dtype=torch.float64, generator=g).tolist()
        elif name == "rand":
            values = torch.rand(n, generator=g).tolist()
        elif name == "rand64":
            values = torch.rand(n, dtype=torch.float64, generator=g).tolist()
        elif name == "below":
            values = torch.randint(n, (8,), generator=g).tolist()
        if len(values) > 100:  # the head, and the tail that PyTorch draws anew
            values = values[:40] + values[-40:]
        steps.append({"call": name, "n": n, "values": values})
    return {"seed": seed, "steps": steps}


def main():
    cases = [run(seed, [["randn", n]]) for n in (1, 2, 15, 16, 17, 31, 32, 33, 64, 1000) for seed in (0, 42)]
    cases += [run(seed, [["randn", 4 * 64 * 64], ["below", 1000]]) for seed in (0, 1, 2**31, 2**32 + 5, 2**64 - 1)]
    # An odd scalar call leaves half a pair behind; a vector call in between must not touch it.
    cases.append(run(7, [["randn", 3], ["randn", 16], ["randn", 2], ["rand", 3], ["randn64", 5], ["randn", 1]]))
    cases.append(run(7, [["below", n] for n in (1, 2, 50, 2**28 - 1, 2**28, 2**32, 2**63 - 1)]))
    cases.append(run(7, [["rand", 20], ["rand64", 20], ["randn64", 16], ["randn64", 37], ["rand", 700]]))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"torch": torch.__version__, "cases": cases}) + "\n")


main()
