"""Pure statistics: tidy frame in, tidy frame out, one family of published methods per module."""
