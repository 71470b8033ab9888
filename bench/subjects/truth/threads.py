"""Threads at the same time: bytecode, C that gives the interpreter's lock away, and one that waits."""

import hashlib
import threading
import time
import zlib

from branches import ROUNDS, run_threads, tell, times, took

BYTES = bytes(range(256)) * 400
done = threading.Semaphore(0)


def looping():
    since = time.thread_time()
    x = 1
    for n in times(ROUNDS * 500000):
        x = x + n & 255
    took("looping", since)
    done.release()


def hashing():
    since = time.thread_time()
    for _ in times(ROUNDS * 250):
        hashlib.sha256(BYTES).digest()
    took("hashing", since)
    done.release()


def compressing():
    since = time.thread_time()
    for _ in times(ROUNDS * 70):
        zlib.compress(BYTES, 6)
    took("compressing", since)
    done.release()


def waiting():
    since = time.thread_time()
    for _ in range(3):
        done.acquire()
    took("waiting", since)


def main():
    run_threads([looping, hashing, compressing, waiting])


tell(main)
