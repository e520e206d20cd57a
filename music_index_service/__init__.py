"""The service that finds music clips near a vector: exact search with FAISS, a memory-mapped catalogue."""
