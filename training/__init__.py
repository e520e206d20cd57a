"""The offline side: real data sets in, released models and indexes out. Nothing here runs in a service."""
