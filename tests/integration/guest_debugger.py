"""pydevd, the debugger of IDEs: a session with breakpoints and steps goes as it does without us.

Debian's package has no frame evaluator of pydevd's own for CPython 3.11 (there is none); what one
that displaces ours does is told by guest_hooks.py's `rude_evaluator`.
"""

import os
import re
import socket
import urllib.parse

import harness
from harness import Skip, case

# pydevd's line protocol: COMMAND <tab> SEQUENCE <tab> ARGUMENTS.
RUN, THREAD_SUSPEND, THREAD_RUN, STEP_INTO, STEP_OVER, SET_BREAK, VERSION = 101, 105, 106, 107, 108, 111, 501
SECONDS = 60


class Session:
    """The IDE's side: stops at a breakpoint, steps a little, then lets go."""

    def __init__(self, t, program, line, env):
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        listener.settimeout(SECONDS)
        argv = [t.python.path, "-m", "pydevd", "--client", "127.0.0.1"]
        argv += ["--port", str(listener.getsockname()[1]), "--file", program]
        self.process = t.start(argv, env)
        self.connection, _ = listener.accept()
        self.connection.settimeout(SECONDS)
        listener.close()
        self.sequence = 1
        self.events = []
        self.send(VERSION, "1.1", "UNIX", "ID")
        self.send(SET_BREAK, 1, "python-line", program, line, "inner", "None", "None")
        self.send(RUN)
        self.go()

    def send(self, command, *arguments):
        fields = [str(field) for field in (command, self.sequence) + (arguments or ("",))]
        self.connection.sendall(("\t".join(fields) + "\n").encode())
        self.sequence += 2

    def go(self):
        ways = [STEP_OVER, STEP_INTO, STEP_OVER]
        with self.connection, self.connection.makefile("r", encoding="utf-8") as lines:
            for line in lines:
                command, _, text = line.rstrip("\n").split("\t", 2)
                text = urllib.parse.unquote(urllib.parse.unquote(text))
                self.events.append((int(command), self.gist(text)))
                if int(command) == THREAD_SUSPEND:
                    thread = re.search(r'thread id="([^"]+)"', text).group(1)
                    self.send(ways.pop() if ways else THREAD_RUN, thread)
        out, _ = self.process.communicate(timeout=SECONDS)
        self.end = out, self.process.returncode

    @staticmethod
    def gist(text):
        """Threads and frames by name and line; numbers that differ from run to run left out."""
        reason = re.findall(r'stop_reason="(\d+)"', text)
        frames = re.findall(r'<frame id="\d+" name="([^"]*)" file="([^"]*)" line="(\d+)"', text)
        return reason + [(name, os.path.basename(file), line) for name, file, line in frames]


@case("hooks", each=harness.supported)
def pydevd(t):
    if t.run([t.python.path, "-c", "import pydevd"], None).code:
        raise Skip("no pydevd for " + t.python.label)
    program = t.program("guest_debuggee.py")
    with open(program) as file:
        line = 1 + next(n for n, text in enumerate(file) if "for i in" in text)
    plain = Session(t, program, line, None)
    ours = Session(t, program, line, t.preload())
    assert ours.end == plain.end and ours.events == plain.events, "plain %s %s\nours %s %s" % (
        plain.end,
        plain.events,
        ours.end,
        ours.events,
    )
    stops = [gist for command, gist in plain.events if command == THREAD_SUSPEND]
    assert len(stops) > 10 and b"(10, [3, 2, 1])" in plain.end[0], plain.end
    return "%d stops, the same with and without" % len(stops)
