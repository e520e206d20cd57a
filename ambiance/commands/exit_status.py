"""Exit statuses of the command line."""

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_BAD_INPUT = 2  # argparse's own for bad usage
EXIT_INCOMPLETE = 65  # sysexits' EX_DATAERR: some of what was to be written or deleted wasn't
EXIT_UNAVAILABLE = 69  # sysexits' EX_UNAVAILABLE
EXIT_INTERRUPTED = 130  # 128 + SIGINT
