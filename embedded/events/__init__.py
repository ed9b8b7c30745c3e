"""EventBridge, schedules, SQS event source mappings and SNS deliveries."""
