# What holds runs up while the beam is away.
session.install_suspenders()
