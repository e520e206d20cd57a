"""Compaction: all clips that were written, as one segment on disk, each with the price that it learns among them.

It runs in a process of its own, so that it takes no lock and no memory of the one that serves.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from itertools import batched
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ambiance import artifacts
from ambiance.affect import MOOD_SPACE, VAD_SPACE
from ambiance.index_writing.catalog import write_catalog
from ambiance.index_writing.postings import write_postings
from ambiance.index_writing.vectors import write_vectors
from ambiance.placement.encoded_clips import EncodedClips
