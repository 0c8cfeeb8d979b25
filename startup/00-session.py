# Data folder, metadata, journal and engine: the names RE and runs.
session.open()
