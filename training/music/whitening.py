"""Whitened principal components, scaled to unit length: directions along which texts or clips vary evenly."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA

from ambiance.placement.encoded_clips import TIMBRE_COMPONENTS
from training.data.errors import DataError

SPREAD_COMPONENTS = TIMBRE_COMPONENTS  # of texts as of clips: the two compare

_VARIANCE_FLOOR = 1e-6  # of the largest: a component that hardly varies is not blown up to noise


@dataclass(frozen=True)
class UnitProjection:
    """A linear map onto the surface of a sphere."""

    mean: NDArray[np.float32]  # [features]
    axes: NDArray[np.float32]  # [features, components]

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """<float32>[n, components] of unit length; a row <float32>[features] at the mean itself stays 0."""
        projected = (rows - self.mean) @ self.axes
        lengths = np.linalg.norm(projected, axis=1, keepdims=True)
        unit: NDArray[np.float32] = projected / np.maximum(lengths, np.float32(1e-6))
        return unit


def fit_projection(rows: NDArray[np.float32], name: str) -> UnitProjection:
    """Find the six directions in which `rows` <float32>[n, features] vary most, each scaled to variance 1.

    Raises:
        DataError: naming the rows, if they are too few or of too few features.
    """
    if min(rows.shape) < SPREAD_COMPONENTS:
        needed = f"at least {SPREAD_COMPONENTS} rows and features"
        raise DataError(f"{name}: {needed} for {SPREAD_COMPONENTS} components, got {rows.shape}")
    pca = PCA(SPREAD_COMPONENTS, svd_solver="covariance_eigh").fit(rows)
    variance = np.maximum(pca.explained_variance_, _VARIANCE_FLOOR * pca.explained_variance_[0])
    axes = pca.components_.T / np.sqrt(variance)
    return UnitProjection(pca.mean_.astype(np.float32), axes.astype(np.float32))
