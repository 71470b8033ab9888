"""pyperf-run systemd, offline and under a real systemd, with perf recording from outside."""

import os

import booted
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
            wait = ["perf", "record", "-e", "cpu-clock", "-F", "199", "-o", data, "-p", str(pid)]
            run("--quiet", *wait, "--", "sleep", "0.3")  # the interpreter is up after this
            done = run(*wait, "--", "sleep", "0.7")
            assert done.code == 0, done
            status = machine.run("/opt/pyperf/pyperf-run", "systemd", "status", unit)
            assert status.code == 0 and b"runs with libpyperf.so\n" in status.stdout, status
            doctor = run("doctor", str(pid))
            machine.run("systemctl", "stop", unit)
            samples = run.samples(data)
            named = [s for s in samples if "working:/opt/pyperf/app.py" in s.python]
            if len(named) < 10 or len(named) < 0.99 * len(samples):
                failed.append("%s: %d of %d samples named\n%s\n%s" % (
                    name, len(named), len(samples), done.stderr.decode(), samples[-1:] and samples[-1]))
            if doctor.code != 0:
                failed.append("%s: doctor says %s" % (name, doctor.stdout.decode()))
        machine.run("/opt/pyperf/pyperf-run", "systemd", "disable", "pyperf-plain")
        done = machine.run("/opt/pyperf/pyperf-run", "systemd", "status", "pyperf-plain")
        assert done.code == 1, done
    assert not failed, "\n".join(failed)
    return ", ".join(HARDENED)
