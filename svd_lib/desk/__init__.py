"""The analyst's desk: starting an edition, editing a chapter, taking a figure away, setting an edition's status."""
