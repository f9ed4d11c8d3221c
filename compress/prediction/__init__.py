"""Given the causal neighbours, where and how wide is the next sample: prediction."""
