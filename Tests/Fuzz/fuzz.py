#!/usr/bin/env python3
"""Damaged and hostile files through the program, each under a limit of memory and time.

    pip install numpy onnx==1.16.2 pillow
    Tests/Fuzz/fuzz.py .build/release/ocellus --seconds 60 [--kinds onnx,mcap] [--seed 1] [--keep DIR]

A trial makes files and runs commands on them. It fails where a command ends by a signal, takes more memory or time than the
limits, writes JSON that is not strict JSON, or fails without one line that says why. Trial N of a seed is always the same
files: `--only N` runs it alone. The kinds run side by side, each in a process of its own; the files of what fails are kept.
"""
import argparse
import importlib
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import sys
import tempfile
import time

from runner import Limits, Program

# The kinds of files, and the module that makes the trials of each.
KINDS = {
    "onnx": "onnx_files",
    "mcap": "recordings",
    "toml": "settings",
    "json": "side_files",
    "pictures": "pictures",
    "outputs": "hostile_outputs",
}


def run_kind(kind, options, results):
    """Runs trials of one kind until the time is over, or just the one asked for."""
    base = pathlib.Path(tempfile.mkdtemp(prefix=f"ocellus-fuzz-{kind}-"))
    program = Program(options.program, base / "home", Limits(options.megabytes, options.timeout))
    maker = importlib.import_module(KINDS[kind]).Maker(base / "seeds", program)
    counts = {"kind": kind, "seed": options.seed, "trials": 0, "commands": 0, "refused": 0, "failures": [],
              "peak_mib": 0, "slowest_s": 0.0}
    begin = time.monotonic()
    index = options.only if options.only is not None else options.first
    while True:
        chance = random.Random(f"{kind} {options.seed} {index}")
        folder = base / str(index)
        folder.mkdir()
        try:
            commands = maker.trial(chance, folder)
            for command in commands:
                outcome = program.run(command, folder)
                counts["commands"] += 1
                counts["refused"] += outcome.status == 1
                counts["peak_mib"] = max(counts["peak_mib"], round(outcome.megabytes))
                counts["slowest_s"] = max(counts["slowest_s"], round(outcome.seconds, 1))
                if outcome.trouble:
                    report(kind, index, command, outcome, folder, options, counts)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        counts["trials"] += 1
        index += 1
        if options.only is not None or time.monotonic() - begin >= options.seconds:
            break
    shutil.rmtree(base, ignore_errors=True)
    results.put(counts)


def report(kind, index, command, outcome, folder, options, counts):
    """Prints a failure and keeps its files with the command that shows it."""
    line = f"{kind} trial {index}: {outcome.trouble}: ocellus {' '.join(command)}"
    counts["failures"].append(line)
    print(line, flush=True)
    if options.keep:
        kept = pathlib.Path(options.keep) / f"{kind}-{options.seed}-{index}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder, kept, symlinks=True, ignore_dangling_symlinks=True)
        (kept / "command.txt").write_text(f"{line}\n{outcome.error[:4000]}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--seconds", type=float, default=60, help="time for each kind; kinds run side by side")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first trial")
    parser.add_argument("--only", type=int, help="run this trial alone")
    parser.add_argument("--megabytes", type=int, default=1500, help="limit of resident memory of a command")
    parser.add_argument("--timeout", type=float, default=20, help="limit of time of a command, in seconds")
    parser.add_argument("--keep", help="folder for the files of failures")
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    kinds = options.kinds.split(",")
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        parser.error(f"unknown kinds: {', '.join(unknown)}; there are {', '.join(KINDS)}")
    results = multiprocessing.Queue()
    workers = [multiprocessing.Process(target=run_kind, args=(kind, options, results)) for kind in kinds]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    collected = [results.get() for _ in range(sum(worker.exitcode == 0 for worker in workers))]
    for counts in sorted(collected, key=lambda counts: kinds.index(counts["kind"])):
        print(json.dumps({**counts, "failures": len(counts["failures"])}))
    broken = [kind for kind, worker in zip(kinds, workers) if worker.exitcode != 0]
    if broken:
        print(f"the fuzzer itself failed on: {', '.join(broken)}", file=sys.stderr)
    sys.exit(1 if broken or any(counts["failures"] for counts in collected) else 0)


if __name__ == "__main__":
    main()
