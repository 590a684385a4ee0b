#!/usr/bin/env python3
"""Runs random nodes through Ocellus and through ONNX Runtime and reports every difference.

    pip install numpy onnx onnxruntime
    Tests/Cross/differential/compare.py .build/release/ocellus --rounds 200 --seed 1 [--only Conv,Pad] [--exact]

A round is a dozen nodes in one model; if that fails as a whole, each runs alone. What ONNX Runtime refuses is left out. Where
the two differ, the reference implementation of the specification (onnx.reference) is asked too: a node on which it agrees
with us is no fault of ours, and shown only with --all.
"""
import argparse
import os
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

import elementwise
import layers
import microsoft
import movement
import quantised
from chance import Chance, Constant

FAMILIES = {"elementwise": elementwise, "movement": movement, "layers": layers, "microsoft": microsoft, "quantised": quantised}
US = "us"
onnxruntime.set_default_logger_severity(4)


def declared(chance, name, array):
    """A graph input: its shape as it is, with one unknown extent, or unknown altogether."""
    shape = list(array.shape)
    if chance.maybe(0.2):
        shape = [f"{name}_{axis}" if chance.maybe() else extent for axis, extent in enumerate(shape)]
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), shape)


def model(cases, chance):
    """One model of all cases (of one operator set), and its inputs by name."""
    nodes, inputs, weights, outputs, fed = [], [], [], [], {}
    for number, case in enumerate(cases):
        names = []
        for position, value in enumerate(case.inputs):
            name = f"i{number}_{position}" if value is not None else ""
            names.append(name)
            if isinstance(value, Constant):
                weights.append(numpy_helper.from_array(value.array, name))
            elif value is not None:
                fed[name] = value
                inputs.append(declared(chance, name, value))
        made = [f"o{number}_{index}" for index in range(case.outputs)]
        outputs += [onnx.ValueInfoProto(name=name) for name in made]
        nodes.append(helper.make_node(case.operator, names, made, domain=case.domain, **case.attributes))
    standard = max([case.opset for case in cases if not case.domain] or [17])
    imports = [helper.make_opsetid("", standard), helper.make_opsetid("com.microsoft", 1)]
    graph = helper.make_graph(nodes, "random", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=imports, ir_version=10), fed


def reference(built, fed):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(built.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, fed)


def ours(program, built, fed, extra):
    """Our outputs, or the line of error."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as folder:
        onnx.save(built, f"{folder}/model.onnx")
        command = [program, "infer", f"{folder}/model.onnx", "--output-dir", folder] + extra
        for name, array in fed.items():
            numpy.save(f"{folder}/{name}.npy", array)
            command += ["--input", f"{name}={folder}/{name}.npy"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            return f"status {done.returncode}: {done.stderr.strip()[-300:]}"
        return [numpy.load(f"{folder}/output_{index}.npy") for index in range(len(built.graph.output))]


def difference(theirs, mine, tolerance):
    """What differs, in words, or None."""
    if theirs.dtype != mine.dtype or theirs.shape != mine.shape:
        return f"{mine.dtype}{list(mine.shape)} instead of {theirs.dtype}{list(theirs.shape)}"
    if theirs.size == 0:
        return None
    if tolerance == "step" and theirs.dtype.kind in "iu":
        apart = numpy.abs(theirs.astype(int) - mine.astype(int))
        return f"{int((apart > 0).sum())} of {apart.size} differ, by at most {apart.max()}" if apart.max() > 1 else None
    if theirs.dtype.kind != "f":
        wrong = int((theirs != mine).sum())
        at = numpy.unravel_index(int(numpy.argmax(theirs != mine)), theirs.shape)
        return f"{wrong} of {theirs.size} differ, at {tuple(map(int, at))}: {mine[at]} instead of {theirs[at]}" if wrong else None
    limit = {"float16": 2e-3, "float32": 1e-5, "float64": 1e-7}[str(theirs.dtype)]
    limit = max(limit, tolerance) if isinstance(tolerance, float) else limit
    a, b = theirs.astype(float), mine.astype(float)
    odd = ~numpy.isfinite(a) | ~numpy.isfinite(b)
    same = (a == b) | (numpy.isnan(a) & numpy.isnan(b))
    if (odd & ~same).any():
        at = numpy.unravel_index(int(numpy.argmax(odd & ~same)), a.shape)
        return f"{b[at]} instead of {a[at]} at {tuple(map(int, at))}"
    a, b = a[~odd], b[~odd]
    if a.size == 0:
        return None
    apart = numpy.abs(a - b).max() / max(1.0, numpy.abs(a).max())
    return f"off by {apart:.2g}" if apart > limit else None


def arbiter(case, index, theirs, mine, chance):
    """Whom the specification's own reference agrees with."""
    built, fed = model([case], chance)
    try:
        right = ReferenceEvaluator(built).run(None, fed)[index]
    except Exception as error:
        return f"the reference fails ({type(error).__name__})"
    right = numpy.asarray(right)
    sides = [name for name, side in (("ONNX Runtime", theirs), (US, mine)) if not difference(right, side, case.tolerance)]
    return "the reference agrees with " + (" and ".join(sides) or "neither")


