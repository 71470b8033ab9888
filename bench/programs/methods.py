"""Small methods, properties and operators of small objects: a scheduler that passes packets."""


class Packet:
    def __init__(self, number):
        self._number = number
        self.hops = 0

    @property
    def number(self):
        return self._number

    def __lt__(self, other):
        return self.number < other.number

    def hop(self):
        self.hops += 1
        return self


class Task:
    def __init__(self, name):
        self.name = name
        self.queue = []
        self.next = None

    def put(self, packet):
        self.queue.append(packet)

    def step(self):
        if not self.queue:
            return False
        self.next.put(self.work(self.queue.pop()))
        return True

    def work(self, packet):
        return packet.hop()


class Sorter(Task):
    def work(self, packet):
        if self.queue and self.queue[-1] < packet:
            self.queue[-1], packet = packet, self.queue[-1]
        return super().work(packet)


tasks = [Task("a"), Sorter("b"), Task("c"), Sorter("d")]
for one, two in zip(tasks, tasks[1:] + tasks[:1]):
    one.next = two
packets = [Packet(n * 7 % 32) for n in range(32)]
for packet in packets:
    tasks[0].put(packet)
for _ in range(100000):
    for task in tasks:
        task.step()
assert sum(packet.hops for packet in packets) > 100000
