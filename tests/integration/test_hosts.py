"""Real programs with a Python inside, from Debian's packages: they serve, their workers are
recycled, and every worker names its functions."""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

import harness
import image
from harness import Skip, case

REQUESTS = 40
FILES = 4 << 20  # bytes that one worker may leave: one image of 1,024 functions, one of 16,384
APACHE = """
ServerRoot {folder}
PidFile {folder}/pid
Listen 127.0.0.1:{port}
ServerName localhost
ErrorLog {folder}/error.log
LoadModule mpm_prefork_module {modules}/mod_mpm_prefork.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule wsgi_module {modules}/mod_wsgi.so
StartServers 2
MaxConnectionsPerChild 15
User www-data
Group www-data
WSGIScriptAlias / {script}
<Directory {directory}>
Require all granted
</Directory>
"""


def need(*files):
    for name in files:
        if not os.path.exists(name) and not shutil.which(name):
            raise Skip("no " + name)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(port):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(100):
        try:
            with opener.open("http://127.0.0.1:%d/" % port, timeout=20) as reply:
                return reply.read().split()
        except OSError:
            time.sleep(0.1)
    raise AssertionError("no answer")


def serve(t, port, argv):
    """Runs a server, asks it some things and ends it; the PIDs of workers that answered."""
    os.chmod(t.images, 0o1777)
    for folder in (t.folder, t.world.folder):
        os.chmod(folder, 0o755)
    # A session of its own: Apache ends by a signal to its whole process group.
    server = t.start(argv, t.preload(), start_new_session=True)
    try:
        answers = [fetch(port) for _ in range(REQUESTS)]
    finally:
        server.terminate()
        try:
            server.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            # uWSGI loses a worker that it was just starting, now and then; without us, too.
            os.killpg(server.pid, signal.SIGKILL)
            server.communicate()
    assert all(answer[1] == b"2664667000" for answer in answers), answers
    return {int(answer[0]) for answer in answers}


def in_the_way(path, worker):
    """Is the map one that an earlier process of this number left, under another user?  In /tmp a
    worker cannot replace it."""
    return os.path.lexists(path) and os.lstat(path).st_uid != os.lstat(worker).st_uid


def has(names, wanted):
    return any(re.search(r"[:.]%s:" % wanted, name) for name in names)


def check(t, workers, names=("helper", "application")):
    stale = waiting = 0
    for pid in workers:
        t.forget(pid)
        paths = t.image_paths(pid)
        assert paths, "worker %d has no image" % pid
        for path in paths:
            image.lint(path)
        if in_the_way(t.map_path(pid), paths[0]):
            stale += 1
            continue
        size = sum(os.path.getsize(path) for path in paths + [t.map_path(pid)])
        assert size < FILES, "worker %d left %d bytes in %d images" % (pid, size, len(paths))
        named = [symbol.name for path in paths for symbol in image.symbols(path)]
        mapped = [entry.name for entry in image.read_map(t.map_path(pid))]
        assert set(mapped) <= set(named), sorted(set(mapped) - set(named))
        for name in names:
            assert has(named, name), "%s in %d: %s" % (name, pid, named[-5:])
        # The map's last lines wait for the next Python call (perfmap.h); uWSGI kills idle workers.
        waiting += not all(has(mapped, name) for name in names)
    assert waiting + stale < len(workers) or not waiting, "no map has what the images have"
    if stale == len(workers):
        raise Skip("each worker has the PID of an earlier process whose map it cannot replace")
    return "%d workers%s" % (len(workers), ", %d without a map of their own" % stale if stale else "")


@case("hosts")
def gunicorn(t):
    need("gunicorn")
    port = free_port()
    argv = ["gunicorn", "-w", "3", "--max-requests", "6", "-b", "127.0.0.1:%d" % port]
    argv += ["--chdir", t.world.programs, "wsgi:application"]
    workers = serve(t, port, argv)
    assert len(workers) > 3, "no worker was recycled"
    return check(t, workers)


