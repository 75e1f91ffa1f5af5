"""What the composer does for people, schedules and other systems, a file per noun; one call is one transaction."""
