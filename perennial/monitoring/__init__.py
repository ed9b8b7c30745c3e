"""Monitoring of live traffic: quality where labels are known, estimates where they lack, and the verdict.

This module imports nothing: a training job needs the estimates alone, and has no Polars.
"""
