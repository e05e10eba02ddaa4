"""A Temporal worker in Python that serves the queue `python-models`. Tasks of a DAG reach it by `queue: python-models`."""

import asyncio
import dataclasses
import logging
import os
import signal

from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.worker import Worker

from gzip_codec import GzipCodec
from models import fit_line, forecast

QUEUE = os.environ.get("TASK_QUEUE", "python-models")


async def main() -> None:
    logging.basicConfig(level=logging.INFO)
    client = await Client.connect(
        os.environ.get("TEMPORAL_ADDRESS", "127.0.0.1:7233"),
        namespace=os.environ.get("TEMPORAL_NAMESPACE", "default"),
        data_converter=dataclasses.replace(DataConverter.default, payload_codec=GzipCodec()),
    )
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with Worker(client, task_queue=QUEUE, activities=[fit_line, forecast]):
        print(f"polling {QUEUE}", flush=True)
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(main())
