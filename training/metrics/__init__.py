"""What figures are computed with: counts, intervals, calibration. Knows no model and reads no file."""
