"""Plan, execute, and make the site of an edition."""
