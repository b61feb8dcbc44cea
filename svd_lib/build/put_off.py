"""What libraries put off until they are first used, done once by importing this before the site builder is forked."""

from __future__ import annotations

import soupsieve

SELECTOR = soupsieve.compile("a > b.c[d]:not(e)")
"""The first selector has soupsieve compile its grammar, a tenth of a second that each build would spend again."""
