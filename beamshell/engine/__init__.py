"""The RunEngine: it interprets plans, and nothing is lost when it is interrupted."""
