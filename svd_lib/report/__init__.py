"""The one exit: exhibits, findings, recommendations and the sentences that quote them."""
