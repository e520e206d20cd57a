"""What numpy's OpenBLAS reads from the environment, set for our server processes before anything else.

It reads it while numpy is imported, so a process imports this first. A value that is set already stays.
"""

import os

# A product that OpenBLAS spreads over threads leaves them spinning for milliseconds after it. A search makes
# one, a write two: they kept a second processor from whoever else searches, writes or compacts.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
