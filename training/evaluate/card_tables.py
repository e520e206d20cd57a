"""The model card's tables, each from its part of `evaluation.json`."""

from collections.abc import Mapping
from typing import Any

from training.evaluate.tables import markdown_table, ratio

Part = Mapping[str, Any]

_LISTENER = {
    "listener_fit": "facet fits",
    "listener_jar": "jars",
    "listener_mostly_jarring": "mostly jar",
    "mood_fit": "mood fits",
    "mood_jar": "mood jars",
    "captions_fit_lift": "captions fit, x chance",
    "captions_jar": "captions jar",
    "scene_told": "scene told",
}
_LONG_TEXTS = {
    "emotion_kept": "emotion kept",
    "vad_moved": "VAD moved by",
    "stays_neutral": "all-neutral text stays neutral",
}


def class_table(figures: Part) -> str:
    """Classes that are answered independently of each other."""
    rows = [
        (name, *(ratio(each[key]) for key in ("precision", "recall", "f1")), f"{each['examples']:,}")
        for name, each in figures["classes"].items()
    ]
    mean = ("mean", "", "", ratio(figures["macro_f1"]), "")
    return markdown_table(("class", "precision", "recall", "F1", "examples"), [*rows, mean])


def answer_table(figures: Part) -> str:
    """Classes of which one is the answer."""
    rows = [
        (
            name,
            *(ratio(each[key]) for key in ("precision", "recall", "f1")),
            *(f"{each[key]:,}" for key in ("true_positives", "false_positives", "false_negatives")),
        )
        for name, each in figures["classes"].items()
    ]
    return markdown_table(("class", "precision", "recall", "F1", "TP", "FP", "FN"), rows)


def precision_at_k_table(tables: Part) -> str:
    """Precision of the first answers by each table of acceptable moods."""
    rows = [
        (f"{table}, {comments.replace('_', ' ')}", *(ratio(figures[k]) for k in ("1", "5", "10", "chance")))
        for table, parts in tables.items()
        for comments, figures in parts.items()
    ]
    return markdown_table(("table of moods, comments", "P@1", "P@5", "P@10", "chance"), rows)


def usage_table(libraries: Part) -> str:
    """How evenly answers fall on each library's clips."""
    rows = [
        (
            name,
            f"{usage['clips']:,}",
            *(f"{usage[key]:.4f}" for key in ("largest_share", "coverage_at_1", "coverage_at_10")),
            f"{usage['hubness']:.2f}",
        )
        for name, usage in libraries.items()
    ]
    header = ("library", "clips", "largest share", "ever first", "ever in a top 10", "hubness")
    return markdown_table(header, rows)


def long_text_table(long_texts: Part) -> str:
    """What becomes of one emotional comment among neutral ones, by pooling and number of neutral ones."""
    rows = [
        (f"{pooling.replace('_', ' ')}, {fillers} neutral", *(ratio(figures[key]) for key in _LONG_TEXTS))
        for pooling, by_fillers in long_texts.items()
        for fillers, figures in by_fillers.items()
    ]
    return markdown_table(("pooling", *_LONG_TEXTS.values()), rows)


def listener_table(listener: Part) -> str:
    """What a listener would say of the answers to each kind of scene, kind of text and register."""
    rows = [
        (name, str(figures["texts"]), *(ratio(figures[key]) for key in _LISTENER))
        for groups in listener["by"].values()
        for name, figures in groups.items()
    ]
    return markdown_table(("texts", "number", *_LISTENER.values()), rows)


def large_table(default: Mapping[str, str], large: Mapping[str, str]) -> str:
    """The default release and the larger one side by side, a row a figure."""
    rows = [(name, value, large[name]) for name, value in default.items()]
    return markdown_table(("", "default", "large"), rows)


def facet_table(facets: Part) -> str:
    """How well facets and traits are heard in clips that the model hadn't learned."""
    rows = [
        (
            name,
            f"{figures['judged_auc']:.2f}" if "judged_auc" in figures else "",
            *(f"{figures[key]:.2f}" for key in ("auc", "lift", "share", "calibration_error")),
        )
        for name, figures in facets.items()
    ]
    return markdown_table(
        ("facet", "AUC as judged", "AUC", "average precision / chance", "said of", "calibration error"), rows
    )
