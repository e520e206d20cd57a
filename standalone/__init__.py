"""The whole of Ambiance in one process: the gateway and both services, with no wire between them."""
