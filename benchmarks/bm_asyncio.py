# /// script
# requires-python = ">=3.9"
# dependencies = ["pyperf"]
# ///
"""Starting 20 asyncio tasks that take turns 10 times each, through a queue and back."""

import asyncio

import pyperf

TASKS, TURNS = 20, 10


async def worker(queue: asyncio.Queue) -> int:
    """Give way to the others, then hand over a result."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
    await queue.put(TURNS)
    return TURNS


async def serve() -> int:
    """What a service does for a batch of requests, without the network."""
    queue: asyncio.Queue = asyncio.Queue()
    results = await asyncio.gather(*(worker(queue) for _ in range(TASKS)))
    while not queue.empty():
        results.append(await queue.get())
    return sum(results)


if __name__ == "__main__":
    runner = pyperf.Runner()
    runner.bench_async_func("asyncio_tasks", serve)
