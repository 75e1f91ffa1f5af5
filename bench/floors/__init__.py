"""Programs that do as little as the job allows, to compare with."""
