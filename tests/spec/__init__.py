"""Published reference cases: one runner, one adapter a case, no arithmetic between a case and the measure."""
