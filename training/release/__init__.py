"""From trained candidate to release: runs the jobs, weighs new figures against old, publishes or refuses."""
