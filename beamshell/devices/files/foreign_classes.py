"""Tables for the import of device files: our class for each class of ophyd and its relatives, and of their keywords.

Tables and look-ups; it imports none of those packages.
"""

from __future__ import annotations

from typing import Any

PACKAGES = ("ophyd", "ophyd_devices", "ophyd_async", "apstools", "pcdsdevices", "nslsii", "bec_lib")
"""Packages for whose classes ours are taken, where there is one of the same use."""

WRITE_A_PATH = "write a path, such as ophyd.EpicsMotor"
"""The end of a message about a class that is no text."""

_MOTORS = ("EpicsMotor", "EpicsMotorMR", "EpicsMotorEx", "Motor", "IMS", "Newport", "BeckhoffAxis", "PCDSMotorBase")
_SIM_MOTORS = ("SynAxis", "SynAxisNoHints", "SynAxisEmptyHints", "SynAxisOPAAS", "SimPositioner", "SimMotor")
_SIM_MOTOR_OBJECTS = ("motor", "motor1", "motor2", "motor3", "jittery_motor1", "jittery_motor2")
_SIM_DETECTORS = ("SynGauss", "SynGaussBEC", "SimMonitor", "SynSignal", "det", "det1", "det2", "noisy_det")
_AREA_DETECTORS = ("AreaDetector", "SimDetector", "AndorDetector", "Andor3Detector", "DexelaDetector", "EigerDetector",
                   "LambdaDetector", "MerlinDetector", "PerkinElmerDetector", "PilatusDetector", "PointGreyDetector",
                   "ProsilicaDetector", "VimbaDetector")  # fmt: skip

CLASSES: dict[str, str] = {
    **dict.fromkeys(_MOTORS, "motor"),
    **dict.fromkeys((*_SIM_MOTORS, *_SIM_MOTOR_OBJECTS), "sim_motor"),
    **dict.fromkeys(_SIM_DETECTORS, "sim_det"),
    **dict.fromkeys(_AREA_DETECTORS, "area_detector"),
    "EpicsSignal": "signal",
    "EpicsSignalRO": "signal_ro",
    "EpicsSignalWithRBV": "signal",
    "EpicsScaler": "scaler",
    "ScalerCH": "scaler",
    "EpicsMCA": "mca",
    "EpicsMCARecord": "mca",
    "Signal": "soft_signal",
    "SoftPositioner": "soft_positioner",
}
"""The last word of a class's path -> the short name of our class."""

_KEYWORDS = {"read_pv": "prefix", "labels": "tags", "Imax": "peak", "egu": "units"}
_SILENT = ("name", "motor_field", "motor", "noise_multiplier", "random_state", "parent", "device_access")
"""Keywords that say nothing here."""
_SILENT_IN_SIMULATIONS = ("tolerance", "update_frequency")


def our_class(path: str) -> str | None:
    """The short name of our class for a path such as "ophyd.EpicsMotor"; None if there is none.

    A path of another package, such as one of the beamline's own, is returned as it is.
    """
    package, _, last = path.rpartition(".")
    if package and package.partition(".")[0] not in PACKAGES:
        return path
    return CLASSES.get(last)


def our_keywords(path: str, keywords: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments of a class by the names they have here."""
    last = path.rpartition(".")[2]
    silent = (*_SILENT, *_SILENT_IN_SIMULATIONS) if CLASSES.get(last, "").startswith("sim_") else _SILENT
    renamed = {_KEYWORDS.get(key, key): value for key, value in keywords.items() if key not in silent}
    if last == "EpicsSignalWithRBV" and (prefix := renamed.get("prefix")):  # ophyd's: X and X_RBV
        renamed |= {"prefix": f"{prefix}_RBV", "write_pv": prefix}
    if "tags" in renamed:
        renamed["tags"] = as_words(renamed["tags"])
    return {key: value for key, value in renamed.items() if value is not None}


def as_words(value: Any) -> list[str]:
    """A list of words from one, or from several."""
    if value is None:
        return []
    return [str(word) for word in value] if isinstance(value, list | tuple | dict) else [str(value)]
