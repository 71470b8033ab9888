"""Strings and regular expressions: a log file made, parsed and counted."""
import collections
import re

LINE = re.compile(r"(?P<host>\S+) \[(?P<when>[^]]+)\] \"(?P<verb>[A-Z]+) (?P<path>\S+)\" (\d{3})")
WORD = re.compile(r"[a-z]+")


def lines(count):
    for n in range(count):
        path = "/".join(["", "section%d" % (n % 17), "page%d.html" % (n % 101)])
        yield '10.0.%d.%d [%02d/Nov/2026] "GET %s" 200' % (n % 7, n % 251, n % 30, path)


def replace(match):
    return match.group().title()


hits = collections.Counter()
for line in lines(50000):
    match = LINE.match(line)
    hits[match.group("path").partition("?")[0].lower()] += 1
    hits[match.group("host").split(".")[2]] += 1
assert sum(hits.values()) == 100000
text = " ".join("word%s and more" % chr(97 + n % 26) for n in range(20000))
assert WORD.sub(replace, text).count("And") == 20000