@case("hosts")
def gunicorn_with_gevent(t):
    need("gunicorn", "/usr/lib/python3/dist-packages/gevent")
    port = free_port()
    argv = ["gunicorn", "-k", "gevent", "-w", "2", "-b", "127.0.0.1:%d" % port]
    return check(t, serve(t, port, argv + ["--chdir", t.world.programs, "wsgi:application"]))


@case("hosts")
def uwsgi_with_its_plugin(t):
    need("uwsgi", "/usr/lib/uwsgi/plugins/python3_plugin.so")
    port = free_port()
    argv = ["uwsgi", "--plugin", "python3", "--http-socket", "127.0.0.1:%d" % port, "--master"]
    argv += ["--processes", "3", "--max-requests", "5", "--min-worker-lifetime", "0", "--die-on-term"]
    argv += ["--wsgi-file", os.path.join(t.world.programs, "wsgi.py"), "--disable-logging"]
    workers = serve(t, port, argv)
    assert len(workers) > 3, "no worker was recycled"
    return check(t, workers)


@case("hosts")
def apache_with_mod_wsgi(t):
    modules = "/usr/lib/apache2/modules"
    need("apache2", modules + "/mod_wsgi.so")
    if os.geteuid():
        raise Skip("Apache's workers need another user than its master, which only root can give")
    port = free_port()
    script = os.path.join(t.world.programs, "wsgi.py")
    text = APACHE.format(
        folder=t.folder, port=port, modules=modules, script=script, directory=t.world.programs
    )
    with open(t.path("apache.conf"), "w") as file:
        file.write(text)
    argv = ["apache2", "-f", t.path("apache.conf"), "-DFOREGROUND"]
    return check(t, serve(t, port, argv))


@case("hosts")
def postgresql_with_plpython(t):
    folder = "/usr/lib/postgresql/15/bin"
    need(folder + "/postgres", "/usr/lib/postgresql/15/lib/plpython3.so", "psql")
    if os.geteuid():
        raise Skip("only root can run PostgreSQL as the user it wants")
    user = pwd.getpwnam("postgres")
    data = t.path("data")
    for place in (t.folder, t.world.folder):
        os.chmod(place, 0o755)
    os.chmod(t.images, 0o1777)
    os.mkdir(data)
    os.chown(data, user.pw_uid, user.pw_gid)
    switch = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    done = t.run(switch + [folder + "/initdb", "-D", data], None, cwd="/")
    assert done.code == 0, done
    server = [folder + "/postgres", "-D", data, "-k", data, "-c", "listen_addresses="]
    env = ["env"] + ["%s=%s" % item for item in t.preload().items()]
    server = t.start(switch + env + server, None, cwd="/", start_new_session=True)
    body = "def in_pg(n): return n and in_pg(n - 1)\nimport os\nreturn os.getpid() + in_pg(n)"
    sql = "create extension if not exists plpython3u;"
    sql += "create or replace function f(n int) returns int as '%s' language plpython3u;" % body
    try:
        for _ in range(100):
            ask = switch + ["psql", "-h", data, "-qAt", "-c", sql, "-c", "select f(10)", "postgres"]
            done = t.run(ask, None, cwd="/")
            if done.code == 0:
                break
            time.sleep(0.1)
    finally:
        server.terminate()
        server.communicate(timeout=30)
    assert done.code == 0, done
    return check(t, [int(done.stdout)], ["in_pg"])


@case("hosts")
def gdb(t):
    need("gdb")
    done = t.run(["gdb", "-q", "-batch", "-ex", "python\ndef in_gdb(): return 42\nprint(in_gdb())"], t.preload())
    assert done.stdout == b"42\n" and done.code == 0, done
    check(t, [done.pid], ["in_gdb"])


@case("hosts")
def vim(t):
    need("vim.nox")
    with open(t.path("script.vim"), "w") as file:
        file.write("py3 << E\ndef in_vim(): return 42\n")
        file.write("open(%r, 'w').write(str(in_vim()))\nE\nqa!\n" % t.path("out"))
    done = t.run(["vim.nox", "-u", "NONE", "-es", "-S", t.path("script.vim")], t.preload())
    with open(t.path("out")) as file:
        assert file.read() == "42", done
    check(t, [done.pid], ["in_vim"])
