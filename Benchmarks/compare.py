#!/usr/bin/env python3
"""Times Ocellus, ONNX Runtime, OpenVINO and ncnn on the same ONNX files, interleaved in one run.

    pip install numpy onnx onnxruntime openvino ncnn pnnx
    Benchmarks/compare.py MODELS... [--ocellus .build/release/ocellus] [--threads 1 2] [--rounds 5] [--runs 20]
                          [--output table.md] [--engines ocellus onnxruntime openvino ncnn] [--busy] [--cpu]

A MODEL is an ONNX file or a folder that holds model.onnx. Each engine runs in a process of its own; in every round each
gets its turn, so that what else the machine does meets all alike. A round gives minimum, median and 95th percentile of
its runs; the table shows the least minimum and the medians of the others over the rounds, and the load average.
With --busy one other process spins meanwhile, as a camera's or a robot's other work does. With --cpu the table holds the
processor time of a run, averaged over a round: what can be compared, on one thread, on a machine that others use too.
An engine that cannot be imported, or cannot run a network, gets a dash.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

PEERS = ["onnxruntime", "openvino", "ncnn"]
# How far a process may lag behind before it is given up, in seconds.
PATIENCE = 600
# Some engines' workers spin for a while after a run; they must not spin into another engine's turn. In seconds.
SETTLING = 0.25


def model_inputs(path):
    """Repeatable inputs by name; symbolic extents count as 1."""
    import numpy
    import onnx

    draw = numpy.random.default_rng(7)
    kinds = {1: "float32", 2: "uint8", 3: "int8", 6: "int32", 7: "int64", 9: "bool", 10: "float16", 11: "float64"}
    graph = onnx.load(path, load_external_data=False).graph
    constants = {tensor.name for tensor in graph.initializer}
    inputs = {}
    for port in graph.input:
        if port.name in constants:
            continue
        kind = port.type.tensor_type
        shape = [extent.dim_value or 1 for extent in kind.shape.dim]
        name = kinds[kind.elem_type]
        values = draw.random(shape) if name.startswith("float") else draw.integers(0, 2, shape)
        inputs[port.name] = values.astype(name)
    return inputs


def open_onnxruntime(path, threads, inputs):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, inputs)


def open_openvino(path, threads, inputs):
    import openvino

    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    request = openvino.Core().compile_model(path, "CPU", settings).create_infer_request()
    return lambda: request.infer(inputs)


def open_ncnn(path, threads, inputs):
    import ncnn

    shapes = ",".join(str(list(value.shape)).replace(" ", "") + kind(value) for value in inputs.values())
    folder = tempfile.mkdtemp(prefix="ncnn-")
    copy = os.path.join(folder, "model.onnx")
    os.symlink(os.path.abspath(path), copy)
    subprocess.run([converter(), copy, "inputshape=" + shapes], cwd=folder, check=True, capture_output=True,
                   timeout=PATIENCE)
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_fp16_packed = False
    net.opt.use_bf16_storage = False
    if net.load_param(os.path.join(folder, "model.ncnn.param")) or net.load_model(
            os.path.join(folder, "model.ncnn.bin")):
        raise RuntimeError("ncnn does not load what pnnx wrote")
    mats = [ncnn.Mat(value[0].copy()) for value in inputs.values()]
    names, outputs = net.input_names(), net.output_names()

    def run():
        extractor = net.create_extractor()
        for name, mat in zip(names, mats):
            extractor.input(name, mat)
        for name in outputs:
            status, _ = extractor.extract(name)
            if status:
                raise RuntimeError("ncnn stopped at " + name)

    return run


def converter():
    """pnnx, which pip puts beside the interpreter, whether or not that folder is on PATH."""
    beside = os.path.join(os.path.dirname(sys.executable), "pnnx")
    return beside if os.path.exists(beside) else "pnnx"


OPENERS = {"onnxruntime": open_onnxruntime, "openvino": open_openvino, "ncnn": open_ncnn}


def kind(values):
    """pnnx's suffix for an element type."""
    return {"float32": "f32", "float16": "f16", "int64": "i64", "int32": "i32", "uint8": "u8"}[str(values.dtype)]


def serve(engine, path, threads):
    """The process of one peer: reads how many runs are wanted, answers with their statistics."""
    run = OPENERS[engine](path, threads, model_inputs(path))
    for _ in range(3):
        run()
    print("ready", flush=True)
    for line in sys.stdin:
        times = []
        for _ in range(int(line)):
            began = time.perf_counter()
            run()
            times.append((time.perf_counter() - began) * 1e3)
        times.sort()
        print(json.dumps({"min_ms": times[0], "median_ms": statistics.median(times),
                          "p95_ms": times[min(len(times) - 1, int(len(times) * 0.95))]}), flush=True)


