# A profile to copy: put the folder beside your others as profile_NAME, and open it with `beamshell --profile NAME`.
c = get_config()

c.InteractiveShell.xmode = "Minimal"  # one line an error; `last_error` shows all of it
c.InteractiveShellApp.extensions = ["beamshell"]
c.InteractiveShellApp.exec_files = [
    "00-session.py",
    "10-devices.py",
    "20-suspenders.py",
    "30-callbacks.py",
    "40-plans.py",
    "90-user.py",
]

c.Beamshell.name = "mybeamline"
c.Beamshell.title = "my beamline"
c.Beamshell.devices_file = "devices.yml"
c.Beamshell.suspenders = []
# c.Beamshell.answer_wait = 60  # seconds that a plan waits for a device that does not answer any more
# c.Beamshell.status_line = ["ring", "shutter"]  # shown below the prompt
# c.Beamshell.ask_above = 1800  # seconds: a scan that takes longer is asked about before it starts
# c.Beamshell.states_file = "states.yml"  # named states of the beamline, see docs/how-to/presets-and-states.md
# c.Beamshell.metadata_file = "metadata.yml"  # metadata that a run must have, see docs/how-to/metadata.md
# c.Beamshell.requires = {"xafs": "alignment"}  # a command or a plan that is refused in any other state
