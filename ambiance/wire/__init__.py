"""Between arguments and results of clients and the protocol: the messages that both clients send and read."""
