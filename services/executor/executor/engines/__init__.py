"""The engines of the catalogue, opened: a folder each, found by what the catalogue says of them."""
