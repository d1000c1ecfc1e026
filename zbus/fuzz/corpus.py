#!/usr/bin/env python3
"""Writes the byte vectors as the seeds of the fuzz targets."""

import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
ADDRESSES = ["redis://anna:secret@host:6379/1", "tcp://:x@[::1]:1", "unix:///run/redis.sock?db=1", "valkey://host"]
REPLIES = ["\x01*2\r\n$4\r\nlist\r\n*1\r\n$1\r\na\r\n", "\x03:1\r\n+OK\r\n$-1\r\n*0\r\n", "\x02-WRONGTYPE no list\r\n"]
TEXTS = {"address": ADDRESSES, "replies": REPLIES}

seeds = []
for generation in (0, 1):
    file = HERE.parent.parent / "tests" / "vectors" / f"generation-{generation}.json"
    seeds += [bytes.fromhex(vector["hex"]) for vector in json.loads(file.read_text())["vectors"]]

for target in ("request", "response", "value", "adapters", *TEXTS):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate([text.encode() for text in TEXTS[target]] if target in TEXTS else seeds):
        (folder / f"seed-{number}").write_bytes(seed)
