"""What a music index looks like on disk, a module for each kind of file: training writes it, the music index
service reads it, and both do so by these names, types and constants alone. No byte of an index is read or
written here."""
