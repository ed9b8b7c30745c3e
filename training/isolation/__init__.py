"""A team's own estimator in a process of its own: it is imported, fitted, unpickled and asked there, never in the job.

The job's process judges: it holds the held-out targets, the metrics and the files of the result. The estimator's
process gets the training rows, and of other rows the features. Its replies are JSON and numbers of an expected size;
nothing that it sends is unpickled. See docs/adr/0102.
"""
