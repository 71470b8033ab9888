"""Python's side of support/probe.c.  The subjects import it in every mode."""
import ctypes
import os

_library = ctypes.PyDLL(os.environ["BENCH_PROBE"])

region = _library.probe_region
region.argtypes = [ctypes.py_object]
region.restype = ctypes.py_object

stack_pointer = _library.probe_stack_pointer
stack_pointer.restype = ctypes.c_size_t


def start():
    """Sets the pass-through evaluator where that is the mode."""
    if "BENCH_FLOOR" in os.environ and _library.probe_install_floor() != 0:
        raise RuntimeError("this interpreter's evaluator is not where it was expected")
