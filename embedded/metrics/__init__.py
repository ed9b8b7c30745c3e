"""CloudWatch: metric data, alarms, metric math and metric filters."""
