"""The work of `perennial forget`: one function, step by step, safe to repeat after a crash at any call."""
