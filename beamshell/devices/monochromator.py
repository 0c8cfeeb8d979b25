"""Monochromator: the photon energy that a crystal reflects, by the Bragg angle of its motor.

It knows Bragg's law.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from beamshell.devices.component import Component
from beamshell.devices.epics.motor import EpicsMotor
from beamshell.devices.part import Fact, Kind
from beamshell.devices.pseudo import PseudoPositioner
from beamshell.devices.pseudo_axis import PseudoSingle
from beamshell.errors import BadValue, LimitError

HC_KEV_ANGSTROM = 6.62607015e-34 * 299792458.0 / 1.602176634e-19 * 1e7
"""h c = 12.39842 keV Å: wavelength in Å times photon energy in keV. h, c and e are exact (SI, 2019)."""

SI_LATTICE_ANGSTROM = 5.431020511
"""The lattice parameter of silicon (CODATA 2018), in Å, in vacuum at 22.5 °C."""

SI111_SPACING_ANGSTROM = SI_LATTICE_ANGSTROM / math.sqrt(3)
"""d = a / sqrt(h² + k² + l²) of a cubic lattice, for (111): 3.1356 Å."""

_RADIANS = {"deg": math.pi / 180, "degree": math.pi / 180, "degrees": math.pi / 180, "rad": 1.0, "mrad": 1e-3}

_SIMULATED_BRAGG = {"units": "deg", "value": 12.0, "limits": [2.0, 80.0]}


def energy_kev(bragg_rad: float, spacing_angstrom: float) -> float:
    """The photon energy that is reflected in first order; NaN at angles where none is.

    Bragg's law (W. L. Bragg, Proc. Camb. Phil. Soc. 17, 43, 1913): λ = 2 d sin θ, with λ = h c / E.
    """
    sine = math.sin(bragg_rad)
    return HC_KEV_ANGSTROM / (2 * spacing_angstrom * sine) if sine > 0 else math.nan


def bragg_rad(energy: float, spacing_angstrom: float) -> float:
    """The Bragg angle at which a photon energy, in keV, is reflected in first order; NaN if there is none."""
    sine = HC_KEV_ANGSTROM / (2 * spacing_angstrom * energy) if energy > 0 else math.inf
    return math.asin(sine) if sine <= 1 else math.nan


class Monochromator(PseudoPositioner):
    """A crystal on a motor, moved by the photon energy in keV.

    Args:
        prefix: the motor record of the Bragg angle, in deg, rad or mrad.
        name: its name; recorded are `<name>_energy` in keV, and the motor as `<name>_bragg`.
        spacing: distance of the lattice planes in Å; by default that of Si(111).
        kwargs: those of PseudoPositioner: motors, ...

    Example:
        >>> mono = Monochromator("BL:mono", name="mono")
        >>> mono.energy.set(8.048).wait()  # keV: Cu K-alpha
        >>> round(mono.wavelength, 4)
        1.5406
    """

    energy = Component(PseudoSingle, units="keV", precision=5, kind=Kind.hinted)
    bragg = Component(EpicsMotor, "")

    def __init__(
        self, prefix: str = "", *, name: str = "", spacing: float = SI111_SPACING_ANGSTROM, **kwargs: Any
    ) -> None:
        if not spacing > 0:
            raise BadValue(f"{name}: a lattice spacing of {spacing:g} Å makes no sense; Si(111) has 3.1356 Å")
        self.spacing = float(spacing)
        super().__init__(prefix, name=name, **kwargs)

    @property
    def wavelength(self) -> float:
        """The wavelength reflected now, in Å."""
        return HC_KEV_ANGSTROM / float(self.energy.position)

    def forward(self, pseudo: Any) -> Any:
        """The Bragg angle for an energy, in the unit of the motor.

        Raises:
            LimitError: this crystal reflects no such energy at any angle.
        """
        angle = bragg_rad(pseudo.energy, self.spacing)
        if math.isnan(angle):
            lowest = HC_KEV_ANGSTROM / (2 * self.spacing)
            raise LimitError(
                f"{self.energy.name}: {pseudo.energy:.7g} keV is below {lowest:.4g} keV, the lowest that planes "
                f"{self.spacing:.5g} Å apart reflect"
            )
        return self.RealPosition(bragg=angle / self._radians())

    def inverse(self, real: Any) -> Any:
        """The energy at a Bragg angle."""
        return self.PseudoPosition(energy=energy_kev(real.bragg * self._radians(), self.spacing))

    def limits_of(self, axis: str) -> tuple[float, float]:  # noqa: ARG002 - there is one
        """The energies at the limits of the motor; infinite where the angle may come down to 0."""
        low, high = self.bragg.limits
        if low == high:
            return (0.0, 0.0)
        steepest, flattest = min(high * self._radians(), math.pi / 2), low * self._radians()
        if steepest <= 0:
            raise LimitError(
                f"{self.bragg.name}: its limits [{low:g}, {high:g}] {self.bragg.units} allow no Bragg angle"
            )
        return (
            energy_kev(steepest, self.spacing),
            energy_kev(flattest, self.spacing) if flattest > 0 else math.inf,
        )

    def simulation(self, settings: Mapping[str, Any]) -> Iterator[Fact]:
        """The motor of the Bragg angle, where a crystal reflects X-rays."""
        if not self.aliases:  # else it is a device of its own, which says itself how it is simulated
            yield from self.bragg.simulation({**_SIMULATED_BRAGG, **settings})
        yield from super().simulation(settings)

    def _radians(self) -> float:
        """One unit of the motor in radians."""
        unit = self.bragg.units.strip().lower()
        if unit not in _RADIANS:
            raise BadValue(f"{self.bragg.name}: its unit {unit!r} is no angle; set its EGU to deg, rad or mrad")
        return _RADIANS[unit]
