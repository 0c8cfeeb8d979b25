"""The table of the motor record's fields, as documented for EPICS (motorRecord.html of the motor module).

Data only; their function is in `motor_record`.
"""

from __future__ import annotations

from beamshell.ioc.record import Field, fields

STOP, PAUSE, MOVE = 0, 1, 2
"""Choices of SPMG."""

UPWARDS, DONE, PLUS_SWITCH, SLIPPED, AT_HOME, PROBLEM, MOVING, MINUS_SWITCH, HOMED = (
    1 << bit for bit in (0, 1, 2, 6, 7, 9, 10, 13, 14)
)
"""Bits of MSTA."""

BUTTONS = ("HOMF", "HOMR", "JOGF", "JOGR")
"""Fields that are 1 as long as their action lasts."""

UNITS = {
    **dict.fromkeys(("VELO", "VBAS", "VMAX", "BVEL", "JVEL", "HVEL"), "{}/s"),
    **dict.fromkeys(("ACCL", "BACC", "DLY"), "s"),
    **dict.fromkeys(("RVAL", "RRBV", "RDIF"), "steps"),
    "JAR": "{}/s/s",
}
"""The unit of a field, made from EGU; EGU itself for all others."""

MENUS: dict[str, tuple[str, ...]] = {
    "motorSPMG": ("Stop", "Pause", "Move", "Go"),
    "motorSET": ("Use", "Set"),
    "motorFOFF": ("Variable", "Frozen"),
    "motorDIR": ("Pos", "Neg"),
    "motorSTUP": ("OFF", "ON", "BUSY"),
    "motorUEIP": ("No", "Yes"),
    "motorTORQ": ("Disable", "Enable"),
}

FIELDS: list[Field] = [
    *fields("VAL DVAL RLV", access="command"),
    Field("RVAL", "LONG", access="command"),
    *fields("RBV DRBV DIFF", access="readback"),
    *fields("RRBV RDIF", "LONG", "readback"),
    Field("DMOV", "SHORT", 1, "readback"),
    *fields("MOVN TDIR HLS LLS RHLS RLLS LVIO MISS RCNT ATHM", "SHORT", "readback"),
    *fields("CDIR CARD", "SHORT", "readback"),
    Field("MSTA", "ULONG", DONE, "readback"),
    *fields("STOP TWF TWR JOGF JOGR HOMF HOMR SYNC", "SHORT", "command"),
    Field("SPMG", "MENU", 3, "command", "motorSPMG"),
    Field("STUP", "MENU", 0, "command", "motorSTUP"),
    Field("SET", "MENU", 0, "command", "motorSET"),
    Field("FOFF", "MENU", 0, "setting", "motorFOFF"),
    Field("DIR", "MENU", 0, "command", "motorDIR"),
    Field("OFF", access="command", is_property=True),
    *(Field(name, access="command", is_property=True) for name in ("HLM", "LLM", "DHLM", "DLLM")),
    *fields("SSET SUSE", "SHORT", "command"),
    *fields("VELO JVEL HVEL BVEL JAR", initial=1),
    *fields("ACCL BACC", initial=0.1),
    *fields("VBAS VMAX SMAX SBAS S UREV BDST DLY FRAC"),
    *fields("MRES ERES", initial=0.0001),
    *fields("RDBD SPDB", initial=0.001),
    Field("TWV", initial=0.1),
    Field("SREV", "LONG", 200),
    *fields("RTRY", "SHORT", initial=10),
    Field("UEIP", "MENU", 0, "setting", "motorUEIP"),
    Field("CNEN", "MENU", 1, "setting", "motorTORQ"),
    *fields("NTM", "SHORT", initial=1),
    Field("HLSV", "MENU", 2, "setting", "menuAlarmSevr"),
    Field("EGU", "STRING", "", is_property=True),
    Field("PREC", "SHORT", 4, is_property=True),
    *(Field(name, is_property=True) for name in ("HOPR", "LOPR")),
    *fields("MDEL ADEL"),
    Field("OUT", "STRING", "@sim"),
    Field("VERS", initial=7.3, access="readback"),
    Field("SIMS", "SHORT"),
    Field("SIMH", initial="1e300"),
    Field("SIML", initial="-1e300"),
]
