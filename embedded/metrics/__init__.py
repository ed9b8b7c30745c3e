"""CloudWatch for real: metrics as they were put, alarms that change state, filters that count log events."""
