"""asyncio: clients and an echo server in one event loop."""
import asyncio


async def serve(reader, writer):
    while True:
        line = await reader.readline()
        if not line:
            break
        writer.write(line)
        await writer.drain()
    writer.close()


async def talk(port, lines):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(lines):
        writer.write(b"line %d\n" % number)
        await writer.drain()
        assert await reader.readline() == b"line %d\n" % number
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(*[talk(port, 250) for _ in range(8)])
    server.close()


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
