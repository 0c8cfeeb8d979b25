# Your own files, such as commands: *.py in the folder startup of the data folder.
session.run_user_files()
