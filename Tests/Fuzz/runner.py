"""Runs one command of the program under limits and says what is wrong with how it ended."""
import json
import os
import pathlib
import signal
import subprocess
import threading
import time


class Limits:
    def __init__(self, megabytes, seconds):
        self.megabytes, self.seconds = megabytes, seconds


class Outcome:
    """How a command ended. `trouble` is empty where it ended as it must."""

    def __init__(self, status, output, error, megabytes, seconds):
        self.status, self.output, self.error = status, output, error
        self.megabytes, self.seconds = megabytes, seconds
        self.trouble = ""


def refuse_constant(word):
    raise ValueError(f"{word} is not JSON")


class Program:
    """The executable, with a home folder and settings of its own."""

    def __init__(self, path, home, limits):
        self.path, self.limits = path, limits
        self.environment = {key: value for key, value in os.environ.items()
                            if not key.startswith(("OPENBLAS_", "OCELLUS_", "XDG_"))}
        # Without it each crash takes seconds to print its backtrace.
        self.environment["SWIFT_BACKTRACE"] = "enable=no"
        for key, part in (("HOME", ""), ("XDG_CONFIG_HOME", "config"), ("XDG_STATE_HOME", "state"),
                          ("XDG_DATA_HOME", "data"), ("XDG_CACHE_HOME", "cache")):
            (home / part).mkdir(parents=True, exist_ok=True)
            self.environment[key] = str(home / part)

    def run(self, arguments, folder):
        """Runs the command in `folder`. Too slow counts only when it is too slow twice: other processes share the machine."""
        outcome = self.attempt(arguments, folder)
        if outcome.trouble.startswith("still running"):
            self.clean(folder)
            outcome = self.attempt(arguments, folder)
        return outcome

    @staticmethod
    def clean(folder):
        """Takes away what the first attempt wrote, so that the second one is not refused for it."""
        import shutil
        for name in ("out", "saved", "recorded"):
            shutil.rmtree(pathlib.Path(folder) / name, ignore_errors=True)

    def attempt(self, arguments, folder):
        environment = dict(self.environment)
        settings = pathlib.Path(folder) / "config"
        if settings.is_dir():
            environment["XDG_CONFIG_HOME"] = str(settings)
        begin = time.monotonic()
        with open(pathlib.Path(folder) / ".output", "w+b") as output, open(pathlib.Path(folder) / ".error", "w+b") as error:
            process = subprocess.Popen([self.path, *arguments], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=error)
            watch = Watch(process.pid, self.limits)
            _, status, usage = os.wait4(process.pid, 0)
            watch.stop()
            process.returncode = os.waitstatus_to_exitcode(status)
            output.seek(0)
            error.seek(0)
            outcome = Outcome(process.returncode, output.read(64 << 20), error.read(1 << 20).decode("utf-8", "replace"),
                              usage.ru_maxrss / 1024, time.monotonic() - begin)
        outcome.trouble = watch.trouble or self.trouble(arguments, outcome)
        return outcome

    def trouble(self, arguments, outcome):
        if outcome.status < 0:
            return f"ended by {signal.Signals(-outcome.status).name}"
        if outcome.megabytes > self.limits.megabytes:
            return f"took {outcome.megabytes:.0f} MiB"
        # `recover` ends with 3 where something was lost.
        if outcome.status not in ((0, 1, 3) if arguments[0] == "recover" else (0, 1)):
            return f"status {outcome.status}"
        if outcome.status == 1 and not self.says_why(arguments, outcome):
            return "failed without saying why"
        if len(outcome.error) > 20_000 or outcome.error.count("\n") > 60:
            return f"{len(outcome.error)} bytes of errors"
        if any(ord(letter) < 32 and letter not in "\n\t\r" or 0x7F <= ord(letter) < 0xA0 for letter in outcome.error):
            return "control characters in an error"
        if "Fatal error" in outcome.error:
            return "Fatal error"
        return self.json_trouble(outcome) if "--json" in arguments else ""

    @staticmethod
    def says_why(arguments, outcome):
        """`models check` and `doctor` say it in their lists, all others in a line of standard error."""
        if arguments[0] in ("models", "doctor") and "FAIL" in outcome.output.decode("utf-8", "replace"):
            return True
        return any(line.startswith(("Error: ", "ocellus: ")) for line in outcome.error.splitlines())

    @staticmethod
    def json_trouble(outcome):
        """Every line is strict JSON in strict UTF-8; standard output of a command with --json holds nothing else."""
        for line in outcome.output.splitlines():
            try:
                json.loads(line.decode("utf-8"), parse_constant=refuse_constant)
            except (ValueError, RecursionError) as problem:
                return f"not JSON: {problem}"
        return ""


class Watch:
    """Kills a process that goes past the limits, so that a fault does not take the machine with it."""

    def __init__(self, pid, limits):
        self.pid, self.limits = pid, limits
        self.trouble = ""
        self.waits = {}
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look)
        self.thread.start()

    def look(self):
        begin = time.monotonic()
        while not self.over.wait(0.05):
            waited = self.waited()
            if time.monotonic() - begin - waited > self.limits.seconds:
                self.kill(f"still running after {self.limits.seconds:g} s")
            elif self.resident() > self.limits.megabytes:
                self.kill(f"over {self.limits.megabytes} MiB")

    def waited(self):
        """Seconds in which threads were ready and others had the processors: they are not the program's. proc(5), schedstat."""
        try:
            for thread in os.scandir(f"/proc/{self.pid}/task"):
                # Threads that have ended count as they were seen last.
                self.waits[thread.name] = int(pathlib.Path(thread.path, "schedstat").read_text().split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            pass
        return sum(self.waits.values())

    def kill(self, trouble):
        self.trouble = self.trouble or trouble
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def resident(self):
        try:
            with open(f"/proc/{self.pid}/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
        except (OSError, IndexError):
            return 0

    def stop(self):
        self.over.set()
        self.thread.join()
