"""The gateway's face for browsers: HTTP and JSON in, calls of this process's own gRPC port, JSON out.

Nothing is decided here that gRPC doesn't decide as well: requests and replies are the protos' in protobuf's
JSON mapping, and permits, deadlines, limits and errors are those of the calls. Only a process that is told a
port for HTTP imports this package and what it needs, the extra `http`.
"""
