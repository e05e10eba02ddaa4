"""work.py FILE: prints {"rows": ...}. Five rows, or ten, or fifteen are too much for it."""
import json
import sys

with open(sys.argv[1]) as shard:
    rows = len(shard.readlines())
if rows > 0 and rows % 5 == 0:
    sys.exit(f"{rows} rows")
print(json.dumps({"rows": rows}))
