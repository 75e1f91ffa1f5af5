"""What every process of ours has: settings, loops, logs, metrics, traces."""
