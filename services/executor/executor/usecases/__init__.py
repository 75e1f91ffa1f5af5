"""What the executor does: launch, claim, run, finish, cancel. Each decides with pure functions, then writes once."""
