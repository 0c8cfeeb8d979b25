# The table, the plots and the peak of every run.
session.subscribe_callbacks()
