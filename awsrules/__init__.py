"""What AWS refuses and its service models do not say, as plain data and pure functions, each with its source."""
