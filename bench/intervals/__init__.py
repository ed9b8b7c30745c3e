"""The share of new rows whose truth lies in the intervals of a regression."""
