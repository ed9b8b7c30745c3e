"""What makes things happen by themselves: events on the bus and their rules, schedules, queues that feed functions, notices."""
