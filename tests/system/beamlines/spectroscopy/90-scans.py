# Scans as the users know them.
import bluesky.preprocessors as bpp


def with_shutter(plan):
    def opened():
        yield from photon_shutter.open_plan()
        return (yield from plan)

    return (yield from bpp.finalize_wrapper(opened(), photon_shutter.close_plan()))


def xanes(edge, *, points=5):
    energies = edge + np.linspace(-0.02, 0.05, points)
    yield from with_shutter(list_scan([point_detector], dcm.energy, list(energies), md={"edge": edge}))


def align():
    yield from mv(blades.gap, 1, blades.centre, 0)
    yield from rel_scan([point_detector], blades.gap, -0.5, 0.5, blades.centre, 0, 0.2, 3)
