"""What can go wrong in a benchmark without being a fault of the harness."""


class MissingArrayError(LookupError):
    """The package or file that holds an array is not installed here."""


class RoundTripError(RuntimeError):
    """A compressor gave back something else than it was given."""
