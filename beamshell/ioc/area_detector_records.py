"""The EPICS records of a simulated areaDetector, as text: camera and plugins, with the names of ADCore.

Names and meaning: the templates ADBase, NDPluginBase, NDStdArrays, NDStats and NDFileHDF5 of ADCore 3. A setting `X`
has its value in use in `X_RBV`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

TEXT_SIZE = 256
_STATES = ("ZR", "ON", "TW", "TH", "FR", "FV", "SX", "SV", "EI", "NI", "TE")
DETECTOR_STATES = (
    *("Idle", "Acquire", "Readout", "Correct", "Saving", "Aborting", "Error", "Waiting"),
    *("Initializing", "Disconnected", "Aborted"),
)
DATA_TYPES = ("Int8", "UInt8", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Float32", "Float64")
UINT16 = DATA_TYPES.index("UInt16")
WRITING_FAILED = 1
SINGLE, MULTIPLE, CONTINUOUS = range(3)
STREAM = 2


class RecordSet:
    """Records that share a prefix, as text by name."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.texts: dict[str, str] = {}

    def add(self, kind: str, name: str, **fields: object) -> None:
        """Add one record; every one processes when the IOC starts, so that none is undefined."""
        text = " ".join(f'field({field}, "{value}")' for field, value in {"PINI": "YES", **fields}.items())
        self.texts[self.prefix + name] = f'record({kind}, "{self.prefix}{name}") {{ {text} }}\n'

    def number(self, name: str, value: float, unit: str = "", low: float = 0, high: float = 1e6) -> None:
        """A setting that is a number from `low` to `high`, with its read-back."""
        limits = {"DRVL": low, "DRVH": high, "LOPR": low, "HOPR": high}
        self.add("ao", name, VAL=value, EGU=unit, PREC=3, **limits, **self._readback_link(name))
        self.add("ai", f"{name}_RBV", INP=f"{self.prefix}{name} NPP", EGU=unit, PREC=3)

    def whole(self, name: str, value: int, low: int = 0, high: int = 1_000_000) -> None:
        """A setting that is a whole number from `low` to `high`, with its read-back."""
        limits = {"DRVL": low, "DRVH": high, "LOPR": low, "HOPR": high}
        self.add("longout", name, VAL=value, **limits, **self._readback_link(name))
        self.add("longin", f"{name}_RBV", INP=f"{self.prefix}{name} NPP")

    def choice(self, name: str, states: Iterable[str], value: int = 0) -> None:
        """A setting that is one of several states, with its read-back."""
        states = tuple(states)
        self.add("mbbo", name, VAL=value, **_words(states), **self._readback_link(name))
        self.add("mbbi", f"{name}_RBV", INP=f"{self.prefix}{name} NPP", **_words(states))

    def switch(self, name: str, value: int, off: str = "No", on: str = "Yes") -> None:
        """A setting that is one of two states, with its read-back."""
        self.add("bo", name, VAL=value, ZNAM=off, ONAM=on, **self._readback_link(name))
        self.add("bi", f"{name}_RBV", INP=f"{self.prefix}{name} NPP", ZNAM=off, ONAM=on)

    def text(self, name: str, calls: str = "") -> None:
        """A setting that is a long text, with its read-back; `calls` names the callback record of its changes."""
        self.add("waveform", name, FTVL="CHAR", NELM=TEXT_SIZE, FLNK=self.prefix + (calls or f"{name}_RBV"))
        self.add("waveform", f"{name}_RBV", FTVL="CHAR", NELM=TEXT_SIZE, **({} if calls else self._setting_link(name)))

    def reading(self, name: str, value: float = 0, unit: str = "", digits: int = 0) -> None:
        """A number that only the detector changes."""
        if digits:
            self.add("ai", name, INP=value, EGU=unit, PREC=digits)
        else:
            self.add("longin", name, INP=int(value), EGU=unit)

    def state(self, name: str, states: Iterable[str], value: int = 0) -> None:
        """One of several states that only the detector changes."""
        self.add("mbbi", name, INP=value, **_words(states))

    def long_text(self, name: str) -> None:
        """A long text that only the detector changes."""
        self.add("waveform", name, FTVL="CHAR", NELM=TEXT_SIZE)

    def fixed_text(self, name: str, value: str) -> None:
        """A short text that never changes."""
        self.add("stringin", name, VAL=value)

    def _readback_link(self, name: str) -> dict[str, str]:
        return {"FLNK": f"{self.prefix}{name}_RBV"}

    def _setting_link(self, name: str) -> dict[str, str]:
        return {"INP": f"{self.prefix}{name} NPP"}


def _words(states: Iterable[str]) -> dict[str, str]:
    return {f"{short}ST": state for short, state in zip(_STATES, states, strict=False)}


@dataclass(frozen=True)
class Places:
    """The prefixes of the parts: the camera, and the plugins for arrays, statistics and files."""

    camera: str
    image: str
    stats: str
    hdf: str

    @classmethod
    def usual(cls, prefix: str) -> Places:
        """The usual names below a prefix such as "BL:cam:"."""
        return cls(f"{prefix}cam1:", f"{prefix}image1:", f"{prefix}Stats1:", f"{prefix}HDF1:")


def records(places: Places, width: int, height: int) -> dict[str, str]:
    """The text of each record by its name, for a detector of so many pixels."""
    camera = _camera(places.camera, width, height)
    image = _plugin(places.image, "NDPluginStdArrays", "image1", enabled=1)
    image.add("waveform", "ArrayData", FTVL="USHORT", NELM=width * height)
    return {**camera, **image.texts, **_statistics(places.stats), **_file_writer(places.hdf)}


