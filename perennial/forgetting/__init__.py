"""One person's data: the subject, the places where it can lie, what is found there, and the plan to forget it."""
