"""Programs in which stacks take turns: loops.py NAME REPORT

Each runs two workers, one and two, that give way to each other in mid-stack.  The report is one
line of JSON: the PID, when they worked, and how each worker's chain ends when it is at work.
"""

import json
import os
import sys
import time

ROUNDS = 20
CPU = 0.01  # seconds a round
DEPTH = 5


def spin():
    until = time.process_time() + CPU
    while time.process_time() < until:
        pass


def define(source, **names):
    """The same two functions, called one and two."""
    names.update(spin=spin, ROUNDS=ROUNDS)
    for name in ("one", "two"):
        exec(compile(source.replace("WORKER", name), "<loops>", "exec"), names)
    return names["one"], names["two"]


SYNCHRONOUS = """
def WORKER(depth):
    if depth:
        WORKER(depth - 1)
    else:
        for _ in range(ROUNDS):
            spin()
            give_way()
"""
ASYNCHRONOUS = """
async def WORKER(depth):
    if depth:
        await WORKER(depth - 1)
    else:
        for _ in range(ROUNDS):
            spin()
            await give_way(0)
"""


def greenlets():
    import greenlet

    workers = []

    def give_way():
        main.switch()

    main = greenlet.getcurrent()
    workers = [greenlet.greenlet(worker) for worker in define(SYNCHRONOUS, give_way=give_way)]
    while not all(worker.dead for worker in workers):
        for worker in workers:
            if not worker.dead:
                worker.switch(DEPTH) if not worker else worker.switch()


def gevents():
    import gevent

    one, two = define(SYNCHRONOUS, give_way=lambda: gevent.sleep(0))
    gevent.joinall([gevent.spawn(one, DEPTH), gevent.spawn(two, DEPTH)])


def asyncios():
    import asyncio

    one, two = define(ASYNCHRONOUS, give_way=asyncio.sleep)

    async def main():
        await asyncio.gather(one(DEPTH), two(DEPTH))

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()


def uvloops():
    import uvloop

    uvloop.install()
    asyncios()


def main():
    began = time.monotonic()
    globals()[sys.argv[1]]()
    chains = [" ".join([name] * (DEPTH + 1) + ["spin"]) for name in ("one", "two")]
    with open(sys.argv[2], "w") as file:
        json.dump({"pid": os.getpid(), "window": [began, time.monotonic()], "chains": chains}, file)


if __name__ == "__main__":
    main()
