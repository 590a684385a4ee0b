#!/usr/bin/env python3
"""What loading a network costs: time and memory of Ocellus, ONNX Runtime and OpenVINO on the same ONNX files.

    pip install numpy onnx onnxruntime openvino
    Benchmarks/loading.py MODELS... [--ocellus .build/release/ocellus] [--threads 1] [--rounds 5] [--output table.md]
                          [--engines ocellus onnxruntime openvino]

A MODEL is an ONNX file or a folder that holds model.onnx. Every measurement is a process of its own that loads the
network and runs it once; the engines take turns, and the table shows the least of the rounds. "load" is the time from
opening the file to a network ready to run; "start" from the start of the process to the end of the first run, for the
peers without the time that Python takes to import them; "peak" the process' largest resident set; for the peers
in brackets what of it Python and the engine's library had taken before the file was opened.
"""
import argparse
import json
import os
import subprocess
import sys
import time

import compare

PEERS = ["onnxruntime", "openvino"]
PATIENCE = 600


def peak_mebibytes():
    # Not getrusage, which counts what the process that started this one had taken.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def measure_here(engine, path, threads, ports):
    """In a process of its own: loads and runs once, prints what that took."""
    import numpy

    # Not read from the file here, which would leave its weights in memory.
    inputs = {name: numpy.ones(shape, kind) for name, kind, shape in json.loads(ports)}
    __import__(engine)
    before, began = peak_mebibytes(), time.perf_counter()
    run, ready = compare.OPENERS[engine](path, threads, inputs), time.perf_counter()
    run()
    print(json.dumps({"load": (ready - began) * 1e3, "start": (time.perf_counter() - began) * 1e3,
                      "peak": peak_mebibytes(), "before": before}))


def measure_peer(engine, path, threads, ports):
    command = [sys.executable, os.path.abspath(__file__), "--here", engine, path, str(threads), ports]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    return json.loads(answer.stdout.splitlines()[-1])


def measure_ocellus(program, path, threads):
    began = time.perf_counter()
    answer = subprocess.run([program, "bench", path, "--threads", str(threads), "--json", "--once"],
                            capture_output=True, text=True, timeout=PATIENCE, check=True)
    facts = json.loads(answer.stdout)
    return {"load": facts["load_ms"], "start": (time.perf_counter() - began) * 1e3, "peak": facts["peak_rss_mib"]}


def measure(path, options):
    """The least of the rounds by engine."""
    rounds = {}
    ports = json.dumps([(name, str(value.dtype), value.shape) for name, value in compare.model_inputs(path).items()])
    for _ in range(options.rounds):
        for engine in options.engines:
            try:
                facts = (measure_ocellus(options.ocellus, path, options.threads) if engine == "ocellus"
                         else measure_peer(engine, path, options.threads, ports))
                rounds.setdefault(engine, []).append(facts)
            except (subprocess.SubprocessError, ValueError, IndexError) as error:
                print(f"  {engine}: {error}", file=sys.stderr)
    return {engine: {key: min(r[key] for r in facts) for key in facts[0]} for engine, facts in rounds.items()}


def main():
    if sys.argv[1:2] == ["--here"]:
        return measure_here(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--ocellus", default=".build/release/ocellus")
    parser.add_argument("--engines", nargs="+", default=["ocellus"] + PEERS, choices=["ocellus"] + PEERS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--output")
    options = parser.parse_args()
    os.environ.pop("OPENBLAS_CORETYPE", None)

    heads = ["network"] + [f"{engine}: load ms / start ms / peak MiB" for engine in options.engines]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    print("\n".join(lines))
    for model in options.models:
        path = os.path.join(model, "model.onnx") if os.path.isdir(model) else model
        facts = measure(path, options)
        cells = [os.path.basename(os.path.normpath(model)).removesuffix(".onnx")]
        for engine in options.engines:
            f = facts.get(engine)
            before = f" ({f['before']:.0f})" if f and "before" in f else ""
            cells.append(f"{f['load']:.0f} / {f['start']:.0f} / {f['peak']:.0f}{before}" if f else "-")
        lines.append("| " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    if options.output:
        with open(options.output, "w") as file:
            file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
