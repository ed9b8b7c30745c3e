"""A first spec from a sample file: types from all its values, sensible choices, each with its reason beside it."""
