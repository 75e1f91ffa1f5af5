"""What follows when nodes end: children made ready or skipped, the execution closed."""
