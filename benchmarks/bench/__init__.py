"""`python -m bench`: every part of Ambiance timed beside its references, for docs/PERFORMANCE.md."""
