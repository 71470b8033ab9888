"""At the recursion limit, waits for another thread's interrupt, and tells whether it came."""

import _thread
import threading
import time

done = False


def dive():
    try:
        dive()
    except RecursionError:
        while not done:
            pass


def interrupt():
    global done
    time.sleep(0.2)
    _thread.interrupt_main()
    time.sleep(0.2)
    done = True


threading.Thread(target=interrupt).start()
try:
    dive()
    print("lost")
except KeyboardInterrupt:
    print("interrupted")
