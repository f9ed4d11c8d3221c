"""A record for people to read: Markdown, and one HTML page."""

from __future__ import annotations

from benchmarks.report.markdown import details, renewed, summary
from benchmarks.report.page import page

__all__ = ["details", "page", "renewed", "summary"]
