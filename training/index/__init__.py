"""The index job: released encoders + AudioSet's music clips -> what music_index_service serves."""
