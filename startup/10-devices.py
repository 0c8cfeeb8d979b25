# Every device of the device file, by its name.
session.load_devices()
