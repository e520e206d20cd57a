"""Exit statuses of the command line."""

EXIT_OK = 0
EXIT_FAILURE = 1
EXIT_BAD_INPUT = 2  # argparse's own for bad usage
EXIT_UNAVAILABLE = 69
EXIT_INTERRUPTED = 130  # 128 + SIGINT
