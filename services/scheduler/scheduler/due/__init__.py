"""Due times: found by timers, and said."""
