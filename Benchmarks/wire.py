#!/usr/bin/env python3
"""What the picture costs on the wire: bytes a frame through the real program, at its pseudo-terminal, beside peers.

    python3 Benchmarks/wire.py [--program .build/release/ocellus] [--seconds 6] [--peers]

Renders a frame of the demo scene, makes two clips of it at 15 frames a second (still, and panning; both with the noise
of a sensor), plays them in the dashboard with nothing but the picture, header and footer, and prints Markdown tables.
Needs ffmpeg; with --peers also chafa, timg and mpv (all in Debian). The terminal answers queries and keeps up, except
where the table says otherwise.
"""
import argparse, os, re, shutil, subprocess, sys, tempfile
from pseudoterminal import PseudoTerminal, machine

FRAMES_A_SECOND = 15
CLIP_SECONDS = 10
# Five to three, as the cells of both sizes: 80x24 and 160x48 are 80x48 and 160x96 half blocks.
WIDTH, HEIGHT = 800, 480


def command(*arguments):
    done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        raise SystemExit(f"{arguments[0]}: {done.stdout.decode(errors='replace').strip()[-400:]}")
    return done.stdout


def make_clips(program, folder):
    """still.y4m and pan.y4m, from one noiseless frame of the scene that is twice as wide as the picture."""
    command(program, "run", "--headless", "--source", "demo:seed=7,noise=0", "--size", f"{WIDTH * 2}x{HEIGHT}",
            "--frames", "40", "--record", folder + "/recording")
    recording = next(f"{folder}/recording/{name}" for name in os.listdir(folder + "/recording"))
    command(program, "export", recording, "--to", "frames", "--output", folder + "/frames")
    frame = sorted(os.path.join(root, name) for root, _, names in os.walk(folder + "/frames") for name in names
                   if name.endswith((".jpg", ".jpeg", ".png")))[-1]
    clips = {}
    # A whole width in eight seconds: ten (twenty) columns a second. Noise of about 4.6 grey levels (8 / sqrt 3).
    for name, left in (("still", f"{WIDTH // 2}"), ("pan", f"{WIDTH}*min(1\\,t/8)")):
        clips[name] = f"{folder}/{name}.y4m"
        command("ffmpeg", "-v", "error", "-loop", "1", "-framerate", str(FRAMES_A_SECOND), "-i", frame, "-t",
                str(CLIP_SECONDS), "-vf", f"crop={WIDTH}:{HEIGHT}:{left}:0,noise=c0s=8:c0f=t", "-pix_fmt", "yuv420p",
                clips[name])
    return clips


def play(program, clip, columns, rows, seconds, arguments=(), environment=None, style="blocks", rate=None):
    """The dashboard whose picture has columns x rows cells; returns the finished terminal and the time measured."""
    settings = {"preset": '"picture only"', "rate": FRAMES_A_SECOND, "style": f'"{style}"'}
    terminal = PseudoTerminal([program, "--source", clip, *arguments], columns + 2, rows + 4,
                              environment=environment, settings=settings, rate=rate)
    # The first pictures paint everything; they are not what a frame costs.
    terminal.pump(1.5 + seconds)
    terminal.close()
    return terminal


def bytes_a_frame(program, clip, columns, rows, seconds, **more):
    terminal = play(program, clip, columns, rows, seconds, **more)
    # A frame that changes nothing writes nothing, and counts all the same.
    return terminal.bytes_between(1.5, 1.5 + seconds) / (FRAMES_A_SECOND * seconds)


def kilobytes(value):
    return f"{value / 1000:.2f} kB" if value < 9950 else f"{value / 1000:.0f} kB"


def peers(clips, columns, rows, seconds):
    """Rows of the table: name and bytes a frame on each clip, of the peers that are installed."""
    frames = int(FRAMES_A_SECOND * seconds)
    size = f"{columns}x{rows}"

    def timg(clip):
        return len(command("timg", "-p", "half", "-g", size, f"--frames={frames}", clip)) / frames

    def mpv(clip):
        output = command("mpv", "--no-config", "--no-audio", "--really-quiet", "--vo=tct", "--vo-tct-256=yes",
                         f"--vo-tct-width={columns}", f"--vo-tct-height={rows}", "--untimed",
                         f"--frames={frames}", clip)
        return len(output) / frames

    def chafa(clip):
        with tempfile.TemporaryDirectory() as folder:
            command("ffmpeg", "-v", "error", "-i", clip, "-frames:v", "15", folder + "/%02d.png")
            names = sorted(os.listdir(folder))
            return sum(len(command("chafa", "-f", "symbols", "--symbols", "vhalf", "-c", "256", "--size", size,
                                   f"{folder}/{name}")) for name in names) / len(names)

    for name, measure in (("chafa -c 256 --symbols vhalf", chafa), ("timg -p half", timg),
                          ("mpv --vo=tct --vo-tct-256", mpv)):
        if shutil.which(name.split()[0]):
            yield name, [measure(clips[kind]) for kind in ("still", "pan")]
        else:
            print(f"{name.split()[0]} is not installed", file=sys.stderr)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--program", default=".build/release/ocellus")
    options.add_argument("--seconds", type=float, default=6)
    options.add_argument("--peers", action="store_true")
    o = options.parse_args()
    program = os.path.abspath(o.program)
    with tempfile.TemporaryDirectory(prefix="ocellus-wire-") as folder:
        clips = make_clips(program, folder)
        print(f"Bytes a frame, {FRAMES_A_SECOND} frames a second ({machine()})\n")
        sizes = ((80, 24), (160, 48))
        print("| program | " + " | ".join(f"{c}x{r} {kind}" for c, r in sizes for kind in ("still", "panning")) + " |")
        print("|---" * 5 + "|")
        for name, style in (("ocellus, 256 colours", "blocks"), ("ocellus, ASCII", "ascii"),
                            ("ocellus, braille", "braille")):
            cells = [bytes_a_frame(program, clips[kind], c, r, o.seconds, style=style)
                     for c, r in sizes for kind in ("still", "pan")]
            print(f"| {name} | " + " | ".join(kilobytes(cell) for cell in cells) + " |", flush=True)
        if o.peers:
            small, large = (list(peers(clips, c, r, o.seconds)) for c, r in sizes)
            for (name, a), (_, b) in zip(small, large):
                print(f"| {name} | " + " | ".join(kilobytes(cell) for cell in a + b) + " |")
        print("\nHeld to a budget, panning:\n\n| terminal | budget | mean a second | most in a second | frames a second |")
        print("|---" * 5 + "|")
        for columns, rows, colours in ((80, 24, ""), (160, 48, ""), (200, 60, "truecolor")):
            terminal = play(program, clips["pan"], columns, rows, o.seconds, ("--bandwidth", "50K"),
                            {"COLORTERM": colours})
            end = 1.5 + o.seconds
            worst = max(terminal.bytes_between(at / 10, at / 10 + 1) for at in range(int(end * 10 - 10)))
            print(f"| {columns}x{rows} {colours or '256 colours'} | 50 kB/s | "
                  f"{kilobytes(terminal.bytes_between(0, end) / end)} | {kilobytes(worst)} | "
                  f"{len(terminal.pictures_between(0, end)) / end:.1f} |", flush=True)


if __name__ == "__main__":
    main()
