"""Baton compresses what is larger than 16 KiB, as Temporal's own samples do: encoding `binary/gzip`."""

import gzip
from typing import Iterable, List

from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

ENCODING = b"binary/gzip"
SMALLEST = 16_384


class GzipCodec(PayloadCodec):
    async def encode(self, payloads: Iterable[Payload]) -> List[Payload]:
        return [self._compressed(payload) for payload in payloads]

    async def decode(self, payloads: Iterable[Payload]) -> List[Payload]:
        return [
            Payload.FromString(gzip.decompress(payload.data)) if payload.metadata.get("encoding") == ENCODING else payload
            for payload in payloads
        ]

    def _compressed(self, payload: Payload) -> Payload:
        if payload.ByteSize() < SMALLEST:
            return payload
        return Payload(metadata={"encoding": ENCODING}, data=gzip.compress(payload.SerializeToString()))
