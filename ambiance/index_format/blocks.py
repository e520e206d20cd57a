"""The vectors of a large index in a folder of blocks: numpy files, C-contiguous, to be mapped.

Leaves of 32 vectors stand in branches of 16 leaves, and those in groups of 64. Every level has boxes around
its vectors along axes of their own, and how much above the corners of its box a block's least figure is for
some landmarks.
"""

from pathlib import Path
from typing import Final

import numpy as np

WIDTH: Final = 32  # vectors of a leaf
LEAVES: Final = 16  # of a branch
GROUP: Final = 64  # branches of a group; one small product bounds them, BLAS spreads large ones over threads
BRANCH: Final = WIDTH * LEAVES  # vectors of a branch

# In `rows` where the last leaves aren't full; what fills `vectors` there is 0 but for its square, FAR.
NO_ROW = -1
FAR = np.float32(3e38)  # squared length of a vector that fills a leaf: no query is near it

# Arrays and the types of their numbers. n vectors of d components take b branches, the last maybe not full.
ARRAYS: dict[str, type[np.generic]] = {
    "vectors": np.float32,  # [16 * b, d + 1, 32] the last component is the squared length
    "rows": np.int32,  # [16 * b, 32] which vector stands where
    "places": np.int32,  # [n] where each row stands: 32 * leaf + column
    "leaf_boxes": np.float32,  # [b, 2 * (d + 1), 16] lower corners of leaves, then upper ones
    "branch_boxes": np.float32,  # [groups, 2 * (d + 1), 64] of branches; the last stands for those missing
    "axes": np.float64,  # [d + 1, d + 1] what carries a query's functional to coordinates along the axes
    "landmarks": np.float32,  # [landmarks, d + 1] queries in these coordinates; the first is the zero query
    "leaf_excess": np.uint8,  # [landmarks, b, 16] in units of leaf_scales
    "leaf_scales": np.float32,  # [b, 16]
    "branch_excess": np.uint8,  # [landmarks, groups, 64] in units of branch_scales
    "branch_scales": np.float32,  # [groups, 64]
}


def array_file(folder: Path, name: str) -> Path:
    """Where one of ARRAYS lies in a folder of blocks."""
    return folder / f"{name}.npy"
