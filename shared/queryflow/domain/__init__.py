"""What a flow means. Pure: no input or output, no clock, no log; whatever is needed is an argument."""
