"""The whole system: queues, repairs, processes, the oldest that waits."""
