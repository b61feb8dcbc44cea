"""Every finding of the Suffolk editions worked out again, sharing no code with the project: it reads the tidy tables and nothing else of ours."""
