"""Run: orchestration, settings, command line."""
