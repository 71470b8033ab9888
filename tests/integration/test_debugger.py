"""pydevd, the debugger of IDEs: a session with breakpoints and steps goes as it does without us.

On 3.11 it traces, on 3.12 and later it uses sys.monitoring.  Its own frame evaluator, for 3.6 to
3.10, is not in Debian's packages; what one does that takes our place is told by test_hooks.py's
`rude_evaluator`.
"""

import itertools
import os
import re
import socket
import urllib.parse

import harness
from harness import case

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
        self.stops = []
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
                if int(command) != THREAD_SUSPEND:
                    continue  # the end of a thread, for one, is told or not as it happens
                text = urllib.parse.unquote(urllib.parse.unquote(text))
                self.stops.append(self.gist(text))
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


@case("hooks", each=harness.having("pydevd"))
def pydevd(t):
    program = t.program("debuggee.py")
    with open(program) as file:
        line = 1 + next(n for n, text in enumerate(file) if "for i in" in text)
    plain = Session(t, program, line, None)
    ours = Session(t, program, line, t.preload())
    assert ours.end == plain.end, "plain %s\nours %s" % (plain.end, ours.end)
    for one, other in itertools.zip_longest(plain.stops, ours.stops):
        assert one == other, "plain %s\nours %s" % (one, other)
    assert len(plain.stops) > 10 and b"(10, [3, 2, 1])" in plain.end[0], plain.end
    return "%d stops, the same with and without" % len(plain.stops)
