"""Rules of AWS that its service models do not say, each with its source."""
