"""Bulk import: a catalogue's file, row by row, into an index of the music index service.

source (csv, jsonl, parquet, tfrecord) ─> rows ─> plan (which column is which field) ─> messages
    ─> sender (a few requests in flight) ─> rejects and state, as far as is acknowledged
"""
