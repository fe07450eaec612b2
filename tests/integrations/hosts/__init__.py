"""Whole hosts, each a program of its own that a test runs."""
