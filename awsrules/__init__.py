"""Rules of AWS that its service models do not contain, as plain data and pure functions, each with its source."""
