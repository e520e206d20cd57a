"""Lists of the clips that bear a label, and of those whose most probable mood it is: two numpy files.

The lists stand one after the other: those of the labels, in the order of the catalogue's dictionary, then
those of the moods, in the order of affect.MOODS. Each ascends. A clip stands under every label that it bears
and under one mood, the first of equally probable ones.
"""

import numpy as np

ROWS_FILE = "postings.npy"  # <uint32>[entries] rows of the catalogue, list after list
STARTS_FILE = "posting_starts.npy"  # <int64>[lists + 1] where each list starts, and the last one ends

ROW_TYPE, START_TYPE = np.uint32, np.int64
