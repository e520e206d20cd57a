"""Worker processes that end with the process that started them, however that one ends."""

import os
import threading
from multiprocessing import parent_process

ORPHANED = 1  # exit status


def end_with_parent() -> None:
    """Have this process, which multiprocessing started, end at once when its parent has ended.

    A parent that is killed ends no worker, and a worker waits for its next job for ever.
    """
    threading.Thread(target=_outlive_nobody, name="parent", daemon=True).start()


def _outlive_nobody() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(ORPHANED)
