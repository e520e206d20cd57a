"""An index that is written to: the store is its truth, the segments that are searched are derived from it."""
