"""The network of the recipes `bag` and `distilled`: token vectors, a small body, pooling, emotions."""
