"""What was written to an index, kept in SQLite: the truth that searched segments are derived from."""
