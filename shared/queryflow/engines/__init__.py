"""The engines: what each of them is, in one catalogue. Pure; what runs them is the executor's."""
