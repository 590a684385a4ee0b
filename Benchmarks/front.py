#!/usr/bin/env python3
"""What the front costs and how fast it answers: CPU of its thread, key to reaction under load, pictures during switches.

    python3 Benchmarks/front.py [--program .build/release/ocellus] [--big MODEL.onnx] [--presses 150] [--seconds 20]

--big names a large network (VGG-16, say) that is run on every crop while keys are timed, so that inference keeps all
cores busy; without it as many busy loops as there are cores stand in for it. Everything is measured from outside, at the
pseudo-terminal and in /proc. Needs nothing but Python.
"""
import argparse, os, random, shutil, statistics, subprocess, sys, tempfile, time
from pseudoterminal import PseudoTerminal, machine

BALANCED = {"preset": '"balanced"'}


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def front_share(program, seconds):
    """Percent of a core that the front's thread takes at 160x48 and 15 pictures a second, everything shown."""
    terminal = PseudoTerminal([program, "--source", "demo:seed=7", "--fps", "15"], 160, 48,
                              settings={"rate": 15, **BALANCED})
    terminal.pump(3)
    before, began = terminal.processor_seconds("main"), terminal.now()
    whole = terminal.processor_seconds()
    terminal.pump(seconds)
    length = terminal.now() - began
    front = (terminal.processor_seconds("main") - before) / length
    rate = len(terminal.pictures_between(began, began + length)) / length
    whole = (terminal.processor_seconds() - whole) / length
    terminal.close()
    return front * 100, whole * 100, rate


def answer(terminal):
    """Milliseconds from pressing ? to the bytes of the help it opens."""
    seen = b""

    def shows_help(data):
        nonlocal seen
        seen = seen[-32:] + data
        return b"Esc closes" in seen

    pressed = terminal.now()
    terminal.press("?")
    at = terminal.pump(5, shows_help)
    if at is None:
        raise SystemExit("a key was not answered within five seconds")
    return (at - pressed) * 1000


def key_times(program, big, presses):
    """Milliseconds from a key to the first bytes that show what it did, and percent of the cores that are busy."""
    # Crops of every object through the large network: the pipeline is never idle.
    arguments = ["--classifier", big] if big else []
    loops = [] if big else [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count())]
    terminal = None
    try:
        terminal = PseudoTerminal([program, "--source", "demo:seed=7", *arguments], 120, 40, settings=BALANCED)
        terminal.pump(6 if big else 3)
        times, busy = [], busy_seconds()
        began = time.monotonic()
        for _ in range(presses):
            terminal.pump(random.uniform(0.05, 0.25))
            times.append(answer(terminal))
            terminal.press("?")
            terminal.pump(0.05)
        share = (busy_seconds() - busy) / (time.monotonic() - began) / os.cpu_count()
    finally:
        # Loops that outlive a failed run would spoil every measurement after it.
        for loop in loops:
            loop.kill()
            loop.wait()
        if terminal:
            terminal.close()
    return times, share * 100


def busy_seconds():
    fields = [int(field) for field in open("/proc/stat").readline().split()[1:8]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


def switch_gaps(program, models, switches):
    """Milliseconds between pictures at 15 frames a second: in quiet, and while detectors are switched."""
    terminal = None
    data = tempfile.mkdtemp(prefix="ocellus-models-")
    os.makedirs(data + "/ocellus/models")
    try:
        for copy in ("second", "third"):
            shutil.copy(f"{models}/ocellus-detector.onnx", f"{data}/ocellus/models/{copy}.onnx")
            with open(f"{models}/ocellus-detector.toml") as file:
                manifest = file.read().replace("ocellus-detector.onnx", f"{copy}.onnx")
            with open(f"{data}/ocellus/models/{copy}.toml", "w") as file:
                file.write(manifest)
        # Strong noise, so that every picture changes some cell.
        terminal = PseudoTerminal([program, "--source", "demo:seed=7,noise=1", "--fps", "15"], 120, 40,
                                  environment={"XDG_DATA_HOME": data}, settings=BALANCED)
        terminal.pump(8)
        quiet = (3.0, terminal.now())
        for _ in range(switches):
            terminal.press("m")
            terminal.pump(1.0)
        end = terminal.now()

        def gaps(start, stop):
            pictures = terminal.pictures_between(start, stop)
            return [(b - a) * 1000 for a, b in zip(pictures, pictures[1:])]

        # The switches' own word on it: every one is an event, and the log on the screen names the newest detector.
        seen = b"".join(chunk for at, chunk in terminal.chunks if at >= quiet[1])
        if b"second" not in seen or b"third" not in seen:
            raise SystemExit("the detector was not switched")
        return gaps(*quiet), gaps(quiet[1], end)
    finally:
        if terminal:
            terminal.close()
        shutil.rmtree(data, ignore_errors=True)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--program", default=".build/release/ocellus")
    options.add_argument("--big", help="a large network, run on every crop while keys are timed")
    options.add_argument("--presses", type=int, default=150)
    options.add_argument("--switches", type=int, default=20)
    options.add_argument("--seconds", type=float, default=20)
    o = options.parse_args()
    program = os.path.abspath(o.program)
    big = os.path.abspath(o.big) if o.big else None
    models = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "models")
    print(f"({machine()})\n\n| figure | value | load average |\n|---|---|---|")

    def row(name, value):
        print(f"| {name} | {value} | {os.getloadavg()[0]:.2f} |", flush=True)

    front, whole, rate = front_share(program, o.seconds)
    row(f"the front's thread, 160x48, {rate:.1f} pictures a second", f"{front:.1f} % of a core")
    row("the whole program with its networks, then", f"{whole:.1f} % of a core")
    times, busy = key_times(program, big, o.presses)
    row(f"key to reaction, {len(times)} presses, cores {busy:.0f} % busy",
        f"median {statistics.median(times):.1f} ms, p99 {percentile(times, 0.99):.1f} ms, most {max(times):.1f} ms")
    quiet, switching = switch_gaps(program, models, o.switches)
    for name, gaps in (("in quiet", quiet), (f"during {o.switches} switches of the detector", switching)):
        row(f"between pictures {name}, 66.7 ms a frame",
            f"median {statistics.median(gaps):.1f} ms, p99 {percentile(gaps, 0.99):.1f} ms, most {max(gaps):.1f} ms")


if __name__ == "__main__":
    main()
