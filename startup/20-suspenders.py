# Suspenders: what holds plans while the beam is away.
session.install_suspenders()
