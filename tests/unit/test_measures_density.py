"""Kernel density integrates to one, or to the number of events."""

import numpy as np
import pytest

from svd_lib.errors import SnaError
from svd_lib.measures.density import density_frame, kernel_density

GRID = np.arange(-10, 20, 0.25)


@pytest.mark.parametrize(("is_intensity", "mass"), [(False, 1), (True, 5)])
def test_the_surface_holds_its_mass(is_intensity, mass):
    surface = kernel_density([[1, 2], [3, 4]], GRID, GRID, 1.5, weights=[2, 3], is_intensity=is_intensity)
    assert surface.sum() * 0.25**2 == pytest.approx(mass, rel=1e-6)
    assert len(density_frame(surface, GRID, GRID)) == surface.size


def test_a_bandwidth_of_nothing_is_refused():
    with pytest.raises(SnaError, match="bandwidth"):
        kernel_density([[1, 2]], GRID, GRID, 0)
