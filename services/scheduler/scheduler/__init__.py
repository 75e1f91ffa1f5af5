"""The scheduler: says when the due times of schedules come, each once, however many schedulers run."""
