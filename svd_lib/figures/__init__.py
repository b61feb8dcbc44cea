"""Frames in, figures out: style, charts, maps and tables."""
