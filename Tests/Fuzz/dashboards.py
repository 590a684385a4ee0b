"""Two dashboards and a recorder side by side, on one home folder, under a user who presses everything.

First what terminals send that no key of the table is: sequences of keys from the descriptions of 40 terminals, late answers,
mouse reports beside the screen, pastes, random sequences. Nothing may start and no pane may go because of them. Then random
keys, pastes, sequences and sizes: no dashboard may fail, and the files that they share stay whole.

    python3 Tests/Fuzz/dashboards.py .build/release/ocellus --seconds 600 --seed 1

Needs Python's pyte, and ncurses-term for the descriptions."""
import argparse
import codecs
import fcntl
import json
import os
import pathlib
import pty
import random
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import tomllib

import pyte

PANES = ["picture", "detections", "classifier", "latency", "rates", "models", "recording", "events"]
STARTED = [" REC ", "PAUSED", "A/B", "Esc closes", "Tab completes"]
TERMINALS = """xterm-256color xterm-new xterm-r6 xterm-vt220 xterm-8bit tmux-256color screen-256color screen.linux rxvt-unicode rxvt
linux linux-16color putty putty-256color konsole-256color gnome-256color vte-256color st-256color alacritty kitty foot wezterm
mlterm Eterm aterm cygwin mintty iterm2 nsterm teraterm vt100 vt220 vt320 vt420 vt520 hurd pcansi ansi mach terminator
terminology""".split()
# Keys of the table, in every form that terminals give them: pressed in the second part.
OWN_KEYS = {"kcuu1", "kcud1", "kcub1", "kcuf1", "khome", "kend", "kpp", "knp", "kent", "kbs", "kdch1", "kcbt", "kmous",
            "kf1", "kf2"}
OWN_FORMS = re.compile(
    rb"\x1b[\[O][0-9;]*[A-DFH]"  # arrows, Home and End, with any modifier
    rb"|\x1bO[0-9;]*[EMXj-y]"  # the keypad, whose digits are digits
    rb"|\x1b\[[1-8](;[0-9]+)?[~^$@]"  # Home, End, Insert, Delete, PgUp and PgDn
    rb"|\x1bO[0-9;]*[PQ]|\x1b\[\[[AB]|\x1b\[1[12](;[0-9]+)?[~^$@]|\x1b\[[0-9;]*[PQ]")  # F1 and F2


def terminfo_sequences():
    """The keys' sequences of the descriptions that this machine has, but for those of the table; and how many had one."""
    found, own, known = set(), {b"\x1b[Z"}, 0
    for name in TERMINALS:
        answer = subprocess.run(["infocmp", "-1x", name], capture_output=True, text=True)
        known += answer.returncode == 0
        for line in answer.stdout.splitlines():
            match = re.match(r"\s+(k\w+)=(.*),$", line)
            if match:
                text = match[2].replace("\\E", "\x1b").replace("^[", "\x1b").replace("\\,", ",").replace("\\s", " ")
                # A caret is Control but for `\\^`, the caret itself.
                text = re.sub(r"\\\^|\^(.)", lambda m: chr(ord(m[1]) & 31) if m[1] else "^", text).encode("latin-1")
                (own if match[1] in OWN_KEYS else found).add(text)
    # A sequence that is one key here and another there is the key of the table.
    return sorted(s for s in found - own if len(s) > 2 and s[:2] in (b"\x1b[", b"\x1bO") and s != b"\x1b[M"
                  and not OWN_FORMS.fullmatch(s)), known


