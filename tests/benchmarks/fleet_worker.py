"""One worker of a fleet: does shards from its input, one a line, until that ends.

`python -m tests.benchmarks.fleet_worker URL ADDRESS CONCURRENCY [RATE]` says "ready" first.
"""

from __future__ import annotations

import json
import sys

from tests.benchmarks.fleets import kit_at

if __name__ == "__main__":
    url, address, concurrency, *rate = sys.argv[1:]
    with kit_at(url, address, concurrency=int(concurrency), rate=rate[0] if rate else None) as kit:
        kit.warm()
        kit.shards()
        print("ready", flush=True)
        for line in sys.stdin:
            kit.resync(shard=json.loads(line))
            print("done", flush=True)
