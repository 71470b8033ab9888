#!/usr/bin/env python3
"""Makes up a web server's log and reports its slowest pages: a small program to profile.

An ordinary script; it knows nothing about profiling.  For Python 3.6 and newer.
"""

import json
import random
import re
import sys
from collections import defaultdict

LINE = re.compile(r'(?P<host>\S+) "(?P<method>[A-Z]+) (?P<page>\S+)" (?P<status>\d+) (?P<ms>\d+)')
PAGES = ["/", "/search", "/cart", "/checkout", "/help", "/login"]


class Page:
    def __init__(self, name):
        self.name = name
        self.times = []

    def add(self, milliseconds):
        self.times.append(milliseconds)

    def percentile(self, share):
        ordered = sorted(self.times, key=float)
        return ordered[int(share * (len(ordered) - 1))]


class Report:
    def __init__(self):
        self.pages = {}
        self.statuses = defaultdict(int)

    def read(self, lines):
        for entry in parsed(lines):
            self.statuses[entry["status"]] += 1
            page = self.pages.get(entry["page"])
            if page is None:
                page = self.pages[entry["page"]] = Page(entry["page"])
            page.add(int(entry["ms"]))

    def slowest(self):
        ranked = sorted(self.pages.values(), key=lambda page: -page.percentile(0.99))
        return [{"page": page.name, "p99": page.percentile(0.99)} for page in ranked]


def log_lines(count):
    chance = random.Random(1)
    for _ in range(count):
        page = chance.choice(PAGES)
        status = 500 if chance.random() < 0.01 else 200
        took = int(chance.lognormvariate(3, 1) * (1 + PAGES.index(page)))
        yield '10.0.0.%d "GET %s" %d %d' % (chance.randrange(256), page, status, took)


def parsed(lines):
    for line in lines:
        match = LINE.match(line)
        if match:
            yield match.groupdict()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 300000
    report = Report()
    report.read(log_lines(count))
    print(json.dumps(report.slowest()[:3]))


if __name__ == "__main__":
    main()
