"""Where a command meets the person: consoles, sentences, problems, exit codes."""
