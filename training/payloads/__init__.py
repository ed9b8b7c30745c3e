"""Bodies of requests and responses, by the model's contract."""
