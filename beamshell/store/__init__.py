"""The store: where data rest."""
