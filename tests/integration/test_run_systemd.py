"""pyperf-run systemd, offline and under a real systemd, with perf recording from outside."""

import os
import random
import re
import shlex

import booted
import chance
import wrapper
from harness import case

# Each setting by itself, and all of them together.
HARDENED = {
    "plain": [],
    "PrivateTmp": ["PrivateTmp=yes"],
    "DynamicUser": ["DynamicUser=yes"],
    "ProtectSystem": ["ProtectSystem=strict"],
    "MemoryDenyWriteExecute": ["MemoryDenyWriteExecute=yes"],
    "NoNewPrivileges": ["NoNewPrivileges=yes"],
    "SystemCallFilter": ["SystemCallFilter=@system-service"],
}
HARDENED["everything"] = sum(HARDENED.values(), []) + ["ProtectHome=yes", "PrivateDevices=yes"]


@case("run")
def drop_ins_are_written_merged_and_removed_offline(t):
    run = wrapper.Wrapper(t)
    root = t.path("root")
    os.makedirs(root + "/usr/lib/systemd/system")
    with open(root + "/usr/lib/systemd/system/web.service", "w") as file:
        file.write('[Service]\nEnvironment="LD_PRELOAD=/usr/lib/first.so"\nExecStart=/bin/true\n')
    dropin = root + "/etc/systemd/system/web.service.d/pyperf.conf"

    def systemd(code, *arguments):
        done = run("systemd", *arguments, "--root", root)
        assert done.code == code, (arguments, done)
        return (done.stdout + done.stderr).decode()

    assert "not enabled" in systemd(1, "status", "web")
    for _ in range(2):  # a second time changes nothing
        systemd(0, "enable", "web")
        text = open(dropin).read()
        assert '"LD_PRELOAD=/usr/lib/first.so:%s"' % run.library in text, text
    assert dropin in systemd(0, "status", "web.service")
    systemd(0, "disable", "web")
    assert not os.path.exists(os.path.dirname(dropin))
    systemd(0, "disable", "web")
    assert "no such unit" in systemd(1, "enable", "other")
    systemd(2, "enable", "../web")
    systemd(2, "enable")
    systemd(2, "start", "web")


PLACES = ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/run/systemd/transient", "/etc/systemd/system.control"]


def drop_ins(rolls, unit, names):
    """A shell script that scatters drop-ins, masks and folders over everything systemd reads."""
    lines = []
    for _ in range(rolls.randint(2, 7)):
        place = rolls.choice(PLACES)
        folder = place if "systemd" in place else place + "/systemd/system"
        path = "%s/%s.d/%d.conf" % (folder, rolls.choice(names), rolls.randint(1, 3))
        quoted = shlex.quote(path)
        lines.append("mkdir -p %s; rm -rf %s" % (shlex.quote(os.path.dirname(path)), quoted))
        kind = rolls.choice(["set", "set", "set", "other", "mask", "empty", "folder", "clear"])
        text = {"set": "LD_PRELOAD=/lib%d.so" % rolls.randint(1, 99), "other": "A=1", "clear": ""}
        if kind in text:
            lines.append("printf '[Service]\\nEnvironment=%s\\n' > %s" % (text[kind], quoted))
        else:
            lines.append({"mask": "ln -s /dev/null", "empty": ": >", "folder": "mkdir"}[kind] + " " + quoted)
    return lines


@case("run")
def drop_ins_count_as_systemd_counts_them(t):
    """40 units with random drop-ins: what systemd had for LD_PRELOAD, it has before ours."""
    rolls, units, script, wrong = random.Random(9), [], [], []
    for number in range(40):
        name = "q%d-web-x" % number
        template = number % 4 == 0
        unit = name + ("@7.service" if template else ".service")
        file = name + ("@.service" if template else ".service")
        names = [unit, file, "q%d-.service" % number, "q%d-web-.service" % number]
        names += ["q%d-web-@.service" % number, "q%d-web-@7.service" % number] if template else []
        script.append("printf '[Service]\\nExecStart=/bin/true\\n' > /usr/lib/systemd/system/" + file)
        if number % 4 == 1:
            script.append("ln -s %s /etc/systemd/system/alias-%s" % (file, file))
            names.append("alias-" + file)
        script += drop_ins(rolls, unit, names)
        units.append(unit)
    script += drop_ins(rolls, None, ["service"])

    with booted.Booted(t) as machine:

        def preload(unit):
            shown = machine.run("systemctl", "show", "--property=Environment", unit).stdout.decode()
            found = re.search(r"\bLD_PRELOAD=(\S*)", shown)
            return found.group(1) if found else ""

        machine.run("/bin/sh", "-c", "\n".join(script))
        machine.run("systemctl", "daemon-reload")
        before = {unit: preload(unit) for unit in units}
        for unit in units:
            done = machine.run("/opt/pyperf/pyperf-run", "systemd", "enable", unit)
            assert done.code == 0, (unit, done)
        for unit in units:
            wanted = (before[unit] + ":" if before[unit] else "") + "/opt/pyperf/libpyperf.so"
            if preload(unit) != wanted:
                wrong.append("%s: %s, not %s" % (unit, preload(unit), wanted))
    assert len(set(before.values())) > 10, "the test's drop-ins say nothing: %s" % before
    assert not wrong, "\n".join(wrong)


@case("run", each=wrapper.perfs)
def hardened_services_are_profiled_from_outside(t):
    """Every Python function of a unit with each setting, the recording read after its end."""
    perf, failed = t.subject, []
    run = wrapper.Wrapper(t, perf)
    with booted.Booted(t) as machine:
        for name, settings in HARDENED.items():
            unit = "pyperf-" + name.lower()
            machine.unit(unit, "/usr/bin/python3", settings)
            done = machine.run("/opt/pyperf/pyperf-run", "systemd", "enable", unit)
            assert done.code == 0, done
            machine.run("systemctl", "start", unit)
            pid = machine.host_pid(unit)
            data = t.path(name + ".data")
            wait = ["perf", "record", "-e", "cpu-clock", "-F", "999", "-o", data, "-p", str(pid)]
            run("--quiet", *wait, "--", *wrapper.busy(pid, 0.3))  # the interpreter is up after this
            done = run(*wait, "--", *wrapper.busy(pid, 0.3))
            assert done.code == 0, done
            status = machine.run("/opt/pyperf/pyperf-run", "systemd", "status", unit)
            assert status.code == 0 and b"runs with libpyperf.so\n" in status.stdout, status
            doctor = run("doctor", str(pid))
            machine.run("systemctl", "stop", unit)
            samples = run.samples(data)
            named = [s for s in samples if "working:/opt/pyperf/app.py" in s.python]
            if len(named) < 100 or not chance.nearly_all(len(named), len(samples)):
                failed.append("%s: %d of %d samples named\n%s\n%s" % (
                    name, len(named), len(samples), done.stderr.decode(), samples[-1:] and samples[-1]))
            if doctor.code != 0:
                failed.append("%s: doctor says %s" % (name, doctor.stdout.decode()))
        machine.run("/opt/pyperf/pyperf-run", "systemd", "disable", "pyperf-plain")
        done = machine.run("/opt/pyperf/pyperf-run", "systemd", "status", "pyperf-plain")
        assert done.code == 1, done
    assert not failed, "\n".join(failed)
    return ", ".join(HARDENED)
