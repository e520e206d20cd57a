"""Indexes that are served from Milvus, where one machine is outgrown. Milvus holds the truth here: the
service keeps nothing on its own disk but the release whose model the indexes are made on.

Its only importers of pymilvus are `server` and `schema`.
"""
