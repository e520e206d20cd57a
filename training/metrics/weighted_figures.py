"""Figures as functions of weights, so that one definition gives the figure and its resampled values.

Each takes `weights` <float32>[b, examples], how often each example counts in each of b samples, and returns
<float64>[b]. Ones give the figure itself. Where clips are resampled beside the comments, a comment's answer
counts as often as both were drawn, and isn't sought anew (the pigeonhole bootstrap, Owen 2007).
"""

import numpy as np
from numpy.typing import NDArray

from training.metrics.counts import ratios

Weights = NDArray[np.float32]


def macro_f1(answered: NDArray[np.bool_], truth: NDArray[np.bool_], weights: Weights) -> NDArray[np.float64]:
    """Mean F1 of the classes, and over repeats: answered <bool>[repeats, n, c], truth <bool>[n, c]."""
    due = _sums(weights, truth)
    f1 = [ratios(2 * _sums(weights, each & truth), _sums(weights, each) + due) for each in answered]
    return np.nanmean(f1, axis=(0, 2))


def precisions(
    answers: NDArray[np.int64], truth: NDArray[np.bool_], weights: Weights
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Micro and macro precision of answers <int64>[n] against truth <bool>[n, c].

    Macro is the mean over the classes that were answered, as in `ClassCounts`.
    """
    answered = np.eye(truth.shape[1], dtype=bool)[answers]
    right, given = _sums(weights, answered & truth), _sums(weights, answered)
    return right.sum(axis=1) / given.sum(axis=1), np.nanmean(ratios(right, given), axis=1)


def pair_precisions(
    hits: NDArray[np.int64],
    group_of_clip: NDArray[np.int64],
    truth: NDArray[np.bool_],
    weights: Weights,
    clip_weights: Weights,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Micro and macro precision of each column of answers, averaged over the columns.

    Args:
        hits: <int64>[n, columns] clip that answers each comment: one column a library.
        group_of_clip: <int64>[clips] class of each clip.
        truth: <bool>[n, c] classes that are right for each comment.
        weights: of the comments.
        clip_weights: of the clips, <float32>[b, clips].
    """
    groups, (columns, classes) = group_of_clip[hits], (hits.shape[1], truth.shape[1])
    right = np.take_along_axis(truth, groups, axis=1)
    cells = (groups + classes * np.arange(columns)).ravel()

    def summed(pairs: NDArray[np.float32]) -> NDArray[np.float64]:
        sums = np.bincount(cells, pairs.ravel(), classes * columns).reshape(columns, classes)
        return sums.astype(np.float64, copy=False)  # as they are: numpy's types know of counts alone

    def tables(pairs: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return summed(pairs * right), summed(pairs)

    micro, macro = [], []
    for comment, clip in zip(weights, clip_weights, strict=True):
        hit, given = tables(comment[:, None] * clip[hits])
        answering = given.any(axis=1)  # a library of few clips may have none of its answers drawn
        hit, given = hit[answering], given[answering]
        micro.append(np.mean(hit.sum(axis=1) / given.sum(axis=1)))
        macro.append(np.mean(np.nanmean(ratios(hit, given), axis=1)))
    return np.array(micro), np.array(macro)


def precision_at_k(
    hits: NDArray[np.int64], right: NDArray[np.bool_], weights: Weights, clip_weights: Weights
) -> NDArray[np.float64]:
    """Share of right ones among the clips <int64>[n, k] answered to each comment; right is <bool>[n, k]."""
    values = []
    for comment, clip in zip(weights, clip_weights, strict=True):
        pairs = comment[:, None] * clip[hits]
        values.append((pairs * right).sum(dtype=np.float64) / pairs.sum(dtype=np.float64))
    return np.array(values)


def largest_shares(answers: NDArray[np.int64], weights: Weights) -> NDArray[np.float64]:
    """Share of the answer that is given most often, among answers <int64>[n]."""
    return np.array([np.bincount(answers, comment).max() / comment.sum() for comment in weights])


def coverages(hits: NDArray[np.int64], clips: int, weights: Weights) -> NDArray[np.float64]:
    """Share of so many clips that are among the hits <int64>[n, k] of any comment."""
    return np.array([np.unique(hits[comment > 0]).size / clips for comment in weights])


def _sums(weights: Weights, indicator: NDArray[np.bool_]) -> NDArray[np.float64]:
    """<float64>[b, c] weight of the examples that each column of <bool>[n, c] marks."""
    return (weights @ indicator.astype(np.float32)).astype(np.float64)
