# Plans, stubs and preprocessors: the names bp, bps and bpp.
session.load_plans()
