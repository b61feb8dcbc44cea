"""Simulated data without a signal, or with a known truth, one module per family of measures."""
