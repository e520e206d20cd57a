"""The vectors of a space: a FAISS file named after it, an IndexFlatL2, or a folder of blocks for many."""

FLAT_SUFFIX = ".faiss"
BLOCKS_SUFFIX = ".blocks"  # what is in the folder stands in `blocks`
