"""Compaction: all clips that were written, as one segment on disk, each with the price that it learns among them.

It runs in a process of its own, so that it takes no lock and no memory of the one that serves.
"""
