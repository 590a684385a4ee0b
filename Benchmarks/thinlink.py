#!/usr/bin/env python3
"""How the dashboard fares over a thin link: pictures that arrive, what waits on the way, and how soon a key is answered.

    python3 Benchmarks/thinlink.py [--program .build/release/ocellus] [--presses 12]

The terminal reads no faster than the link, out of an endless buffer, as SSH over a phone does: nothing but the time that
the terminal takes to answer tells the program that it writes too much. No budget is given. Needs nothing but Python.
"""
import argparse, os, random, statistics
from pseudoterminal import PseudoTerminal, machine


def measure(program, columns, rows, rate, presses):
    terminal = PseudoTerminal([program, "--source", "demo:seed=7"], columns, rows, rate=rate,
                              settings={"preset": '"balanced"'})
    terminal.pump(8)
    settled = terminal.worst_backlog / rate
    terminal.worst_backlog = 0
    began, pictures = terminal.now(), len(terminal.updates)
    terminal.pump(10)
    pictures = (len(terminal.updates) - pictures) / (terminal.now() - began)
    backlog = terminal.worst_backlog / rate
    times = []
    for _ in range(presses):
        terminal.pump(random.uniform(0.3, 0.9))
        terminal.drawn = b""
        pressed = terminal.now()
        terminal.press("?")
        while b"Esc closes" not in terminal.drawn and terminal.now() - pressed < 10:
            terminal.pump(0.005)
        times.append(terminal.now() - pressed)
        terminal.press("?")
        terminal.pump(0.5)
    terminal.close()
    return settled, backlog, pictures, statistics.median(times), max(times)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--program", default=".build/release/ocellus")
    options.add_argument("--presses", type=int, default=12)
    o = options.parse_args()
    print(f"Over a thin link, no budget given ({machine()})\n")
    print("| terminal | link | most on the way in the first 8 s | later | updates a second | "
          "key to screen, median | slowest |")
    print("|---" * 7 + "|")
    for columns, rows in ((80, 24), (160, 48)):
        for rate in (20_000, 40_000, 200_000):
            settled, backlog, pictures, median, slowest = measure(
                os.path.abspath(o.program), columns, rows, rate, o.presses)
            print(f"| {columns}x{rows} | {rate // 1000} kB/s | {settled * 1000:.0f} ms | {backlog * 1000:.0f} ms | "
                  f"{pictures:.1f} | {median * 1000:.0f} ms | {slowest * 1000:.0f} ms |", flush=True)


if __name__ == "__main__":
    main()