class Server:
    """A process that reads how many runs are wanted and answers with their statistics."""

    def __init__(self, engine, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)
        if not any(line.strip() == "ready" for line in iter(self.process.stdout.readline, "")):
            raise RuntimeError(engine + " does not run it")

    def round(self, runs):
        before = self.processor_time()
        self.process.stdin.write(f"{runs}\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return {**answer, "cpu_ms": (self.processor_time() - before) / runs}

    def processor_time(self):
        """Of all its threads, in milliseconds; proc(5)."""
        tasks = f"/proc/{self.process.pid}/task"
        return sum(int(open(f"{tasks}/{task}/schedstat").read().split()[0]) for task in os.listdir(tasks)) / 1e6

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def server(engine, path, threads, options):
    if engine == "ocellus":
        return Server(engine, [options.ocellus, "bench", path, "--threads", str(threads), "--serve"])
    return Server(engine, [sys.executable, os.path.abspath(__file__), "--serve", engine, path, str(threads)])


def measure(path, threads, options):
    """Statistics by engine, or the reason why there are none."""
    runners, results = {}, {}
    for engine in options.engines:
        try:
            runners[engine] = server(engine, path, threads, options)
            results[engine] = []
        except (RuntimeError, OSError, ValueError, subprocess.TimeoutExpired) as error:
            print(f"  {engine}: {error}", file=sys.stderr)
    for _ in range(options.rounds):
        for engine in list(runners):
            time.sleep(SETTLING)
            try:
                results[engine].append(runners[engine].round(options.runs))
            except (RuntimeError, OSError, ValueError, subprocess.TimeoutExpired) as error:
                print(f"  {engine}: {error}", file=sys.stderr)
                del runners[engine], results[engine]
    for runner in runners.values():
        runner.close()
    return {engine: summary(rounds, options.cpu) for engine, rounds in results.items() if rounds}


def summary(rounds, cpu):
    if cpu:
        times = [r["cpu_ms"] for r in rounds]
        return {"min": min(times), "median": statistics.median(times), "p95": max(times)}
    return {"min": min(r["min_ms"] for r in rounds), "median": statistics.median(r["median_ms"] for r in rounds),
            "p95": statistics.median(r["p95_ms"] for r in rounds)}


def row(name, threads, results, engines):
    cells = [name, str(threads)]
    for engine in engines:
        r = results.get(engine)
        cells.append(f"{r['min']:.2f} / {r['median']:.2f} / {r['p95']:.2f}" if r else "-")
    own = results.get("ocellus")
    for engine in engines:
        if engine != "ocellus":
            cells.append(f"{results[engine]['median'] / own['median']:.2f}" if own and engine in results else "-")
    jitter = [f"{results[e]['p95'] / results[e]['median']:.2f}" if e in results else "-" for e in engines]
    return cells + [" / ".join(jitter), f"{os.getloadavg()[0]:.1f}"]


def geometric_means(table, engines, threads):
    """Of the ratios over the networks that both ran, by peer."""
    means = []
    for engine in engines:
        if engine == "ocellus":
            continue
        ratios = [r[engine]["median"] / r["ocellus"]["median"]
                  for t, r in table if t == threads and engine in r and "ocellus" in r]
        if ratios:
            means.append(f"{engine} {statistics.geometric_mean(ratios):.2f} over {len(ratios)} networks")
    return f"{threads} thread(s), geometric mean of the ratios: " + "; ".join(means)


def main():
    if sys.argv[1:2] == ["--serve"]:
        return serve(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--ocellus", default=".build/release/ocellus")
    parser.add_argument("--engines", nargs="+", default=["ocellus"] + PEERS, choices=["ocellus"] + PEERS)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--busy", action="store_true", help="beside a process that spins")
    parser.add_argument("--cpu", action="store_true", help="processor time in place of the clock's")
    parser.add_argument("--output")
    options = parser.parse_args()
    # It forces OpenBLAS onto another CPU's kernels.
    os.environ.pop("OPENBLAS_CORETYPE", None)

    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"]) if options.busy else None
    try:
        compare(options)
    finally:
        if busy:
            busy.kill()


def compare(options):
    heads = ["network", "threads"] + [f"{engine}, ms" for engine in options.engines]
    heads += [f"{engine} / ocellus" for engine in options.engines if engine != "ocellus"]
    heads += ["p95 / median", "load"]
    kind = "Milliseconds of processor time a run: least / median / most of the rounds. " if options.cpu else (
        "Milliseconds: minimum / median / 95th percentile. ")
    lines = [kind + "Ratios are of medians: above 1, Ocellus is faster.", "",
             "| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    table = []
    for threads in options.threads:
        for model in options.models:
            path = os.path.join(model, "model.onnx") if os.path.isdir(model) else model
            name = os.path.basename(os.path.normpath(model)).removesuffix(".onnx")
            results = measure(path, threads, options)
            table.append((threads, results))
            lines.append("| " + " | ".join(row(name, threads, results, options.engines)) + " |")
            print(lines[-1], flush=True)
    lines += [""] + [geometric_means(table, options.engines, threads) for threads in options.threads]
    print("\n".join(lines[-len(options.threads):]))
    if options.output:
        with open(options.output, "w") as file:
            file.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
