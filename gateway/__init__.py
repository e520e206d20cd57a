"""The gateway: a text in, music clips out, by asking the text service and the music index service."""
