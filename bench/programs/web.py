"""A request loop through a web framework: Flask, from Debian's packages.

Exits with 77 where that Flask cannot be imported by this interpreter.
"""
import sys

sys.path += ["/usr/lib/python3/dist-packages", "/mnt/usr/lib/python3/dist-packages"]
try:
    import flask

    application = flask.Flask("bench")
except Exception as error:
    print("flask cannot be imported: %s" % error)
    sys.exit(77)


@application.route("/item/<int:number>")
def item(number):
    return flask.jsonify(number=number, url=flask.url_for("item", number=number + 1))


@application.route("/page/<name>")
def page(name):
    return flask.render_template_string("{% for n in range(9) %}{{ n }} {{ name }}{% endfor %}", name=name)


client = application.test_client()
for number in range(120):
    assert client.get("/item/%d" % number).get_json()["number"] == number
    assert b"8 x" in client.get("/page/x").data
