"""sqlite3 in memory, with Python functions called from SQL."""
import sqlite3


def grade(number):
    return number % 10


class Spread:
    def __init__(self):
        self.low = self.high = None

    def step(self, value):
        self.low = value if self.low is None else min(self.low, value)
        self.high = value if self.high is None else max(self.high, value)

    def finalize(self):
        return self.high - self.low


def rows(count):
    for number in range(count):
        yield number, "name %d" % number, number * 37 % 1000


connection = sqlite3.connect(":memory:")
connection.create_function("grade", 1, grade)
connection.create_aggregate("spread", 1, Spread)
connection.execute("create table thing (id integer primary key, name text, value integer)")
connection.executemany("insert into thing values (?, ?, ?)", rows(60000))
query = "select grade(value), count(*), spread(id) from thing group by grade(value)"
assert sum(count for _, count, _ in connection.execute(query)) == 60000
for number in range(12000):
    connection.execute("select name from thing where id = ?", (number,)).fetchone()
