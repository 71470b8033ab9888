"""A WSGI application."""

import os


def helper():
    return sum(i * i for i in range(2000))


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d %d" % (os.getpid(), helper())]
