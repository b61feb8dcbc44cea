"""Long proofs: each ``proofs/<name>.py`` states one, ``tools/prove.py`` runs it and writes ``proofs/<name>.json``."""
