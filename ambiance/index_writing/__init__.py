"""Writes the files of a music index, and checks them by reading back: for training, which publishes indexes,
and for the index service, which compacts what was written to it. What they look like stands in
`ambiance.index_format`."""