def check(program, cases, chance, extra):
    """The differences of a set of cases: pairs of case and words."""
    built, fed = model(cases, chance)
    theirs = reference(built, fed)
    mine = ours(program, built, fed, extra)
    if isinstance(mine, str):
        if len(cases) == 1:
            return [(cases[0], mine)]
        return [found for case in cases for found in check(program, [case], chance, extra)]
    found, position = [], 0
    for case in cases:
        for index in range(case.outputs):
            words = difference(theirs[position], mine[position], case.tolerance)
            position += 1
            if words:
                words += "; " + arbiter(case, index, theirs[position - 1], mine[position - 1], chance)
                found.append((case, f"output {index}: {words}"))
    return found


def draw(chance, only, families, count):
    """Cases of one operator set that ONNX Runtime runs, and how many it refused."""
    makers = [maker for family in families for maker in FAMILIES[family].CASES]
    cases, tries, opset = [], 0, None
    while len(cases) < count and tries < 40 * count:
        tries += 1
        case = chance.choice(makers)(chance)
        if case is None or only and case.operator not in only:
            continue
        if not case.domain:
            if opset is not None and case.opset != opset:
                continue
        try:
            reference(*model([case], chance))
        except Exception:
            continue
        if not case.domain:
            opset = case.opset
        cases.append(case)
    return cases


def keep(folder, name, built, fed):
    """Writes a model that differs and what it was fed."""
    os.makedirs(folder, exist_ok=True)
    onnx.save(built, f"{folder}/{name}.onnx")
    numpy.savez(f"{folder}/{name}.npz", **fed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--family", choices=list(FAMILIES), action="append")
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("--all", action="store_true", help="show what the reference gives us right in, too")
    parser.add_argument("--keep", help="a folder for the models that differ")
    options = parser.parse_args()
    only = set(filter(None, options.only.split(",")))
    extra = ["--exact"] if options.exact else []
    ran, differing = {}, 0
    for number in range(options.rounds):
        chance = Chance(options.seed * 1_000_003 + number)
        cases = draw(chance, only, options.family or list(FAMILIES), options.batch)
        if not cases:
            continue
        for case in cases:
            ran[case.operator] = ran.get(case.operator, 0) + 1
        for case, words in check(options.program, cases, chance, extra):
            if words.endswith(US) and not options.all:
                continue
            differing += 1
            print(f"{number}: {case}\n    {words}", flush=True)
            if options.keep:
                keep(options.keep, f"{number}_{case.operator}_{differing}", *model([case], chance))
    print(f"{sum(ran.values())} nodes of {len(ran)} operators, {differing} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
