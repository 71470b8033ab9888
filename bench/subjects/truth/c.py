"""Works in C: five libraries and the kernel."""

import hashlib
import json
import os
import re
import sqlite3
import zlib

from branches import run, tell, times

TEXT = " ".join("%d word%d, %x;" % (n, n * 7, n * 31) for n in range(3000))
BYTES = TEXT.encode()
TREE = [{"id": n, "name": "name %d" % n, "parts": list(range(n % 20))} for n in range(300)]
WORDS = re.compile(r"(\w+)\d+, [0-9a-f]+;")
ZEROS, BUFFER = os.open("/dev/zero", os.O_RDONLY), bytearray(1 << 16)
TABLE = sqlite3.connect(":memory:")


def in_zlib():
    for _ in times(3):
        zlib.compress(BYTES, 6)


def in_re():
    for _ in times(3):
        WORDS.sub("x", TEXT)


def in_sha():
    for _ in times(100):
        hashlib.sha256(BYTES).digest()


def in_sqlite():
    for _ in times(3):
        TABLE.execute("SELECT sum(a.n * b.n) FROM t a, t b WHERE a.n < b.n").fetchone()


def in_json():
    for _ in times(6):
        json.loads(json.dumps(TREE))


def in_kernel():
    for _ in times(1000):
        os.readv(ZEROS, [BUFFER])


def main():
    TABLE.execute("CREATE TABLE t (n INTEGER)")
    TABLE.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(220)])
    run([in_zlib, in_re, in_sha, in_sqlite, in_json, in_kernel])


tell(main)
