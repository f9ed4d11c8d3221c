"""The benchmark harness, which answers which compressor suits which array.

``python -m benchmarks`` prints a quick table; ``run``, ``report`` and ``compare`` keep records.
The modules: `arrays` (what is compressed), `peers` (by whom), `marginals` (densities without a
coder), `measure` (size, time, memory), `record` (what is kept), `report` and `compare`.
"""
