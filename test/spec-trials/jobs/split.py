"""split.py --shards N --out FOLDER: shard i holds i rows; prints [{"path": ...}, ...]."""
import json
import os
import sys

options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
shards, out = int(options["--shards"]), options["--out"]
if shards > 100:
    sys.exit("more than 100 shards")
os.makedirs(out)
paths = []
for i in range(shards):
    paths.append({"path": os.path.join(out, f"{i}.txt")})
    with open(paths[-1]["path"], "w") as shard:
        shard.write("row\n" * i)
print(json.dumps(paths))
