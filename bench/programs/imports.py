"""Imports half of the standard library: many functions that run once."""
import importlib

NAMES = """
abc argparse ast asyncio base64 bdb bisect bz2 calendar cmd code codecs collections colorsys
concurrent.futures configparser contextlib copy csv ctypes dataclasses datetime decimal difflib dis
doctest email.mime.text enum filecmp fileinput fnmatch fractions ftplib functools getopt getpass
gettext glob gzip hashlib heapq hmac html.parser http.client http.cookies http.server imaplib
importlib.util inspect io ipaddress json keyword linecache locale logging.handlers lzma mailbox
mimetypes modulefinder multiprocessing.pool netrc ntpath numbers operator optparse pathlib pdb pickle
pickletools pkgutil platform plistlib poplib posixpath pprint profile pstats pty py_compile pyclbr
pydoc queue quopri random re reprlib runpy sched secrets selectors shelve shlex shutil signal smtplib
socket socketserver sqlite3 ssl stat statistics string stringprep subprocess symtable sysconfig
tabnanny tarfile tempfile textwrap threading timeit token tokenize trace traceback tracemalloc types
typing unittest.mock urllib.request uuid venv warnings wave weakref webbrowser wsgiref.simple_server
xml.dom.minidom xml.etree.ElementTree xmlrpc.client zipapp zipfile
"""

found = 0
for name in NAMES.split():
    try:
        importlib.import_module(name)
        found += 1
    except ImportError:
        pass
assert found > 100, found
