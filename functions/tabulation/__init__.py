"""Captured traffic becomes inference tables, hour by hour."""
