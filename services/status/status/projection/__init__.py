"""Events folded into states, compared with the rows and rebuilt from them."""
