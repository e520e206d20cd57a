"""Carries what was written to an index from a folder of data to Milvus, or back, and compares both ends."""
