"""The chain of migrations, in additive phases; they only go forward."""
