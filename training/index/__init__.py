"""The index job: released music encoder + AudioSet's music clips -> what music_index_service serves."""
