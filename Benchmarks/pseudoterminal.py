"""A program in a pseudo-terminal of its own: what it writes, when, and how it answers keys. For wire.py and front.py."""
import fcntl, os, pty, select, shutil, signal, struct, tempfile, termios, time


class PseudoTerminal:
    """Runs `arguments` on a terminal of columns x rows that knows synchronised output, and keeps what comes and when.

    `settings` become the program's configuration file. `rate` makes the terminal read no faster than so many bytes a
    second, out of an endless buffer, as a slow link does: queries are answered when their turn comes.
    """

    def __init__(self, arguments, columns, rows, term="xterm-256color", environment=None, settings=None, rate=None):
        self.columns, self.rows, self.rate = columns, rows, rate
        self.folder = tempfile.mkdtemp(prefix="ocellus-benchmark-")
        os.makedirs(self.folder + "/ocellus")
        with open(self.folder + "/ocellus/config.toml", "w") as file:
            file.write("[dashboard]\n" + "".join(f"{k} = {v}\n" for k, v in (settings or {}).items()))
        env = dict(os.environ, TERM=term, LANG="C.UTF-8", XDG_CONFIG_HOME=self.folder, XDG_STATE_HOME=self.folder)
        for name in ("OPENBLAS_CORETYPE", "COLORTERM", "NO_COLOR", "TMUX", "LC_ALL"):
            env.pop(name, None)
        env.update(environment or {})
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # Modules import nothing after the fork: the size is set before the program looks.
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.chdir(self.folder)
            os.execvpe(arguments[0], arguments, env)
        self.began = time.monotonic()
        self.chunks = []  # (seconds since the start, bytes)
        self.total = 0
        self.updates = []  # of synchronised updates: (seconds at its end, whether it drew half blocks)
        self.status = None
        self.open = b""
        self.backlog = b""
        self.shown = 0.0  # bytes that the slow terminal has drawn
        self.drawn = b""  # the last of them
        self.worst_backlog = 0
        self.last = self.began
        self.tail = b""

    def now(self):
        return time.monotonic() - self.began

    def pump(self, seconds, until=None):
        """Takes what comes for so long, or until `until(new bytes)` is true; returns the seconds at which it was."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and self.status is None:
            if not select.select([self.fd], [], [], min(left, 0.005 if self.rate else left))[0]:
                self.draw(b"")
                continue
            try:
                data = os.read(self.fd, 1 << 16)
            except OSError:
                data = b""
            if not data:
                self.status = os.waitpid(self.pid, 0)[1]
                return None
            at = self.now()
            self.chunks.append((at, data))
            self.total += len(data)
            self.follow(at, data)
            self.draw(data)
            if until and until(data):
                return at
        return None

    def follow(self, at, data):
        """Notes the synchronised updates, which may come in several pieces."""
        *whole, self.open = (self.open + data).split(b"\x1b[?2026l")
        self.updates += [(at, "▄".encode() in update) for update in whole]

    def draw(self, data):
        """Answers queries: at once, or when a slow terminal has come so far."""
        if self.rate:
            self.backlog += data
            self.worst_backlog = max(self.worst_backlog, len(self.backlog))
            now = time.monotonic()
            self.shown = min(len(self.backlog), self.shown + (now - self.last) * self.rate)
            self.last = now
            data, self.backlog = self.backlog[:int(self.shown)], self.backlog[int(self.shown):]
            self.shown -= int(self.shown)
            self.drawn = (self.drawn + data)[-65536:]
        seen = self.tail + data
        for query, answer in ((b"\x1b[?2026$p", b"\x1b[?2026;2$y"), (b"\x1b[5n", b"\x1b[0n")):
            for _ in range(seen.count(query) - self.tail.count(query)):
                os.write(self.fd, answer)
        self.tail = seen[-16:]

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def bytes_between(self, start, end):
        return sum(len(data) for at, data in self.chunks if start <= at < end)

    def pictures_between(self, start, end):
        """When updates came that changed the picture."""
        return [at for at, is_picture in self.updates if is_picture and start <= at < end]

    def processor_seconds(self, thread=None):
        """User and system time of the process, or of its thread of that name ('main' is the front's)."""
        total = 0.0
        for task in os.listdir(f"/proc/{self.pid}/task"):
            if thread == "main" and int(task) != self.pid:
                continue
            fields = open(f"/proc/{self.pid}/task/{task}/stat").read().rsplit(")", 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return total

    def close(self):
        if self.status is None:
            os.kill(self.pid, signal.SIGTERM)
            self.pump(5)
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)
        shutil.rmtree(self.folder, ignore_errors=True)


def machine():
    """The machine in a few words, for tables."""
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "CPU")
    return f"{os.cpu_count()} cores, {model}, load average {os.getloadavg()[0]:.2f}"
