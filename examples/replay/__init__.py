"""A stream of days, replayed in virtual time: policies of retraining side by side, by the product's own code.

Nothing is deployed here: training, gate, monitoring and policy are called as functions. Requests of a day are answered
by the model in service; their truth comes the day after.
"""
