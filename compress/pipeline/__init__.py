"""The line composed: the plan (the encoder's search) and its execution (both sides)."""
