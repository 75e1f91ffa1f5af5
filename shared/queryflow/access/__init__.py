"""Who acts: the value that every transaction of composer and status carries."""
