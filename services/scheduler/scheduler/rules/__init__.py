"""When a schedule is due. Pure."""
