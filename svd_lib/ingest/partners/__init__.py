"""Partners' restricted extracts: what each kind holds, how a file is taken in, and the counts that may leave."""
