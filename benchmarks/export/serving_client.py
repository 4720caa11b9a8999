"""Clients of a service on loopback, each of which sends its next request after the last answer.

    python -m benchmarks.export.serving_client PORT N_CLIENTS SECONDS TEXTS

TEXTS is a JSON file of texts, one of which is sent with each request. Prints requests per second
and the median and 99th percentile of the milliseconds of a request, as JSON. The first second is
not counted.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import numpy as np

WARM_UP = 1.0  # seconds


async def ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: str
) -> dict[str, object]:
    """Send a request over an open connection, and return the answer."""
    body = json.dumps({"texts": [text]}).encode()
    head = (
        "POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    status, *headers = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
    length = next(line for line in headers if line.lower().startswith("content-length:"))
    answer = await reader.readexactly(int(length.partition(":")[2]))
    if status.split()[1] != "200":
        raise SystemExit(f"{status}: {answer.decode()}")
    return json.loads(answer)


async def run_client(port: int, texts: list[str], end: float) -> list[tuple[float, float]]:
    """Send requests until `end`; return the start and the seconds of each."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    requests = []
    number = 0
    while (start := time.perf_counter()) < end:
        await ask(reader, writer, texts[number % len(texts)])
        requests.append((start, time.perf_counter() - start))
        number += 1
    writer.close()
    return requests


async def main(port: int, n_clients: int, seconds: float, texts: list[str]) -> dict[str, float]:
    """Return the figures of clients that run at once."""
    start = time.perf_counter()
    end = start + WARM_UP + seconds
    clients = [run_client(port, texts[client::n_clients], end) for client in range(n_clients)]
    done = [request for requests in await asyncio.gather(*clients) for request in requests]
    counted = [duration for begin, duration in done if begin >= start + WARM_UP]
    median, p99 = 1e3 * np.percentile(counted, [50, 99])
    return {"requests per second": len(counted) / seconds, "median ms": median, "p99 ms": p99}


if __name__ == "__main__":
    port, n_clients, seconds, path = sys.argv[1:]
    corpus = json.loads(Path(path).read_text())
    print(json.dumps(asyncio.run(main(int(port), int(n_clients), float(seconds), corpus))))
