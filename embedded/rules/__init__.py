"""Rules of AWS that its service models do not contain, each with its source."""
