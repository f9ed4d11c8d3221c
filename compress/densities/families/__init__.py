"""Parametric families with ends, on integers, on the circle, and with atoms."""
