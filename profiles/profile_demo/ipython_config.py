# The demo beamline: a simulated EPICS IOC on this machine, and everything on it.
c = get_config()

c.InteractiveShell.xmode = "Minimal"  # one line an error; `last_error` shows all of it
c.InteractiveShellApp.extensions = ["beamshell"]
c.InteractiveShellApp.exec_files = [
    "00-session.py",
    "10-devices.py",
    "20-suspenders.py",
    "30-callbacks.py",
    "40-plans.py",
    "50-demo.py",
    "90-user.py",
]

c.Beamshell.name = "demo"
c.Beamshell.title = "the demo beamline"
c.Beamshell.demo_ioc = True
c.Beamshell.devices_file = "devices.yml"
c.Beamshell.states_file = "states.yml"
c.Beamshell.baseline = False
c.Beamshell.suspenders = [
    {"class": "SuspendFloor", "signal": "ring", "suspend_thresh": 50, "resume_thresh": 100, "sleep": 1},
]
c.Beamshell.status_line = ["ring", "shutter"]
