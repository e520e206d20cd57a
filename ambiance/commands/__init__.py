"""The commands of `ambiance`, a file each; `ambiance.cli` puts them together. `flags` is what several of them
take, `output` how they show what they were answered."""
