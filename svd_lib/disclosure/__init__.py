"""What may be published: thresholds, suppression and its audit."""
