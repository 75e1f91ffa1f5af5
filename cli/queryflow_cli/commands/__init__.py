"""The commands, one file per noun; `__main__` lists them."""
