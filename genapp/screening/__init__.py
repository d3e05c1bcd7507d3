"""Outliers: the pictures that don't belong, with p-values, reasons and neighbours."""

from genapp.screening.demonstration import SHOWN, Demonstration, demonstrate
from genapp.screening.detector import LEAST, Detector, load, save, to_bytes
from genapp.screening.likelihood import BACKGROUND, DEFAULT, SCORES, TUNED, UNTUNED, Score
from genapp.screening.pipeline import (
    BUILT_IN,
    LEAST_TO_TUNE,
    Outliers,
    Screened,
    fit_detector,
    open_detector,
    outliers,
)
from genapp.screening.report import (
    check_report,
    csv_text,
    heat_picture,
    histogram,
    write_report,
    zip_report,
)
from genapp.sources import ENDINGS, Failure

__all__ = [
    "BACKGROUND",
    "BUILT_IN",
    "DEFAULT",
    "ENDINGS",
    "LEAST",
    "LEAST_TO_TUNE",
    "SCORES",
    "SHOWN",
    "TUNED",
    "UNTUNED",
    "Demonstration",
    "Detector",
    "Failure",
    "Outliers",
    "Score",
    "Screened",
    "check_report",
    "csv_text",
    "demonstrate",
    "fit_detector",
    "heat_picture",
    "histogram",
    "load",
    "open_detector",
    "outliers",
    "save",
    "to_bytes",
    "write_report",
    "zip_report",
]
