"""False alarms and detections of the verdict, and the errors of estimated performance, on simulated traffic."""