_MAKE = {
    **{"Manufacturer": "beamshell", "Model": "simulated", "PortName": "cam1", "SerialNumber": "1"},
    **dict.fromkeys(("ADCoreVersion", "DriverVersion", "SDKVersion", "FirmwareVersion"), "3.0.0"),
}


def _camera(prefix: str, width: int, height: int) -> dict[str, str]:
    camera = RecordSet(prefix)
    camera.add("busy", "Acquire")
    camera.state("Acquire_RBV", ("Done", "Acquire"))
    camera.state("AcquireBusy", ("Done", "Acquiring"))
    camera.number("AcquireTime", 0.1, "s")
    camera.number("AcquirePeriod", 0, "s")
    camera.whole("NumImages", 1, low=1)
    camera.whole("NumExposures", 1, low=1)
    camera.reading("NumImagesCounter_RBV")
    camera.choice("ImageMode", ("Single", "Multiple", "Continuous"))
    camera.choice("TriggerMode", ("Internal", "External"))
    camera.number("Gain", 1, low=0, high=100)
    for axis, pixels in (("X", width), ("Y", height)):
        camera.whole(f"Min{axis}", 0, high=pixels - 1)
        camera.whole(f"Size{axis}", pixels, low=1, high=pixels)
        camera.reading(f"MaxSize{axis}_RBV", pixels, "px")
        camera.reading(f"ArraySize{axis}_RBV", pixels, "px")
    camera.reading("ArraySizeZ_RBV")
    camera.reading("ArraySize_RBV", 2 * width * height, "bytes")
    camera.whole("ArrayCounter", 0, high=2**31 - 1)
    camera.switch("ArrayCallbacks", 1, "Disable", "Enable")
    camera.switch("WaitForPlugins", 1)
    camera.state("DataType_RBV", DATA_TYPES, UINT16)
    camera.state("ColorMode_RBV", ("Mono", "Bayer", "RGB1", "RGB2", "RGB3"))
    camera.state("DetectorState_RBV", DETECTOR_STATES)
    camera.long_text("StatusMessage_RBV")
    camera.reading("UniqueId_RBV")
    for dimension in range(3):
        camera.reading(f"ArraySize{dimension}_RBV")
    camera.text("NDAttributesFile")
    for name, text in _MAKE.items():
        camera.fixed_text(f"{name}_RBV", text)
    return camera.texts


def _plugin(prefix: str, kind: str, port: str, *, enabled: int) -> RecordSet:
    plugin = RecordSet(prefix)
    plugin.switch("EnableCallbacks", enabled, "Disable", "Enable")
    plugin.switch("BlockingCallbacks", 0)
    plugin.whole("ArrayCounter", 0, high=2**31 - 1)
    plugin.reading("UniqueId_RBV")
    plugin.reading("TimeStamp_RBV", 0, "s", digits=6)
    plugin.reading("NDimensions_RBV", 2)
    for axis in range(3):
        plugin.reading(f"ArraySize{axis}_RBV")
    plugin.state("DataType_RBV", DATA_TYPES, UINT16)
    plugin.state("ColorMode_RBV", ("Mono", "Bayer", "RGB1", "RGB2", "RGB3"))
    plugin.fixed_text("PluginType_RBV", kind)
    plugin.fixed_text("PortName_RBV", port)
    plugin.fixed_text("NDArrayPort", "cam1")  # a plugin here has one source of pictures: another name changes nothing
    plugin.fixed_text("NDArrayPort_RBV", "cam1")
    return plugin


STATISTICS = ("Total", "MeanValue", "MinValue", "MaxValue", "Sigma")
CENTROID = ("CentroidX", "CentroidY", "SigmaX", "SigmaY")


def _statistics(prefix: str) -> dict[str, str]:
    stats = _plugin(prefix, "NDPluginStats", "stats1", enabled=1)
    stats.switch("ComputeStatistics", 1)
    stats.switch("ComputeCentroid", 1)
    stats.number("CentroidThreshold", 100, "counts")
    for name in STATISTICS:
        stats.reading(f"{name}_RBV", 0, "counts", digits=1)
    for name in CENTROID:
        stats.reading(f"{name}_RBV", 0, "px", digits=3)
    return stats.texts


def _file_writer(prefix: str) -> dict[str, str]:
    writer = _plugin(prefix, "NDFileHDF5", "hdf1", enabled=0)
    writer.add("callback", "FilePathChanged", PINI="NO")
    writer.text("FilePath", calls="FilePathChanged")
    writer.state("FilePathExists_RBV", ("No", "Yes"))
    writer.whole("CreateDirectory", 0, low=-100, high=100)
    writer.text("FileName")
    writer.text("FileTemplate")
    writer.whole("FileNumber", 1, high=2**31 - 1)
    writer.switch("AutoIncrement", 1)
    writer.switch("AutoSave", 0)
    writer.long_text("FullFileName_RBV")
    writer.choice("FileWriteMode", ("Single", "Capture", "Stream"))
    writer.whole("NumCapture", 1, high=2**31 - 1)
    writer.reading("NumCaptured_RBV")
    writer.add("busy", "Capture")
    writer.state("Capture_RBV", ("Done", "Capturing"))
    writer.switch("LazyOpen", 0)
    writer.switch("SWMRMode", 0, "Off", "On")
    writer.state("SWMRActive_RBV", ("Off", "Active"))
    writer.state("WriteStatus", ("Write OK", "Write error"))
    writer.long_text("WriteMessage")
    writer.whole("QueueSize", 20, low=1, high=10_000)
    writer.reading("QueueUse")
    writer.whole("DroppedArrays", 0, high=2**31 - 1)
    return writer.texts