class Terminal:
    """A program in a pseudo-terminal with a screen."""

    def __init__(self, program, arguments, environment, folder, columns=180, rows=60):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.Stream(self.screen)
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.process, self.descriptor = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.execve(program, [program, *arguments], environment)
        os.set_blocking(self.descriptor, False)
        self.status = None
        self.unread = []
        self.resize(columns, rows)

    def resize(self, columns, rows):
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def pump(self, seconds):
        """Reads what it writes; its questions stay without an answer, as on many terminals."""
        end = time.monotonic() + seconds
        while self.status is None and (left := end - time.monotonic()) > 0:
            if not self.unread and not select.select([self.descriptor], [], [], left)[0]:
                break
            if not self.unread and not self.read():
                return
            data = self.unread.pop(0)
            # pyte does not know private parameters of CSI with a leading < = >, nor DCS and OSC 8 in every form.
            text = re.sub(r"\x1b\[[<=>][0-9;]*[A-Za-z]|\x1bP[^\x1b]*\x1b\\|\x1b\][^\x07\x1b]*(\x07|\x1b\\)", "",
                          self.decoder.decode(data))
            try:
                self.stream.feed(text)
            except Exception as error:  # pyte's own faults are not the program's
                print("pyte:", error, file=sys.stderr)

    def read(self):
        """Takes what it has written without drawing it; false at its end."""
        try:
            data = os.read(self.descriptor, 1 << 16)
        except OSError:
            data = b""
        if not data:
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
            return False
        self.unread.append(data)
        return True

    def send(self, data):
        """Writes without a pause within: a terminal sends its sequences whole, and drawing here takes long."""
        while data and self.status is None:
            try:
                data = data[os.write(self.descriptor, data):]
            except BlockingIOError:
                if select.select([self.descriptor], [self.descriptor], [])[0]:
                    self.read()
            except OSError:
                self.pump(0.2)
                return

    @property
    def text(self):
        return "\n".join(self.screen.display)

    def wait(self, condition, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.status is None:
            self.pump(0.1)
            if condition(self.text):
                return True
        return condition(self.text)

    def finish(self, seconds=20):
        """Ends it by a signal as a user's session does; its status."""
        if self.status is None:
            os.kill(self.process, signal.SIGTERM)
            end = time.monotonic() + seconds
            while self.status is None and time.monotonic() < end:
                self.pump(0.2)
            if self.status is None:
                os.kill(self.process, signal.SIGKILL)
                self.pump(2)
                self.status = "no end after SIGTERM"
        os.close(self.descriptor)
        return self.status


def harmless(generator, listed):
    """A sequence that no key of the table is."""
    body = "".join(generator.choices("0123456789;:", k=generator.randint(1, 8)))
    kind = generator.randrange(8)
    if kind < 3:
        return generator.choice(listed)
    if kind == 3:
        return f"\x1b[{body}{generator.choice('EGIJKLNOSTUVWXYbcdefghijklmopqrstvwxyz@`{|}')}".encode()
    if kind == 4:
        return f"\x1b]{body}{'rq' * generator.randint(0, 30)}\x07".encode()
    if kind == 5:
        return f"\x1b{generator.choice('PX^_')}{body}:quit\x1b\\".encode()
    if kind == 6:
        return generator.choice([b"\x1b[I", b"\x1b[O", b"\x1b[>0;276;0c", b"\x1b[?62;c", b"\x1b[24;80R", b"\x1b[114;5u",
                                 b"\x1b[27;5;114~", b"\x1b]11;rgb:1111/1111/1111\x1b\\", b"\x1b[<35;999;999M"])
    return b"\x1b[200~" + bytes(generator.choices(range(32, 127), k=generator.randint(0, 40))) + b"\x1b[201~"


KEYS = [bytes([code]) for code in range(32, 127) if chr(code) != "q"] + [
    b"\r", b"\x1b", b"\t", b"\x7f", b"\x0c", b"\x12", b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1b[5~", b"\x1b[6~",
    b"\x1b[H", b"\x1b[F"]


def anything(generator, listed, columns, rows):
    kind = generator.randrange(10)
    if kind < 6:
        return generator.choice(KEYS)
    if kind == 6:
        place = f"{generator.randint(1, columns)};{generator.randint(1, rows)}"
        return f"\x1b[<0;{place}M\x1b[<0;{place}m\x1b[<64;{place}M".encode()
    if kind == 7:
        text = "".join(generator.choices("abc 0123:%./~é漢\u202e\x07\n", k=generator.randint(0, 200)))
        return b"\x1b[200~" + text.encode() + b"\x1b[201~"
    return harmless(generator, listed)


class Trial:
    def __init__(self, arguments):
        self.program = str(pathlib.Path(arguments.program).resolve())
        self.random = random.Random(arguments.seed)
        self.seconds, self.sequences = arguments.seconds, arguments.sequences
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="ocellus-dashboards-"))
        self.listed, self.known = terminfo_sequences()
        self.failures = []
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "OCELLUS_"))}
        self.environment |= {"HOME": str(self.home), "TERM": "xterm-256color", "LANG": "C.UTF-8",
                             "SWIFT_BACKTRACE": "enable=no"}

    def fail(self, text):
        self.failures.append(text)
        print("FAILED:", text, flush=True)

    def dashboard(self):
        return Terminal(self.program, ["run", "--source", f"demo:seed={self.random.randint(1, 9)}"], self.environment,
                        self.home)

    def untouched(self):
        """What is no key changes nothing."""
        dashboard = self.dashboard()
        if not dashboard.wait(lambda text: all(pane in text for pane in PANES) and "conf 40%" in text, 60):
            self.fail(f"no first picture:\n{dashboard.text}")
        sent = 0
        while sent < self.sequences and dashboard.status is None:
            dashboard.send(b"".join(harmless(self.random, self.listed) for _ in range(20)))
            sent += 20
            dashboard.pump(0.01)
        dashboard.pump(3)
        lost = [pane for pane in PANES if pane not in dashboard.text]
        begun = [text for text in STARTED if text in dashboard.text]
        if lost or begun or dashboard.status is not None or "conf 40%" not in dashboard.text:
            self.fail(f"sequences: lost {lost}, begun {begun}, status {dashboard.status}\n{dashboard.text}")
        print(f"{sent} sequences ({len(self.listed)} from {self.known} terminals): lost {lost}, begun {begun}", flush=True)
        if (status := dashboard.finish()) not in (0, 130):
            self.fail(f"the dashboard of the sequences ended with {status}")

    def together(self):
        """Two dashboards under random keys beside a recorder."""
        recorder = subprocess.Popen([self.program, "record", "--source", "demo", "--record", "kept"], cwd=self.home,
                                    env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.DEVNULL)
        dashboards, ends, presses, sizes = [self.dashboard(), self.dashboard()], 0, 0, 0
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            for index, dashboard in enumerate(dashboards):
                if dashboard.status is not None:
                    ends += 1
                    # `:quit` may be typed by chance.
                    if dashboard.finish() != 0:
                        self.fail(f"a dashboard ended with {dashboard.status}\n{dashboard.text}")
                    dashboards[index] = dashboard = self.dashboard()
                if self.random.randrange(40) == 0:
                    dashboard.resize(self.random.randint(20, 240), self.random.randint(8, 80))
                    sizes += 1
                for _ in range(self.random.randint(1, 6)):
                    dashboard.send(anything(self.random, self.listed, dashboard.screen.columns, dashboard.screen.lines))
                    presses += 1
                dashboard.pump(0.02)
        print(f"{presses} presses, {sizes} sizes, {ends} ends by typing", flush=True)
        for dashboard in dashboards:
            dashboard.resize(180, 60)
            dashboard.send(b"\x1b" * 4)
            dashboard.pump(2)
            if dashboard.status is None and (status := dashboard.finish()) not in (0, 130):
                self.fail(f"a dashboard ended with {status}\n{dashboard.text}")
        recorder.send_signal(signal.SIGINT)
        if recorder.wait(60) not in (0, 130):
            self.fail(f"the recorder ended with {recorder.returncode}")

    def shared_files(self):
        """Every file that they wrote is whole."""
        recordings = 0
        for path in sorted(self.home.rglob("*")):
            if not path.is_file():
                continue
            try:
                if path.suffix == ".json":
                    json.loads(path.read_text())
                elif path.suffix == ".toml":
                    tomllib.loads(path.read_text())
            except ValueError as error:
                self.fail(f"{path}: {error}")
            if path.suffix in (".part", ".active"):
                self.fail(f"{path} was left behind")
            if path.suffix == ".mcap":
                recordings += 1
                answer = subprocess.run([self.program, "info", "--json", str(path)], capture_output=True, text=True)
                if answer.returncode != 0 or json.loads(answer.stdout)["problems"]:
                    self.fail(f"{path}: {answer.stderr}{answer.stdout[:300]}")
        print(f"{recordings} recordings, all files whole" if not self.failures else f"{len(self.failures)} failures")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--sequences", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    trial = Trial(parser.parse_args())
    trial.untouched()
    trial.together()
    trial.shared_files()
    print("files are kept in", trial.home)
    sys.exit(1 if trial.failures else 0)


main()
