"""pyperf-run flamegraph: a page, a picture and collapsed lines of one recording."""

import html
import json
import os
import re
import shutil
import xml.dom.minidom

import chance
import harness
import wrapper
from harness import case

FREQUENCY = 499
CPU = 0.4  # seconds in leaf()
APP = """
import time

def leaf():
    end = time.process_time() + %s
    while time.process_time() < end:
        sum(range(100))

def lambdas(): return (lambda: leaf())()

lambdas()
""" % CPU


def recorded(t):
    run = wrapper.Wrapper(t, t.subject)
    app = t.path("a<b;c.py")  # a name that neither HTML nor the collapsed format can take as it is
    with open(app, "w") as file:
        file.write(APP)
    done = run.record("-F", str(FREQUENCY), t.world.newest_on_host().path, app)
    assert done.code == 0, done.stderr
    return run, app


def made(run, ending):
    out = run.t.path("out." + ending)
    done = run("flamegraph", "-i", run.data, "-o", out)
    assert done.code == 0 and os.listdir(run.t.folder).count("out.%s.writing" % ending) == 0, done
    with open(out) as file:
        return int(re.search(rb": (\d+) samples", done.stderr).group(1)), file.read()


@case("run", each=wrapper.perfs)
def three_formats_count_the_same_samples(t):
    run, app = recorded(t)
    total, folded = made(run, "folded")
    lines = [line.rsplit(" ", 1) for line in folded.splitlines()]
    assert sum(int(count) for _, count in lines) == total, total
    name = "py::leaf:" + app.replace(";", ":")
    leaf = sum(int(count) for chain, count in lines if name in chain.split(";"))
    assert leaf > chance.KEPT * FREQUENCY * CPU * (1 - chance.BROKEN) - 1, "%d of %d samples in leaf" % (leaf, total)

    total, page = made(run, "html")
    assert not re.search(r'(src|href)="', page), "the page is not self-contained"
    data = json.loads(re.search(r"^const root = (.*);$", page, re.M).group(1))
    assert data["v"] == total

    def samples(node):
        own = node["v"] if node["n"] == "leaf:" + app and node["k"] == "p" else 0
        return own or sum(samples(child) for child in node.get("c", []))

    assert samples(data) == leaf, (samples(data), leaf)
    total, picture = made(run, "svg")
    titles = [n.firstChild.data for n in xml.dom.minidom.parseString(picture).getElementsByTagName("title")]
    assert "all (%d samples, 100.00%%)" % total in titles
    assert any(title.startswith("leaf:" + app) for title in titles), titles[:20]
    return "%d samples" % total


@case("run", each=wrapper.perfs)
def the_page_works_in_a_browser(t):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        raise harness.Skip("no chromium")
    run, app = recorded(t)
    made(run, "html")
    shown = {}
    for switch in ("", "internals", "python"):
        argv = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=4000"]
        argv += ["--user-data-dir=" + t.path("browser"), "--dump-dom"]
        done = t.run(argv + ["file://%s#%s" % (t.path("out.html"), switch)], None)
        dom = done.stdout.decode()
        shown[switch] = re.findall(r'<g class="frame".*?name="(.*?)"', dom) or re.findall(
            r"<title>([^<]*?) \(\d+ samples, [0-9.]+ %\)[^<]*</title>", dom
        )
        assert shown[switch], dom[-3000:]
    assert any("_PyEval" in name for name in shown[""]), shown[""]
    assert not any("_PyEval" in name for name in shown["internals"]), shown["internals"]
    assert any(name.startswith("_start") for name in shown["internals"]), shown["internals"]
    assert set(n.split(":")[0] for n in shown["python"]) >= {"all", "leaf", "lambdas"}
    assert not any(name.startswith("_start") for name in shown["python"]), shown["python"]
    # The leaf's frame tells its lines, and the source below shows what they cost.
    told = [title for title in re.findall("<title>([^<]*)</title>", dom) if title.startswith("leaf:")]
    assert told and all(re.search(r" line [67]: \d+ %", title) for title in told), told
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", dom[dom.index('id="text"') :], re.S)
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in rows]
    cost = {int(row[2]): row for row in cells}
    assert sum(float(cost[line][0].rstrip(" %")) for line in (6, 7)) > 50, cost
    source = open(app).read().split("\n")
    assert all(cost[line][3] == html.escape(source[line - 1], quote=False) for line in cost), cost


@case("run")
def flamegraph_says_what_is_wrong(t):
    run = wrapper.Wrapper(t, t.world.perfs[0] if t.world.perfs else None)
    for arguments, words in (
        ((), "-o FILE"),
        (("-o", "out.png"), "-o FILE"),
        (("-o",), "needs a value"),
        (("--nonsense",), "unknown argument"),
        (("-i", "/nonexistent", "-o", t.path("out.html")), "No such file"),
        (("-i", __file__, "-o", t.path("out.html")), "no recording"),
    ):
        done = run("flamegraph", *arguments)
        assert done.code in (1, 2) and words in done.stderr.decode(), (arguments, done)
