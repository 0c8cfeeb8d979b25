# The table, the plots and the peak of every run; and whatever else is to read the runs, in processes of its own.
session.subscribe_callbacks()
session.start_followers()
