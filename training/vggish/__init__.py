"""Makes the file of VGGish's weights that `ambiance import-audio` reads, from what the publisher offers."""
