"""Runs SQL that people wrote in walled, short-lived child processes; one job per child, nothing of it in the service itself."""
