"""A catalogue of a million clips that changes while it is searched: rates of writing, times of searches."""
