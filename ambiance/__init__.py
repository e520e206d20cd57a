"""What every part of Ambiance shares, and the Python clients for callers of its services."""
