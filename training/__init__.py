"""The offline side: real data sets in, released models and indexes out. Nothing here runs in a service.

"The seed" in these modules is AmbianceNet, the student project whose system is reproduced here as the
baseline; the seed of a job's random numbers is `config.seed`.
"""
