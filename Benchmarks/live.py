#!/usr/bin/env python3
"""Times the live program: launch to the first picture with boxes, and steady running on the demo scene.

    python3 Benchmarks/live.py [--program .build/release/ocellus] [--seconds 20] [--runs 9]

Needs nothing but Python. Prints a Markdown table; load average beside every figure. The first picture is timed twice:
without a terminal (first JSON line that has a detection) and in a pseudo-terminal of 120x40 (first bytes after which
the screen names a label that the detector found).
"""
import argparse, fcntl, json, os, pty, re, resource, select, signal, statistics, struct, subprocess, termios, time


def environment():
    env = dict(os.environ)
    env.pop("OPENBLAS_CORETYPE", None)
    env["TERM"] = "xterm-256color"
    return env


def first_record(program):
    """Milliseconds from exec to the first JSON line with a detection."""
    began = time.monotonic()
    child = subprocess.Popen([program, "run", "--headless", "--json", "--source", "demo:seed=7", "--frames", "30"],
                             stdout=subprocess.PIPE, env=environment())
    for line in child.stdout:
        if json.loads(line)["detections"]:
            elapsed = (time.monotonic() - began) * 1e3
            child.kill()
            child.wait()
            return elapsed
    raise SystemExit("no frame of the demo scene had a detection")


def first_picture(program, labels):
    """Milliseconds from exec to a screen that names a detected label, in a pseudo-terminal."""
    began = time.monotonic()
    pid, fd = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        os.execve(program, [program, "--source", "demo:seed=7"], environment())
    seen, elapsed = b"", None
    while time.monotonic() - began < 10 and elapsed is None:
        if not select.select([fd], [], [], 0.05)[0]:
            continue
        try:
            seen += os.read(fd, 65536)
        except OSError:
            break
        text = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", seen)
        if any(label.encode() in text for label in labels):
            elapsed = (time.monotonic() - began) * 1e3
    os.kill(pid, signal.SIGTERM)
    try:
        while os.read(fd, 65536):
            pass
    except OSError:
        pass
    os.waitpid(pid, 0)
    return elapsed


def steady(program, seconds):
    """Processed frames a second, and cores used, over a headless run with the shipped networks."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    child = subprocess.Popen([program, "run", "--headless", "--json", "--source", "demo:seed=7"],
                             stdout=subprocess.PIPE, env=environment())
    lines, began, totals, labels = 0, None, [], set()
    for line in child.stdout:
        last = time.monotonic()
        record = json.loads(line)
        began = began or last
        lines += 1
        totals.append(record["latency_ms"]["total"])
        labels.update(d["label"] for d in record["detections"])
        if last - began >= seconds:
            break
    child.send_signal(signal.SIGINT)
    child.stdout.close()
    child.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (lines - 1) / (last - began), cpu / (last - started), statistics.median(totals), labels, record["skipped"]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--program", default=".build/release/ocellus")
    options.add_argument("--seconds", type=float, default=20)
    options.add_argument("--runs", type=int, default=9)
    o = options.parse_args()
    program = os.path.abspath(o.program)
    rate, cores, latency, labels, skipped = steady(program, o.seconds)
    load = os.getloadavg()[0]
    rows = [("processed frames a second, 640x480 demo", f"{rate:.1f}", load),
            ("cores used", f"{cores:.2f}", load),
            ("driver timestamp to result, median ms", f"{latency:.1f}", load),
            ("frames skipped by the pipeline", f"{skipped['pipeline']}", load)]
    for name, times in [("launch to first record with a detection", [first_record(program) for _ in range(o.runs)]),
                        ("launch to first picture with boxes", [first_picture(program, labels) for _ in range(o.runs)])]:
        if None in times:
            raise SystemExit("a screen never showed a label")
        rows.append((f"{name}, median ms (min, max)",
                     f"{statistics.median(times):.0f} ({min(times):.0f}, {max(times):.0f})", os.getloadavg()[0]))
    print("| figure | value | load average |\n|---|---|---|")
    for name, value, load in rows:
        print(f"| {name} | {value} | {load:.2f} |")


if __name__ == "__main__":
    main()
