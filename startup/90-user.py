# Your own files: *.py in the folder startup of the data folder.
session.run_user_files()
