# The monochromator: energy in keV from the Bragg angle, and a gap that is computed from two blades.
HC = 12.398419843320028
D_SPACING = 3.1356


class Monochromator(PseudoPositioner):
    energy = Cpt(PseudoSingle, egu="keV", limits=(3, 25))
    bragg = Cpt(EpicsMotor, "BL:mono")

    @pseudo_position_argument
    def forward(self, pseudo):
        return self.RealPosition(bragg=np.degrees(np.arcsin(HC / (2 * D_SPACING * pseudo.energy))))

    @real_position_argument
    def inverse(self, real):
        return self.PseudoPosition(energy=HC / (2 * D_SPACING * np.sin(np.radians(real.bragg))))


class Blades(PseudoPositioner):
    gap = Cpt(PseudoSingle, egu="mm")
    centre = Cpt(PseudoSingle, egu="mm")
    low = Cpt(EpicsMotor, "samx")
    high = Cpt(EpicsMotor, "samy")

    @pseudo_position_argument
    def forward(self, pseudo):
        return self.RealPosition(low=pseudo.centre - pseudo.gap / 2, high=pseudo.centre + pseudo.gap / 2)

    @real_position_argument
    def inverse(self, real):
        return self.PseudoPosition(gap=real.high - real.low, centre=(real.high + real.low) / 2)


dcm = Monochromator(name="dcm")
blades = Blades("BL:", name="blades")
for device in (dcm, blades):
    device.wait_for_connection(timeout=30)
