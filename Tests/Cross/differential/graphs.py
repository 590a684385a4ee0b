#!/usr/bin/env python3
"""Runs random small networks through Ocellus, optimised, and through ONNX Runtime, unoptimised, and reports what differs.

    pip install numpy onnx onnxruntime
    Tests/Cross/differential/graphs.py .build/release/ocellus --rounds 500 --seed 1 [--exact] [--quantised]

What the networks are made of is in networks.py. --quantised puts 8-bit islands into them, which exact runs alone must
compute to the step.
"""
import argparse
import sys

import numpy

from chance import Chance
from compare import difference, keep, ours, reference
from networks import build


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--quantised", action="store_true")
    parser.add_argument("--threads", default="2")
    parser.add_argument("--keep", default="", help="a folder for the networks that differ")
    options = parser.parse_args()
    extra = ["--threads", options.threads] + (["--exact"] if options.exact else [])
    ran = differing = 0
    for number in range(options.rounds):
        built, fed = build(Chance(options.seed * 1_000_003 + number), options.quantised)
        if built is None:
            continue
        try:
            theirs = reference(built, fed)
        except Exception as error:
            print(f"{number}: refused: {str(error)[:150]}")
            continue
        if not all(numpy.isfinite(array).all() and numpy.abs(array).max(initial=0) < 1e6 for array in theirs):
            continue
        ran += 1
        mine = ours(options.program, built, fed, extra)
        tolerance = 1e-4
        words = mine if isinstance(mine, str) else [w for a, b in zip(theirs, mine) if (w := difference(a, b, tolerance))]
        if words:
            differing += 1
            print(f"{number}: {' '.join(node.op_type for node in built.graph.node)}\n    {words}", flush=True)
            if options.keep:
                keep(options.keep, f"{options.seed}_{number}", built, fed)
    print(f"{ran} networks, {differing} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
