"""milvus-lite in a process of its own, perhaps of an environment of its own: needs pymilvus, milvus-lite and
numpy, nothing of Ambiance. `python milvus_child.py FOLDER` reads vectors.npy and groups.npy from a folder,
makes a collection for each kind of index, and then answers one request after another, a JSON line each."""

import json
import sys
import time
from pathlib import Path

import numpy as np
from pymilvus import DataType, MilvusClient

KINDS = ("FLAT", "IVF_FLAT")
INSERT_ROWS = 10_000
PROBES = 8  # lists of IVF_FLAT that a search reads


def main() -> None:
    """Build, say so, and answer until standard input ends."""
    folder = Path(sys.argv[1])
    vectors, groups = np.load(folder / "vectors.npy"), np.load(folder / "groups.npy")
    client = MilvusClient(str(folder / "milvus.db"))
    built = {kind: build(client, kind, vectors, groups) for kind in KINDS}
    print(json.dumps({"build_s": built}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(client, **json.loads(line))), flush=True)


def build(client: MilvusClient, kind: str, vectors: np.ndarray, groups: np.ndarray) -> float:
    """Insert vectors <float32>[n, d] and groups <int64>[n], and index them; returns the seconds it took."""
    start = time.perf_counter()
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=vectors.shape[1])
    schema.add_field("group", DataType.INT64)
    client.create_collection(kind, schema=schema)
    for first in range(0, len(vectors), INSERT_ROWS):
        rows = range(first, min(first + INSERT_ROWS, len(vectors)))
        data = [{"id": row, "vector": vectors[row], "group": int(groups[row])} for row in rows]
        client.insert(kind, data)
    client.flush(kind)
    index = client.prepare_index_params()
    lists = {"nlist": int(4 * len(vectors) ** 0.5)} if kind == "IVF_FLAT" else {}
    index.add_index("vector", index_type=kind, metric_type="L2", params=lists)
    client.create_index(kind, index)
    client.load_collection(kind)
    return time.perf_counter() - start


def answer(client: MilvusClient, kind: str, queries: list[list[float]], k: int, expression: str) -> dict:
    """Search with one query after another; returns the seconds of each and the rows that it found."""
    seconds, rows = [], []
    for query in queries:
        start = time.perf_counter()
        (hits,) = client.search(
            kind, [query], limit=k, filter=expression, search_params={"params": {"nprobe": PROBES}}
        )
        seconds.append(time.perf_counter() - start)
        rows.append([hit["id"] for hit in hits])
    return {"seconds": seconds, "rows": rows}


if __name__ == "__main__":
    main()
