"""What happens by itself: events on the bus and their rules, schedules, queues that feed functions, notices."""
